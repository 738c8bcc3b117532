import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeIdentity, readIdentity } from '../../domain/identity';
import { slotPlace } from '../../domain/profile';
import { startPracticeServer } from '../../servers/mender/practice-server';
import { makeFolder, openPracticeBench } from '../practice';
import { identityPairs, required, text, usage, type Command } from './arguments';
import { atWork, batchOf, recoverFirst, warnings } from './context';
import { report, runJob } from './provision';

/** `practice [--identity mac=…]`: the whole life of one device on the practice bench, from scan to accepted. */
export const practiceCommand: Command = async (context) => {
  const { output, signal } = context;
  const bench = await openPracticeBench(context.dataFolder, atWork(context));
  try {
    const { loaded, open } = bench;
    output.emit({ event: 'notice', sentence: `PRACTICE: nothing here touches a real server or a real card. The practice server listens on ${bench.server.url}.` });
    await warnings(context, open, bench.loaded.profile);
    await recoverFirst(context, open, loaded.profile);
    const identity = readIdentity(loaded.profile.identity, identityPairs(context) ?? { mac: randomMac() });
    const slot = loaded.profile.targets.slots[0];
    if (slot === undefined) throw usage('The practice bench has no slot.');
    output.emit({ event: 'notice', sentence: `Scanned ${describeIdentity(identity)}; the practice card is ${slotPlace(slot)}.` });
    const outcome = await runJob(context, open, { loaded, identity, slot: slot.name, targetPath: slotPlace(slot), naming: 'listed', batch: batchOf(context) });
    report(context, outcome);
    await bench.powerOn(slot, identity, signal);
    await open.station.record.markAccepted(outcome.deviceId, new Date().toISOString());
    const sentence = `Accepted: the simulated device signed in with the key from the card, and the practice server accepted ${describeIdentity(identity)}.`;
    output.emit({ event: 'result', state: 'accepted', identity, sentence });
    output.print(sentence);
    return 0;
  } finally {
    await bench.close();
  }
};

/** Locally administered, unicast (IEEE 802, 8.2): never the address of a real board. */
function randomMac(): string {
  return ['02', ...[...randomBytes(5)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/** `practice-server --port N [--data DIR]`: the practice server alone, until it is interrupted. Without --data its state ends with it. */
export const practiceServerCommand: Command = async (context) => {
  const port = Number(required(context, 'port'));
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw usage('--port is not a port number.', '0 to 65535; 0 for any free port');
  const { output, signal } = context;
  const server = await startPracticeServer({
    port,
    folder: text(context, 'data') === undefined ? undefined : makeFolder(join(context.dataFolder, 'practice-server')),
    clock: { now: () => new Date() },
    randomness: { uuid: randomUUID },
    tls: true,
    onRequest: (method, path, status) => {
      output.emit({ event: 'notice', sentence: `${method} ${path} ${String(status)}` });
    },
  });
  const caFile = text(context, 'ca-file');
  if (caFile !== undefined) writeFileSync(caFile, server.certificateAuthorityPem ?? '');
  output.emit({ event: 'result', url: server.url, username: server.username, password: server.password, certificateAuthority: server.certificateAuthorityPem });
  output.print(`Practice server  ${server.url}`);
  output.print(`User             ${server.username}`);
  output.print(`Password         ${server.password}`);
  output.print(server.certificateAuthorityPem ?? '');
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
  await server.close();
  return 0;
};
