import { AsyncLocalStorage } from 'node:async_hooks';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { safeStorage } from 'electron';
import { ImprintError } from '../domain/errors';
import type { Secrets } from '../domain/ports';
import { putFile } from './durable-file';

/** Asks the person; undefined where nobody can be asked or the person gave up. */
export type AskForSecret = (name: string, canKeep: boolean) => Promise<{ readonly value: string; readonly keep: boolean } | undefined>;

/** Asks the person for the one-time code of an account; undefined where nobody can be asked or the person gave up. */
export type AskForCode = (account: string) => Promise<string | undefined>;

/** Begins the names of the station's own keys in the keyring. */
export const ownSecrets = 'imprint/';

/**
 * SECURITY: a profile says which secret goes to which server, so it must never be able to name a key of the station itself.
 *
 * @throws ImprintError credential-missing
 */
export function assertCredential(name: string): void {
  if (!name.startsWith(ownSecrets)) return;
  throw new ImprintError('credential-missing', `"${name}" cannot be a credential: names that begin with "${ownSecrets}" are the station's own.`, { field: 'server.credentials', expected: 'another name' });
}

const unattendedWork = new AsyncLocalStorage<true>();

/** Runs what happens by itself while a person does something else: nothing in it opens a dialog in the middle of a scan. */
export function unattended<T>(work: () => T): T {
  return unattendedWork.run(true, work);
}

/** Secrets encrypted to the desktop's keyring, one file of mode 0600 each. */
export class Keyring {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** False without a desktop keyring: there safeStorage would only scramble with a key that everybody knows. */
  async available(): Promise<boolean> {
    return safeStorage.getSelectedStorageBackend() !== 'basic_text' && (await safeStorage.isAsyncEncryptionAvailable());
  }

  /** Whether something was stored under this name, whoever can read it now. */
  has(name: string): boolean {
    return existsSync(this.#path(name));
  }

  /** @throws ImprintError credential-missing */
  async read(name: string): Promise<string> {
    if (!(await this.available())) throw unavailable(name);
    try {
      return (await safeStorage.decryptStringAsync(readFileSync(this.#path(name)))).result;
    } catch (thrown) {
      throw new ImprintError('credential-missing', `The keyring of this computer has no secret "${name}": store it with "imprint secret ${name}".`, { field: 'server.credentials', cause: thrown });
    }
  }

  /** @param replace whether it takes the place of another one. @throws ImprintError credential-missing where there is no keyring */
  async store(name: string, value: string, replace = true): Promise<void> {
    if (!(await this.available())) throw unavailable(name);
    putFile(this.#path(name), await safeStorage.encryptStringAsync(value), replace);
  }

  #path(name: string): string {
    return join(this.#folder, `${encodeURIComponent(name)}.secret`);
  }
}

function unavailable(name: string): ImprintError {
  return new ImprintError('credential-missing', `This session has no desktop keyring, so the secret "${name}" cannot be read from it: use an environment variable instead.`, {
    field: 'server.credentials',
    expected: '{"environment": "VARIABLE"}',
  });
}

/** Secrets from the environment, the keyring or the person. Where codes are not asked for in their own way, they are as secrets are. */
export function stationSecrets(keyring: Keyring, ask: AskForSecret, askCode: AskForCode = (account) => codeAsSecret(ask, account)): Secrets {
  /** What a person gave, for as long as the station is open: nobody types a password for every card. */
  const given = new Map<string, string>();
  return {
    forget(reference) {
      given.delete(reference.name);
    },
    async resolve(reference) {
      assertCredential(reference.name);
      switch (reference.from) {
        case 'environment': {
          const value = process.env[reference.name];
          if (value !== undefined && value !== '') return value;
          throw new ImprintError('credential-missing', `The environment variable ${reference.name} is not set; the profile takes a credential from it.`, { field: 'server.credentials', expected: `a value in ${reference.name}` });
        }
        case 'keyring':
          return keyring.read(reference.name);
        case 'ask': {
          const known = given.get(reference.name);
          if (known !== undefined) return known;
          if (isUnattended()) throw notGiven(`"${reference.name}"`);
          const answer = await ask(reference.name, await keyring.available());
          if (answer === undefined) throw new ImprintError('credential-missing', `Nobody could be asked for "${reference.name}".`, { field: 'server.credentials' });
          if (answer.keep) await keyring.store(reference.name, answer.value);
          given.set(reference.name, answer.value);
          return answer.value;
        }
      }
    },
    async oneTimeCode(account) {
      // SECURITY: a code is good for half a minute and for once, so it is neither offered to the keyring nor remembered.
      if (isUnattended()) throw notGiven(`The one-time code of ${account}`);
      const code = (await askCode(account))?.trim();
      if (code !== undefined && code !== '') return code;
      throw new ImprintError('credential-missing', `The server wants a one-time code for ${account} and nobody could be asked: start again where somebody can type it, or use a personal access token.`, {
        field: 'server.credentials',
        expected: '{"token": …}',
      });
    },
  };
}

const isUnattended = (): boolean => unattendedWork.getStore() === true;

function notGiven(what: string): ImprintError {
  return new ImprintError('credential-missing', `${what} was not given yet: it is asked for with the next card, or when a person asks the server.`, { field: 'server.credentials' });
}

async function codeAsSecret(ask: AskForSecret, account: string): Promise<string | undefined> {
  return (await ask(`One-time code of ${account}`, false))?.value;
}
