import type { Finding, WatchedDevice } from '../../domain/acceptance';
import { asImprintError, ImprintError } from '../../domain/errors';
import type { Identity } from '../../domain/identity';
import type { ConfirmRequest, EnrolReceipt, EnrolRequest, Renewal, RenewRequest, Secrets, ServerAdministration, ServerCapacity, ServerConnection, ServerDevice, ServerDevicesQuery, ServerKind } from '../../domain/ports';
import type { Profile, ServerSettings } from '../../domain/profile';
import type { AdapterOptions } from '../http/adapter-options';
import { clientOf, surroundingsOf } from '../http/adapter-options';
import type { HttpClient } from '../http/http-client';
import type { EndpointNames } from '../http/http-exchange';
import { ExchangeFailure } from '../http/http-failures';
import type { Patience } from '../http/patience';
import { usualPatience } from '../http/patience';
import { judgeDevice, unknownDevice } from './acceptance';
import { confirmEnrolment } from './confirmation';
import { contentsOf, mdmDeliverables, usualMdmFiles } from './contents';
import { signDeviceRequest } from './device-request';
import { devicesPath, MdmDevices, toServerDevice } from './devices';
import type { EnrolmentParts } from './enrolment';
import { enrolDevice } from './enrolment';
import { enrollmentIdOf, identifierNames, identifierOf, mdmAttributes, readMdmIdentity } from './identifiers';
import { blindSentence, MdmClient } from './mdm-client';
import type { MdmOptions } from './options';
import { optionsOf, readMdmOptions, warningsOf } from './options';

export type OpenMdmOptions = AdapterOptions;

const names: EndpointNames = { product: 'an OpenMDM server', urlField: 'server.url', authorityField: 'server.caFile' };
/** The server limits enrolments in windows of 60 seconds and does not say when one ends. */
const mdmPatience: Patience = { ...usualPatience, usualWaitSeconds: 20 };

/** OpenMDM (@openmdm/core 0.11, its HTTP layer 1.1), at whatever path it is mounted. */
export function createOpenMdmServer(options: OpenMdmOptions = {}): ServerKind {
  return {
    kind: 'openmdm',
    // Device id and token are in the reply, and on the card.
    enrolment: 'before-write',
    credentials: 'none',
    expectedWord: 'Enrolled',
    deliverables: mdmDeliverables,
    usualFiles: usualMdmFiles,
    usualKeyType: 'ec-p256',
    // The server pins EC keys on P-256 and no others; in a fleet with a shared secret the key is at least the same kind.
    readableKeyTypes: () => ['ec-p256'],
    readOptions: readMdmOptions,
    checkProfile,
    checkIdentity: (identity, settings) => {
      enrollmentIdOf(readMdmIdentity(identity, optionsOf(settings).method));
    },
    identityKey: identifierOf,
    warnings: (settings) => warningsOf(optionsOf(settings)),
    signRequest: signDeviceRequest,
    connect(settings: ServerSettings, secrets: Secrets): ServerConnection {
      const surroundings = surroundingsOf(options, mdmPatience);
      const { clock, patience, settle } = surroundings;
      const mdm = optionsOf(settings);
      const http = clientOf(settings, names, surroundings);
      const client = new MdmClient({ client: http, clock, patience, protocol: mdm.protocol, secrets, adminToken: mdm.adminToken });
      const devices = client.isAdmin ? new MdmDevices(client) : undefined;
      return new OpenMdmConnection(http, { client, devices, options: mdm, secrets, clock, settle }, settings.url);
    },
  };
}

export const openMdmServer: ServerKind = createOpenMdmServer();

/** @throws ImprintError profile-invalid */
function checkProfile({ identity, keyType }: Pick<Profile, 'identity' | 'keyType'>): void {
  const mistake = (field: string, what: string, expected: string): ImprintError => new ImprintError('profile-invalid', `The profile has a mistake at ${field}: ${what}; expected ${expected}.`, { field, expected });
  if (keyType !== 'ec-p256') throw mistake('keyType', `OpenMDM pins no ${keyType} keys`, '"ec-p256"');
  const unknown = identity.findIndex(({ name }) => !mdmAttributes.includes(name));
  if (unknown !== -1) throw mistake(`identity.${String(unknown)}.name`, `OpenMDM has no identity attribute ${identity[unknown]?.name ?? ''}`, `one of ${mdmAttributes.join(', ')}`);
  const has = (name: string): boolean => identity.some((attribute) => attribute.name === name);
  const missing = ['model', 'manufacturer', 'osVersion'].find((name) => !has(name));
  if (missing !== undefined) throw mistake('identity', `OpenMDM enrols no device without ${missing}`, `an attribute ${missing}, as a constant where all devices share it`);
  if (!identifierNames.some(has)) throw mistake('identity', 'nothing tells a device from others', `one of ${identifierNames.join(', ')}`);
}

class OpenMdmConnection implements ServerConnection {
  readonly #http: HttpClient;
  readonly #parts: EnrolmentParts;
  readonly #url: string;
  readonly administration?: ServerAdministration;
  readonly blind?: string;
  readonly confirm?: (request: ConfirmRequest, signal: AbortSignal) => Promise<string>;

