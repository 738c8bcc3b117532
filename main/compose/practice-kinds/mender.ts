import { randomBytes, randomUUID } from 'node:crypto';
import { describeIdentity } from '../../domain/identity';
import { menderServer } from '../../servers/mender/adapter';
import { bootPracticeDevice } from '../../servers/mender/practice-device';
import { startPracticeServer } from '../../servers/mender/practice-server';
import type { PracticeBoard, PracticeKind, PracticeStart, RunningPractice } from './practice-kind';

export const menderPractice: PracticeKind = {
  name: 'mender',
  profileName: 'Practice bench',
  folder: 'server',
  identity: [{ name: 'mac', normalise: ['trim', 'mac'], scan: true }],
  keyType: 'rsa-3072',
  files: menderServer.usualFiles,
  // Locally administered, unicast (IEEE 802, 8.2): never the address of a real board.
  newIdentity: () => ({ mac: ['02', ...[...randomBytes(5)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':') }),
  start,
};

async function start(options: PracticeStart): Promise<RunningPractice> {
  const server = await startPracticeServer({ ...options, clock: { now: () => new Date() }, randomness: { uuid: randomUUID }, tls: true });
  return {
    port: server.port,
    settings: {
      kind: 'mender',
      url: server.url,
      certificateAuthority: server.certificateAuthorityPem,
      credentials: { type: 'password', username: server.username, password: { from: 'environment', name: 'practice' } },
    },
    secrets: { practice: server.password },
    access: [
      ['username', 'User', server.username],
      ['password', 'Password', server.password],
    ],
    powerOn,
    close: () => server.close(),
  };
}

async function powerOn({ custody, profile, targetPath, identity }: PracticeBoard, signal: AbortSignal): Promise<string> {
  const { publicKey } = await custody.readCardKey(targetPath, profile.files);
  const { url, certificateAuthority } = profile.server;
  const sign = async (payload: Uint8Array): Promise<Uint8Array> => (await custody.signWithCardKey(targetPath, profile.files, payload)).signature;
  await bootPracticeDevice({ url, certificateAuthority, identity, publicKey, sign }, signal);
  return `The simulated device signed in with the key from this card, and the practice server accepted ${describeIdentity(identity)}.`;
}
