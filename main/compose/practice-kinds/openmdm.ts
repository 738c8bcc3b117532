import { randomBytes, randomUUID } from 'node:crypto';
import { ImprintError } from '../../domain/errors';
import type { JsonObject } from '../../domain/profile';
import { openMdmServer } from '../../servers/openmdm/adapter';
import { bootSharedSecretDevice, bootSigningDevice } from '../../servers/openmdm/practice-device';
import { startPracticeOpenMdm } from '../../servers/openmdm/practice-server';
import type { PracticeBoard, PracticeKind, PracticeStart, RunningPractice } from './practice-kind';

const common = {
  folder: 'server-openmdm',
  identity: [
    { name: 'serialNumber', normalise: ['trim', 'upper-case'], scan: true },
    { name: 'model', normalise: [], scan: false, constant: 'Practice board' },
    { name: 'manufacturer', normalise: [], scan: false, constant: 'Imprint' },
    { name: 'osVersion', normalise: [], scan: false, constant: '1' },
  ],
  keyType: openMdmServer.usualKeyType,
  files: openMdmServer.usualFiles,
  newIdentity: () => ({ serialNumber: `PRACTICE-${randomBytes(4).toString('hex').toUpperCase()}` }),
} as const satisfies Partial<PracticeKind>;

/** Devices with a key of their own; a service that checks signed requests proves that key before it is destroyed. */
export const openMdmPractice: PracticeKind = {
  ...common,
  name: 'openmdm',
  profileName: 'Practice bench, OpenMDM',
  start: (options) => start(options, { deviceRequests: '/device-request' }, bootByKey),
};

/** A fleet with a shared secret, for those that still need it. */
export const openMdmSecretPractice: PracticeKind = {
  ...common,
  name: 'openmdm-hmac',
  profileName: 'Practice bench, OpenMDM (legacy)',
  start: (options) => start(options, { enrolment: 'hmac', deviceSecret: { from: 'keyring', name: 'practice-secret' }, heartbeat: true }, bootBySecret),
};

type Boot = (board: PracticeBoard, deviceId: string, secret: string, signal: AbortSignal) => Promise<string>;

async function start(options: PracticeStart, settings: JsonObject, boot: Boot): Promise<RunningPractice> {
  const server = await startPracticeOpenMdm({ ...options, clock: { now: () => new Date() }, randomness: { uuid: randomUUID }, tls: true, settings: { policy: { id: 'practice', name: 'Practice policy' } } });
  return {
    port: server.port,
    settings: { kind: 'openmdm', url: server.url, certificateAuthority: server.certificateAuthorityPem, options: { ...settings, adminToken: { from: 'keyring', name: 'practice-admin' } } },
    secrets: { 'practice-admin': server.adminToken, 'practice-secret': server.deviceSecret },
    access: [
      ['adminToken', 'Admin token', server.adminToken],
      ['deviceSecret', 'Shared secret', server.deviceSecret],
    ],
    powerOn: async (board, signal) => boot(board, await deviceIdOnCard(board), server.deviceSecret, signal),
    close: () => server.close(),
  };
}

async function deviceIdOnCard({ custody, profile, targetPath }: PracticeBoard): Promise<string> {
  const file = profile.files.find(({ content }) => content === 'device-id');
  if (file === undefined) throw new ImprintError('device-not-accepted', 'The card has no device id.');
  const [bytes] = await custody.readCardFiles(targetPath, [file]);
  return Buffer.from(bytes ?? []).toString('utf8');
}

/** SECURITY: the token on the card is a secret that custody does not give away, so the board signs instead of reporting. */
const bootByKey: Boot = async ({ custody, profile, targetPath, identity }, deviceId, _secret, signal) => {
  const sign = async (payload: Uint8Array): Promise<Uint8Array> => (await custody.signWithCardKey(targetPath, profile.files, payload)).signature;
  await bootSigningDevice({ url: profile.server.url, certificateAuthority: profile.server.certificateAuthority, identity, deviceId }, sign, signal);
  return `The simulated device signed a request with the key from this card, and the practice server verified it against the pinned key (device ${deviceId}).`;
};

const bootBySecret: Boot = async ({ profile, identity }, deviceId, secret, signal) => {
  await bootSharedSecretDevice({ url: profile.server.url, certificateAuthority: profile.server.certificateAuthority, identity, deviceId }, secret, signal);
  return `LEGACY: the simulated device enrolled by the secret of the fleet and reported (device ${deviceId}); the key on this card had no part in it.`;
};
