import type { Clock, EnrolReceipt, EnrolRequest, Secrets, ServerConnection, ServerDevice, ServerKind } from '../../domain/ports';
import type { Identity } from '../../domain/identity';
import type { ServerSettings } from '../../domain/profile';
import { asImprintError } from '../../domain/errors';
import { devicesPath, findDevice, toServerDevice } from './devices';
import { enrol } from './enrolment';
import type { HttpTimeouts } from './http-exchange';
import { HttpClient } from './http-client';
import { ExchangeFailure } from './http-failures';
import { readableKeyTypes } from './key-types';
import type { Patience } from './patience';
import { usualPatience } from './patience';
import { Session } from './session';

export interface MenderOptions {
  readonly clock?: Clock | undefined;
  readonly timeouts?: HttpTimeouts | undefined;
  readonly patience?: Patience | undefined;
  /** Milliseconds that the server gets to finish a request whose reply was lost, before it is read. */
  readonly settle?: number | undefined;
}

const usualTimeouts: HttpTimeouts = { connect: 10_000, headers: 30_000, body: 30_000 };

/** Mender, hosted or on premises: management API of device authentication v2 and user administration v1. */
export function createMenderServer(options: MenderOptions = {}): ServerKind {
  const clock = options.clock ?? { now: () => new Date() };
  return {
    kind: 'mender',
    // Nothing of the server's reply is written onto the card, so a crash before the end leaves nothing at the server.
    enrolment: 'after-verify',
    readableKeyTypes,
    connect(settings: ServerSettings, secrets: Secrets): ServerConnection {
      const client = new HttpClient(settings.url, settings.certificateAuthority, options.timeouts ?? usualTimeouts);
      const session = new Session(client, settings.credentials, secrets, clock, options.patience ?? usualPatience);
      return new MenderConnection(client, session, options.settle ?? 1000);
    },
  };
}

export const menderServer: ServerKind = createMenderServer();

class MenderConnection implements ServerConnection {
  readonly #client: HttpClient;
  readonly #session: Session;
  readonly #settle: number;

  constructor(client: HttpClient, session: Session, settle: number) {
    this.#client = client;
    this.#session = session;
    this.#settle = settle;
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
      const device = await findDevice(this.#session, identity, signal);
      return device === undefined ? undefined : toServerDevice(device);
    });
  }

  enrol(request: EnrolRequest, signal: AbortSignal): Promise<EnrolReceipt> {
    return inClosedCodes(() => enrol(this.#session, request, this.#settle, signal));
  }

  async close(): Promise<void> {
    this.#session.forget();
    await this.#client.close();
  }
}

async function inClosedCodes<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw thrown instanceof ExchangeFailure ? thrown.error : asImprintError(thrown);
  }
}
