import { readScanPattern } from '../../main/compose/scan-patterns';
import { loadedProfile, readKeptProfile } from '../../main/compose/load-profile';
import { systemProcesses } from '../../main/compose/processes';
import { ImprintError } from '../../main/domain/errors';
import type { Custody } from '../../main/domain/ports';
import type { Profile } from '../../main/domain/profile';
import { createMenderServer } from '../../main/servers/mender/adapter';
import type { LoadedProfile, Station } from '../../main/station/station';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { systemClock, systemRandomness } from './child';
import type { Setup } from './messages';

/** The usual adapter, but for time-outs that a soak can sit out by the hundred. */
const timeouts = { connect: 5000, headers: 4000, body: 4000 };

/** A station as the application puts it together, in one process and without cards. */
export function soakStation({ server, record }: Setup, custody: Custody, operator: string): { readonly station: Station; readonly loaded: LoadedProfile } {
  if (server === undefined || record === undefined) throw new Error('A station needs a server and a record.');
  const profile: Profile = {
    name: 'soak',
    practice: false,
    server: { kind: 'mender', url: server.url, certificateAuthority: server.certificateAuthority, credentials: { type: 'password', username: server.username, password: { from: 'environment', name: 'SOAK' } } },
    identity: [{ name: 'mac', normalise: ['trim', 'mac'], scan: true }],
    keyType: 'ec-p256',
    image: { path: '/soak.img', sha256: 'a'.repeat(64) },
    files: [{ content: 'private-key', partition: { number: 4 }, path: '/mender/mender-agent.pem', mode: 0o600, uid: 0, gid: 0, createFolders: false }],
    targets: { slots: [] },
    outboxLimit: 200,
  };
  const store = SqliteRecordStore.open(record);
  const station: Station = {
    record: store,
    log: store.log,
    assertLogSound: () => undefined,
    custody,
    servers: [createMenderServer({ timeouts })],
    secrets: {
      resolve: () => Promise.resolve(server.password),
      forget: () => undefined,
      oneTimeCode: () => Promise.reject(new ImprintError('credential-missing', 'Nobody can be asked in a soak.')),
    },
    clock: systemClock,
    randomness: systemRandomness,
    processes: systemProcesses(),
    faults: { reached: () => undefined },
    operator,
    role: 'lab',
    readKeptProfile,
    readPublicKey: () => undefined,
    readScanPattern,
  };
  return { station, loaded: loadedProfile(profile) };
}
