/** The practice server of a soak, over TLS, with faults by chance. */
import { startPracticeServer } from '../../main/servers/mender/practice-server';
import { runChild, systemClock, systemRandomness, tell } from './child';
import type { FromServer, ToServer } from './messages';
import { RandomFaults } from './random-faults';

const say = (message: FromServer): void => tell(message);

runChild(async ({ folder, seed }) => {
  const faults = new RandomFaults(seed);
  let conflicts = 0;
  const server = await startPracticeServer({
    port: 0,
    folder,
    clock: systemClock,
    randomness: systemRandomness,
    tls: true,
    faults,
    onRequest: (_method, _path, status) => {
      if (status === 409) conflicts += 1;
    },
  });
  say({ kind: 'ready', server: { url: server.url, certificateAuthority: server.certificateAuthorityPem ?? '', username: server.username, password: server.password } });
  return (message: ToServer) => {
    if (message.kind === 'stop-faults') faults.stop();
    else say({ kind: 'counts', requests: faults.requests, faults: faults.counts, conflicts });
  };
});
