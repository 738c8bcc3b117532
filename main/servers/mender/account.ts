import type { Clock, Secrets } from '../../domain/ports';
import type { Credentials, ServerSettings } from '../../domain/profile';
import type { IndexLimits } from './identity-index';
import { IdentityIndex } from './identity-index';
import { untilCancelled } from '../http/patience';

/** A signed-in user. */
export interface Bearer {
  readonly token: string;
  /** Milliseconds of the station's clock after which it is renewed first; undefined where it cannot be. */
  readonly renewAt: number | undefined;
}

/**
 * What all connections of one account at one server share: the index of the server's list, and a sign-in for which a person
 * had to give a code, so that nobody types one for every card.
 *
 * SECURITY: that bearer lives in a private field here for as long as the station's secrets do. One that the station can
 * fetch again by itself is not kept beyond its connection.
 */
export class Account {
  readonly index: IdentityIndex;
  readonly #clock: Clock;
  #bearer: Bearer | undefined;
  #signingIn: Promise<Bearer> | undefined;

  constructor(clock: Clock, limits: IndexLimits) {
    this.#clock = clock;
    this.index = new IdentityIndex(clock, limits);
  }

  /** The kept sign-in, while it is good. */
  get bearer(): Bearer | undefined {
    const bearer = this.#bearer;
    return bearer?.renewAt !== undefined && this.#clock.now().getTime() >= bearer.renewAt ? undefined : bearer;
  }

  /** The server does not take this token any more. */
  forget(token: string): void {
    if (this.#bearer?.token === token) this.#bearer = undefined;
  }

  /** One question for all cards that wait for it. @throws whatever `signIn` throws; ImprintError cancelled */
  async signInWithCode(signIn: () => Promise<Bearer>, signal: AbortSignal): Promise<Bearer> {
    for (;;) {
      const others = this.#signingIn;
      if (others === undefined) return await this.#signIn(signIn);
      try {
        return await untilCancelled(others, signal);
      } catch (thrown) {
        // The card that was asked was cancelled: this one was not, so it asks for itself.
        if (signal.aborted || !isCancelled(thrown)) throw thrown;
      }
    }
  }

  async #signIn(signIn: () => Promise<Bearer>): Promise<Bearer> {
    const own = signIn();
    this.#signingIn = own;
    try {
      this.#bearer = await own;
      return this.#bearer;
    } finally {
      this.#signingIn = undefined;
    }
  }
}

function isCancelled(thrown: unknown): boolean {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && thrown.code === 'cancelled';
}

/** The accounts of all connections, by whose secrets they use: when a station closes, they are gone with them. */
export class Accounts {
  readonly #accounts = new WeakMap<Secrets, Map<string, Account>>();
  readonly #make: () => Account;

  constructor(make: () => Account) {
    this.#make = make;
  }

  of(settings: ServerSettings, credentials: Credentials, secrets: Secrets): Account {
    const { url, certificateAuthority, proxy } = settings;
    const user = credentials.type === 'password' ? credentials.username : credentials.token;
    // Whoever is trusted and what is on the way belong to it: a token goes only where it came from.
    const key = JSON.stringify([url.replace(/\/+$/, ''), certificateAuthority, proxy, user]);
    const known = this.#accounts.get(secrets) ?? new Map<string, Account>();
    this.#accounts.set(secrets, known);
    const account = known.get(key) ?? this.#make();
    known.set(key, account);
    return account;
  }
}
