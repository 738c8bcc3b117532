import { asImprintError, ImprintError } from '../../domain/errors';
import type { Finding, WatchedDevice } from '../../domain/acceptance';
import type { Identity } from '../../domain/identity';
import type { Clock, ConfirmRequest, DeliveredContent, EnrolReceipt, EnrolRequest, Removal, Renewal, RenewRequest, Secrets, ServerAdministration, ServerConnection, ServerDevice, ServerKind } from '../../domain/ports';
import type { CardFile, ServerSettings } from '../../domain/profile';
import { privateKeyContent } from '../../domain/profile';
import type { AdapterOptions } from '../http/adapter-options';
import { surroundingsOf } from '../http/adapter-options';
import { pause } from '../http/patience';
import { checkChain } from './chain';
import { deviceIdOf, idAttributeOf } from './device-id';
import type { TenantSurroundings } from './endpoint';
import { Endpoint } from './endpoint';
import type { KnownApis } from './enrolment';
import { certificateContents, enrolDevice } from './enrolment';
import { Fleet } from './fleet';
import { HawkBit } from './hawkbit';
import { publishOnce } from './mqtt-check';
import type { BridgeOptions } from './options';
import { bridgeOptionsOf, readBridgeOptions } from './options';
import { StepCa } from './step-ca';
import { ThingsBoard } from './thingsboard';

export interface IotBridgeOptions extends AdapterOptions {
  /** Milliseconds in which ThingsBoard must show a device whose message its broker took. */
  readonly showing?: number | undefined;
}

/** Certificates, their chain and the tunnel's file: well below the 12 KiB that a card's own file may have. */
const mostBytes = 10 * 1024;

const file = (content: string, path: string, mode: number): CardFile => ({ content, partition: { number: 4 }, path, mode, uid: 0, gid: 0, createFolders: true });

/** Tenant IoT Bridge: certificate by the tenant's step-ca, WireGuard, and the services that a device meets afterwards. */
export function createIotBridge(given: IotBridgeOptions = {}): ServerKind {
  const known: KnownApis = new Map();
  return {
    kind: 'iot-bridge',
    // Certificate and tunnel come with the reply.
    enrolment: 'before-write',
    credentials: 'none',
    expectedWord: 'Enrolled',
    deliverables: [
      { content: 'certificate', required: true, secret: false, mostBytes },
      { content: 'ca-chain', required: true, secret: false, mostBytes },
      { content: 'wireguard-config', required: false, secret: true, mostBytes },
      { content: 'enrolled-marker', required: false, secret: false, mostBytes },
    ],
    usualFiles: [
      file(privateKeyContent, '/certs/device.key', 0o600),
      file('certificate', '/certs/device.crt', 0o644),
      file('ca-chain', '/certs/ca-chain.crt', 0o644),
      file('wireguard-config', '/certs/wg0.conf', 0o600),
      file('enrolled-marker', '/certs/enrolled', 0o644),
    ],
    usualKeyType: 'ec-p256',
    // What the tenant's CA signs; the device reads its key with OpenSSL.
    readableKeyTypes: () => ['ec-p256', 'ec-p384', 'ed25519', 'rsa-2048', 'rsa-3072', 'rsa-4096'],
    readOptions: readBridgeOptions,
    checkProfile({ server, identity }) {
      const options = bridgeOptionsOf(server);
      if (idAttributeOf(identity, options.deviceId) === undefined) {
        throw new ImprintError('profile-invalid', 'The profile has a mistake at server.options.deviceId: expected the attribute of the identity that is the device\'s id at the bridge.', { field: 'server.options.deviceId', expected: `one of ${identity.map((attribute) => attribute.name).join(', ')}` });
      }
      if (options.trust.root === undefined && (options.stepCa !== undefined || options.mqtt?.required === true) && options.mqtt?.certificateAuthority === undefined) {
        throw new ImprintError('profile-invalid', 'The profile has a mistake at server.options.trust.rootFile: the CA and the broker are only trusted by the root itself, not by its fingerprint.', { field: 'server.options.trust.rootFile', expected: 'the PEM file of the root' });
      }
    },
    checkIdentity(identity, settings) {
      deviceIdOf(identity, bridgeOptionsOf(settings).deviceId);
    },
    connect(settings: ServerSettings, secrets: Secrets): ServerConnection {
      return new BridgeConnection(settings, secrets, { ...surroundingsOf(given), proxy: settings.proxy }, known, given.showing ?? 3000);
    },
  };
}

export const iotBridge: ServerKind = createIotBridge();

