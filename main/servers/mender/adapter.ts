import type { EnrolReceipt, EnrolRequest, Secrets, ServerAdministration, ServerCapacity, ServerConnection, ServerDevice, ServerDevicesQuery, ServerKind } from '../../domain/ports';
import type { Identity } from '../../domain/identity';
import type { ServerSettings } from '../../domain/profile';
import { privateKeyContent } from '../../domain/profile';
import { asImprintError, ImprintError } from '../../domain/errors';
import { Account, Accounts } from './account';
import type { RemovalPatience } from './administration';
import { Administration, usualRemovalPatience } from './administration';
import { Devices, devicesPath, toServerDevice } from './devices';
import { enrol } from './enrolment';
import type { AdapterOptions } from '../http/adapter-options';
import { clientOf, surroundingsOf, systemClock } from '../http/adapter-options';
import type { EndpointNames } from '../http/http-exchange';
import type { HttpClient } from '../http/http-client';
import { ExchangeFailure } from '../http/http-failures';
import type { IndexLimits } from './identity-index';
import { usualIndexLimits } from './identity-index';
import { readableKeyTypes } from './key-types';
import { Session } from './session';

export interface MenderOptions extends AdapterOptions {
  readonly index?: IndexLimits | undefined;
  readonly removal?: RemovalPatience | undefined;
}

const names: EndpointNames = { product: 'a Mender server', urlField: 'server.url', authorityField: 'server.caFile' };

/** Mender, hosted or on premises: management API of device authentication v2 and user administration v1. */
export function createMenderServer(options: MenderOptions = {}): ServerKind {
  const accounts = new Accounts(() => new Account(options.clock ?? systemClock, options.index ?? usualIndexLimits));
  return {
    kind: 'mender',
    // Nothing of the server's reply is written onto the card, so a crash before the end leaves nothing at the server.
    enrolment: 'after-verify',
    credentials: 'required',
    expectedWord: 'Preauthorized',
    deliverables: [],
    usualFiles: [{ content: privateKeyContent, partition: { number: 4 }, path: '/mender/mender-agent.pem', mode: 0o600, uid: 0, gid: 0, createFolders: false }],
    // What keygen-client makes, and what every version of the client reads.
    usualKeyType: 'rsa-3072',
    readOptions: (given) => {
      if (given !== undefined) throw new ImprintError('profile-invalid', 'A Mender server has no options of its own.', { field: 'server.options', expected: 'no such field' });
      return undefined;
    },
    readableKeyTypes,
    connect(settings: ServerSettings, secrets: Secrets): ServerConnection {
      const { credentials } = settings;
      if (credentials === undefined) throw new ImprintError('profile-invalid', 'A Mender server wants a sign-in.', { field: 'server.credentials' });
      const surroundings = surroundingsOf(options);
      const { clock, patience, settle } = surroundings;
      const client = clientOf(settings, names, surroundings);
      const account = accounts.of(settings, credentials, secrets);
      const session = new Session({ client, credentials, secrets, clock, patience, account });
      const devices = new Devices(session, account.index);
      return new MenderConnection(client, session, devices, new Administration(session, devices, clock, options.removal ?? usualRemovalPatience), settle);
    },
  };
}

export const menderServer: ServerKind = createMenderServer();

class MenderConnection implements ServerConnection {
  readonly #client: HttpClient;
  readonly #session: Session;
  readonly #devices: Devices;
  readonly #settle: number;
  readonly administration: ServerAdministration;

  constructor(client: HttpClient, session: Session, devices: Devices, administration: Administration, settle: number) {
    this.#client = client;
    this.#session = session;
    this.#devices = devices;
    this.#settle = settle;
    this.administration = {
      reject: (...parameters) => inClosedCodes(() => administration.reject(...parameters)),
      removeAuthSet: (...parameters) => inClosedCodes(() => administration.removeAuthSet(...parameters)),
      decommission: (serverDeviceId, signal) => inClosedCodes(() => administration.decommission(serverDeviceId, signal)),
    };
  }

  signIn(signal: AbortSignal): Promise<void> {
    return inClosedCodes(async () => {
      await this.#session.signIn(signal);
      // A token is only known to be good, and an account to have the right, once a request of the real kind went through.
      await this.#session.expect({ method: 'GET', path: `${devicesPath}?per_page=1` }, true, [200], 'signing in', signal);
    });
  }

  findDevice(identity: Identity, signal: AbortSignal): Promise<ServerDevice | undefined> {
    return inClosedCodes(async () => {
      const device = await this.#devices.find(identity, signal);
      return device === undefined ? undefined : toServerDevice(device);
    });
  }

  async *devices(query: ServerDevicesQuery, signal: AbortSignal): AsyncGenerator<readonly ServerDevice[]> {
    try {
      for await (const page of this.#devices.pages(query, signal)) yield page.map(toServerDevice);
    } catch (thrown) {
      throw inClosedCode(thrown);
    }
  }

  device(serverDeviceId: string, signal: AbortSignal): Promise<ServerDevice | undefined> {
    return inClosedCodes(async () => {
      const device = await this.#devices.read(serverDeviceId, signal);
      return device === undefined ? undefined : toServerDevice(device);
    });
  }

  capacity(signal: AbortSignal): Promise<ServerCapacity> {
    return inClosedCodes(() => this.#devices.capacity(signal));
  }

  enrol(request: EnrolRequest, signal: AbortSignal): Promise<EnrolReceipt> {
    return inClosedCodes(() => enrol({ session: this.#session, devices: this.#devices, settle: this.#settle }, request, signal));
  }

  async close(): Promise<void> {
    this.#session.forget();
    await this.#client.close();
  }
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