  constructor(http: HttpClient, parts: EnrolmentParts, url: string) {
    this.#http = http;
    this.#parts = parts;
    this.#url = url;
    const { devices, options, client, clock } = parts;
    if (devices === undefined) this.blind = blindSentence;
    else this.administration = administrationOf(devices);
    if (triesAnything(options)) this.confirm = (request, signal) => inClosedCodes(() => confirmEnrolment(client, options, clock, request, signal));
  }

  signIn(signal: AbortSignal): Promise<void> {
    return inClosedCodes(async () => {
      const { client, devices } = this.#parts;
      await client.probe(signal);
      // A token is only known to be good once a request of the real kind went through.
      if (devices !== undefined) await client.admin({ method: 'GET', path: `${devicesPath}?limit=1&offset=0` }, [200], 'signing in', signal);
    });
  }

  findDevice(identity: Identity, signal: AbortSignal): Promise<ServerDevice | undefined> {
    return inClosedCodes(async () => {
      const { devices, options } = this.#parts;
      if (devices === undefined) return undefined;
      const found = await devices.find(enrollmentIdOf(readMdmIdentity(identity, options.method)), signal);
      return found === undefined ? undefined : toServerDevice(found);
    });
  }

  async *devices(query: ServerDevicesQuery, signal: AbortSignal): AsyncGenerator<readonly ServerDevice[]> {
    try {
      yield* this.#seeing().devices(query, signal);
    } catch (thrown) {
      throw inClosedCode(thrown);
    }
  }

  device(serverDeviceId: string, signal: AbortSignal): Promise<ServerDevice | undefined> {
    return inClosedCodes(async () => {
      const found = await this.#seeing().read(serverDeviceId, signal);
      return found === undefined ? undefined : toServerDevice(found);
    });
  }

  /** OpenMDM limits no number of devices. */
  capacity(signal: AbortSignal): Promise<ServerCapacity> {
    return inClosedCodes(async () => ({ accepted: await this.#seeing().count('enrolled', signal) }));
  }

  judge(watched: readonly WatchedDevice[], signal: AbortSignal): Promise<readonly Finding[]> {
    return inClosedCodes(async () => {
      const { devices, options } = this.#parts;
      if (devices === undefined) return watched.map((device) => unknownDevice(device, blindSentence));
      const rows = await devices.readAll(watched.map(({ serverDeviceId }) => serverDeviceId), signal);
      return watched.map((device, index) => judgeDevice(device, rows[index], options));
    });
  }

  enrol({ identity, publicKey, key, replace = false }: EnrolRequest, signal: AbortSignal): Promise<EnrolReceipt> {
    return inClosedCodes(async () => {
      const sign = key === undefined ? undefined : (payload: Uint8Array) => key.sign(payload);
      const { enrolment, already, sentence } = await enrolDevice(this.#parts, { identity, publicKey, sign, replace, again: false }, signal);
      const how = this.#parts.options.enrolment === 'hmac' ? { how: 'by the secret of the fleet (LEGACY); the server expects no key' } : {};
      return { serverDeviceId: enrolment.deviceId, already, sentence, ...how, contents: contentsOf(enrolment, this.#parts.options, this.#url) };
    });
  }

  /** Enrols the device of a card once more, with the key that is on it: the same device, another token. */
  renew({ identity, publicKey, current, sign }: RenewRequest, signal: AbortSignal): Promise<Renewal> {
    return inClosedCodes(async () => {
      const { enrolment, sentence } = await enrolDevice(this.#parts, { identity, publicKey, sign, replace: false, again: true }, signal);
      const before = current.get('device-id');
      const beforeId = before === undefined ? enrolment.deviceId : Buffer.from(before).toString('utf8').trim();
      if (beforeId !== enrolment.deviceId) {
        throw new ImprintError('server-refused', `The server had forgotten device ${beforeId} and made a new one, ${enrolment.deviceId}, of it: decommission that one and make a new card.`, { field: 'target' });
      }
      return { sentence, contents: contentsOf(enrolment, this.#parts.options, this.#url), certificates: [] };
    });
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** @throws ImprintError server-refused without an admin token */
  #seeing(): MdmDevices {
    const { devices } = this.#parts;
    if (devices === undefined) throw new ImprintError('server-refused', blindSentence, { field: 'server.options.adminToken' });
    return devices;
  }
}

function triesAnything({ heartbeat, deviceRequests, enrolment }: MdmOptions): boolean {
  return heartbeat || (deviceRequests !== undefined && enrolment === 'pinned-key');
}

/** Retiring is all that its HTTP interface offers. */
function administrationOf(devices: MdmDevices): ServerAdministration {
  return {
    identityStaysTaken: 'OpenMDM only retires a device: its row stays, with its key and its identifier, and turns the board away. Whoever runs the server must delete that row before this identity is used again.',
    decommission: (serverDeviceId, signal) => inClosedCodes(() => devices.retire(serverDeviceId, signal)),
  };
}

function inClosedCode(thrown: unknown): Error {
  return thrown instanceof ExchangeFailure ? thrown.error : asImprintError(thrown);
}

async function inClosedCodes<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw inClosedCode(thrown);
  }
}
