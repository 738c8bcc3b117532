import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { KeyType, PublicKey } from '../../main/domain/keys';
import type { DeviceKey, DeviceTls, Secrets } from '../../main/domain/ports';
import type { JsonObject, ServerSettings } from '../../main/domain/profile';
import { createIotBridge, type IotBridgeOptions } from '../../main/servers/iot-bridge/adapter';
import { readBridgeOptions } from '../../main/servers/iot-bridge/options';
import type { PracticeBridge, PracticeBridgeOptions } from '../../main/servers/iot-bridge/practice-server';
import { startPracticeBridge } from '../../main/servers/iot-bridge/practice-server';
import { contextFor, openDeviceChannel } from '../../main/workers/custody/device-tls';
import { secretsOf, systemClock, systemRandomness } from './mender-fixture';

export const quickBridgeOptions: IotBridgeOptions = {
  patience: { delays: [1, 5, 20], longestWaitSeconds: 2, waits: 2 },
  settle: 1,
  showing: 200,
  timeouts: { connect: 5000, headers: 5000, body: 5000 },
  proxyEnvironment: {},
};
export const quickBridge = createIotBridge(quickBridgeOptions);

export const newBridgeIdentity = (): { readonly id: string } => ({ id: `device-${randomUUID().slice(0, 13)}` });

export interface BoardKey extends DeviceKey {
  readonly privateKey: KeyObject;
  readonly agreement: KeyObject;
  readonly tls: DeviceTls;
}

/** A key as custody would hold it, with the TLS of the custody process. */
export function newBoardKey(type: KeyType = 'ec-p256'): BoardKey {
  const pair =
    type === 'ed25519' ? generateKeyPairSync('ed25519') : type.startsWith('ec') ? generateKeyPairSync('ec', { namedCurve: type === 'ec-p256' ? 'P-256' : 'P-384' }) : generateKeyPairSync('rsa', { modulusLength: Number(type.slice(4)) });
  const spki = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }));
  const publicKey: PublicKey = { type, spki, fingerprint: createHash('sha256').update(spki).digest('hex') };
  const agreement = generateKeyPairSync('x25519');
  const algorithm = type === 'ed25519' ? null : type === 'ec-p384' ? 'sha384' : 'sha256';
  const pem = Buffer.from(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return {
    publicKey,
    privateKey: pair.privateKey,
    agreement: agreement.privateKey,
    sign: (payload) => Promise.resolve(new Uint8Array(sign(algorithm, payload, pair.privateKey))),
    agreementKey: () => Promise.resolve(new Uint8Array(agreement.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32))),
    tls: { open: async (endpoint, signal) => openDeviceChannel(contextFor(pem, endpoint), endpoint, signal) },
  };
}

export interface BridgeUnderTest {
  readonly settings: ServerSettings;
  readonly secrets: Secrets;
  readonly servers: PracticeBridge;
  /** Requests so far: `service METHOD path status`. */
  readonly requests: string[];
  /** The same tenant by another profile. */
  settingsWith(change: Readonly<Record<string, unknown>>): ServerSettings;
  close(): Promise<void>;
}

export async function practiceBridgeUnderTest(options: Partial<PracticeBridgeOptions> = {}): Promise<BridgeUnderTest> {
  const requests: string[] = [];
  const servers = await startPracticeBridge({ clock: systemClock, randomness: systemRandomness, onRequest: (service, method, path, status) => requests.push(`${service} ${method} ${path} ${String(status)}`), ...options });
  const files: Record<string, string> = { 'root.pem': servers.rootPem, 'between.pem': servers.intermediatePem, 'web.pem': servers.certificateAuthorityPem };
  const given = {
    trust: { rootFile: 'root.pem', intermediatesFile: 'between.pem' },
    hawkBit: { url: servers.hawkBitUrl, username: servers.hawkBitUser.username, password: { environment: 'HAWKBIT' }, caFile: 'web.pem' },
    thingsBoard: { url: servers.thingsBoardUrl, username: servers.thingsBoardUser.username, password: { environment: 'THINGSBOARD' }, caFile: 'web.pem' },
    stepCa: { url: servers.stepCaUrl, provisioner: { name: servers.provisioner.name, key: { environment: 'PROVISIONER' } } },
  };
  const settingsWith = (change: Readonly<Record<string, unknown>>): ServerSettings => ({
    kind: 'iot-bridge',
    url: servers.bridgeUrl,
    certificateAuthority: servers.certificateAuthorityPem,
    options: readBridgeOptions({ ...given, ...change }, { readFile: (path) => files[path] ?? '' }),
  });
  return {
    settings: settingsWith({}),
    settingsWith,
    secrets: secretsOf({ HAWKBIT: servers.hawkBitUser.password, THINGSBOARD: servers.thingsBoardUser.password, PROVISIONER: JSON.stringify({ ...servers.provisioner.privateJwk, kid: servers.provisioner.keyId }) }),
    servers,
    requests,
    close: () => servers.close(),
  };
}

export const realBridgeUrl = process.env['IMPRINT_BRIDGE_URL'];

/** A real tenant, by environment variables; only what they name is tried there. */
export function realBridgeSettings(): ServerSettings {
  const text = (name: string): string | undefined => (process.env[name] === undefined ? undefined : readFileSync(process.env[name], 'utf8'));
  const root = text('IMPRINT_BRIDGE_ROOT');
  if (root === undefined) throw new Error('IMPRINT_BRIDGE_ROOT must name the PEM file of the Provider Root.');
  const files: Record<string, string> = { root, between: text('IMPRINT_BRIDGE_INTERMEDIATES') ?? '' };
  const options: JsonObject = readBridgeOptions({ trust: { rootFile: 'root', ...(files['between'] === '' ? {} : { intermediatesFile: 'between' }) } }, { readFile: (path) => files[path] ?? '' });
  return { kind: 'iot-bridge', url: realBridgeUrl ?? '', certificateAuthority: text('IMPRINT_BRIDGE_CA'), options };
}