class BridgeConnection implements ServerConnection {
  readonly #url: string;
  readonly #options: BridgeOptions;
  readonly #bridge: Endpoint;
  readonly #hawkBit: HawkBit | undefined;
  readonly #thingsBoard: ThingsBoard | undefined;
  readonly #stepCa: StepCa | undefined;
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  readonly #known: KnownApis;
  readonly #settle: number;
  readonly #showing: number;
  readonly administration: ServerAdministration;

  constructor(settings: ServerSettings, secrets: Secrets, surroundings: TenantSurroundings, known: KnownApis, showing: number) {
    const options = bridgeOptionsOf(settings);
    this.#url = settings.url;
    this.#options = options;
    this.#bridge = new Endpoint(settings.url, settings.certificateAuthority, { product: 'an IoT Bridge', urlField: 'server.url', authorityField: 'server.caFile' }, surroundings);
    this.#hawkBit = options.hawkBit === undefined ? undefined : new HawkBit(options.hawkBit, secrets, surroundings);
    this.#thingsBoard = options.thingsBoard === undefined ? undefined : new ThingsBoard(options.thingsBoard, secrets, surroundings);
    this.#stepCa = options.stepCa === undefined || options.trust.root === undefined ? undefined : new StepCa(options.stepCa, options.trust.root, secrets, surroundings);
    this.#fleet = new Fleet(this.#hawkBit, this.#thingsBoard, options, surroundings.clock);
    this.#clock = surroundings.clock;
    this.#known = known;
    this.#settle = surroundings.settle;
    this.#showing = showing;
    this.administration = { decommission: (deviceId, signal, removal) => inClosedCodes(() => this.#decommission(deviceId, removal, signal)) };
  }

  /** The bridge asks for no sign-in; that it is there, and trusted, is what can be known before. */
  signIn(signal: AbortSignal): Promise<void> {
    return inClosedCodes(async () => {
      await this.#bridge.ask({ method: 'GET', path: '/' }, undefined, true, signal);
    });
  }

  findDevice(identity: Identity, signal: AbortSignal): Promise<ServerDevice | undefined> {
    return inClosedCodes(() => this.#fleet.device(this.#idOf(identity), identity, signal));
  }

  async *devices({ ids = [], statuses }: { readonly ids?: readonly string[] | undefined; readonly statuses?: readonly string[] | undefined }, signal: AbortSignal): AsyncGenerator<readonly ServerDevice[]> {
    // Nobody waits at this server for a person's word: a device that it does not know cannot even connect.
    if (statuses !== undefined) return;
    for (const id of new Set(ids)) {
      const device = await this.device(id, signal);
      if (device !== undefined) yield [device];
    }
  }

  device(deviceId: string, signal: AbortSignal): Promise<ServerDevice | undefined> {
    return inClosedCodes(() => this.#fleet.device(deviceId, { [this.#options.deviceId ?? 'id']: deviceId }, signal));
  }

  /** The tenant's services have no limit that they would tell. */
  capacity(): Promise<{ readonly accepted: number }> {
    return Promise.resolve({ accepted: 0 });
  }

  judge(devices: readonly WatchedDevice[], signal: AbortSignal): Promise<readonly Finding[]> {
    return inClosedCodes(() => this.#fleet.judge(devices, signal));
  }

  enrol({ identity, key }: EnrolRequest, signal: AbortSignal): Promise<EnrolReceipt> {
    return inClosedCodes(() => {
      if (key === undefined) throw new ImprintError('unexpected', 'An IoT Bridge wants a proof of the key, and none can be made.');
      const parts = { endpoint: this.#bridge, url: this.#url, options: this.#options, known: this.#known, now: () => this.#clock.now(), settle: this.#settle };
      return enrolDevice(parts, this.#idOf(identity), key, signal);
    });
  }

  /** hawkBit has the target, the broker takes a message of the device, ThingsBoard shows it: as far as the profile names them. */
  confirm({ serverDeviceId, contents, tls }: ConfirmRequest, signal: AbortSignal): Promise<string> {
    return inClosedCodes(async () => {
      const done: string[] = [];
      if (this.#hawkBit !== undefined) {
        if ((await this.#hawkBit.target(serverDeviceId, signal)) === undefined) throw new ImprintError('server-reply-invalid', `hawkBit has no target ${serverDeviceId}, although the bridge enrolled it: the device would get no updates.`, { field: 'server.options.hawkBit' });
        done.push('hawkBit has its target');
      }
      const { mqtt } = this.#options;
      if (mqtt !== undefined) {
        try {
          await this.#publish(mqtt, serverDeviceId, contents, tls, signal);
          done.push(`the broker ${mqtt.host} took a message of it`);
          if (this.#thingsBoard !== undefined) done.push((await this.#isShown(this.#thingsBoard, serverDeviceId, signal)) ? 'ThingsBoard shows it' : 'ThingsBoard does not show it yet');
        } catch (thrown) {
          const error = asImprintError(thrown);
          if (mqtt.required || error.code === 'cancelled') throw error;
          done.push(`the broker was NOT convinced (${error.message})`);
        }
      }
      return done.length === 0 ? 'The profile names nothing that could be tried.' : `Tried with the device's own key: ${done.join(', ')}.`;
    });
  }

  renew({ identity, publicKey, current, tls }: RenewRequest, signal: AbortSignal): Promise<Renewal> {
    return inClosedCodes(async () => {
      if (this.#stepCa === undefined) throw new ImprintError('profile-invalid', 'The profile does not say where the CA is that renews certificates.', { field: 'server.options.stepCa', expected: '{"url": "https://ca.example.com:9000"} and server.options.trust.rootFile' });
      const deviceId = this.#idOf(identity);
      const chain = ['certificate', 'ca-chain'].map((content) => Buffer.from(current.get(content) ?? []).toString('utf8')).join('\n');
      const renewed = await this.#stepCa.renew(tls, chain, signal);
      const checked = checkChain(renewed.certificate, renewed.chain, this.#options, { deviceId, publicKey, now: this.#clock.now() });
      const contents = certificateContents(this.#options, deviceId, checked, this.#clock.now()).filter(({ content }) => current.has(content));
      const until = checked.leaf.notAfter.slice(0, 16).replace('T', ' ');
      return { sentence: `The certificate of ${deviceId} was renewed: ${checked.leaf.serial}, valid until ${until} UTC.`, contents, certificates: [checked.leaf] };
    });
  }

  async close(): Promise<void> {
    await Promise.all([this.#bridge.close(), this.#hawkBit?.close(), this.#thingsBoard?.close(), this.#stepCa?.close()]);
  }

  #idOf(identity: Identity): string {
    return deviceIdOf(identity, this.#options.deviceId);
  }

  async #publish(mqtt: NonNullable<BridgeOptions['mqtt']>, deviceId: string, contents: readonly DeliveredContent[], tls: ConfirmRequest['tls'], signal: AbortSignal): Promise<void> {
    const certificateChain = ['certificate', 'ca-chain'].map((content) => textOf(contents, content)).join('');
    const certificateAuthority = mqtt.certificateAuthority ?? this.#options.trust.root ?? '';
    const channel = await tls.open({ host: mqtt.host, port: mqtt.port, certificateAuthority, certificateChain, timeout: 15_000 }, signal);
    try {
      await publishOnce(channel, { clientId: deviceId, topic: mqtt.topic, payload: JSON.stringify({ provisioned: this.#clock.now().toISOString() }) });
    } finally {
      await channel.close();
    }
  }

  /** ThingsBoard makes a device of its first message, in its own time. */
  async #isShown(thingsBoard: ThingsBoard, deviceId: string, signal: AbortSignal): Promise<boolean> {
    const until = performance.now() + this.#showing;
    for (;;) {
      if ((await thingsBoard.device(deviceId, signal)) !== undefined) return true;
      if (performance.now() >= until) return false;
      await pause(Math.min(500, this.#showing), signal);
    }
  }

  /** CRASH: each part is the same when it is done twice, so an action that was interrupted is done again from its start. */
  async #decommission(deviceId: string, { certificates, reason, tls, onDone, onRevoked }: Removal, signal: AbortSignal): Promise<void> {
    for (const certificate of certificates) {
      if (this.#stepCa === undefined) {
        await onDone(`certificate ${certificate.serial}`, `Certificate ${certificate.serial} was NOT revoked, because the profile names no CA; it is good until ${certificate.notAfter.slice(0, 10)}.`);
        continue;
      }
      const own = tls === undefined ? undefined : { tls, certificateChain: certificate.pem };
      const sentence = await this.#stepCa.revoke(certificate.serial, reason, own, signal);
      await onRevoked(certificate.serial);
      await onDone(`certificate ${certificate.serial}`, sentence);
    }
    if (this.#thingsBoard !== undefined) {
      const was = await this.#thingsBoard.remove(deviceId, signal);
      await onDone('ThingsBoard', was ? `${deviceId} was deleted in ThingsBoard.` : `ThingsBoard does not have ${deviceId}.`);
    }
    if (this.#hawkBit !== undefined) {
      const was = await this.#hawkBit.remove(deviceId, signal);
      await onDone('hawkBit', was ? `The target ${deviceId} was deleted in hawkBit.` : `hawkBit does not have ${deviceId}.`);
    }
  }
}

function textOf(contents: readonly DeliveredContent[], content: string): string {
  const parts = contents.find((each) => each.content === content)?.parts ?? [];
  return parts.map((part) => ('bytes' in part ? Buffer.from(part.bytes).toString('utf8') : '')).join('');
}

async function inClosedCodes<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw asImprintError(thrown);
  }
}
