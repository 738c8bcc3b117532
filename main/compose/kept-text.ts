import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Keyring } from './secrets';

/**
 * A secret text of the station itself: in the desktop's keyring, or, where there is none, in a file of this user. Which of
 * the two is for the person to know: `file`.
 */
export class KeptText {
  readonly #keyring: Keyring;
  readonly #folder: string;
  readonly #name: string;

  /** @param folder the keyring's own. @param name of the secret and of the file */
  constructor(keyring: Keyring, folder: string, name: string) {
    this.#keyring = keyring;
    this.#folder = folder;
    this.#name = name;
  }

  /** The file in which it lies, or will lie, as it is; undefined where the keyring has it. */
  async file(): Promise<string | undefined> {
    return (await this.#keyring.available()) && readIfThere(this.#path) === undefined ? undefined : this.#path;
  }

  /** @returns undefined where nothing was kept yet. @throws ImprintError credential-missing where the keyring has it and is not there */
  async read(): Promise<string | undefined> {
    const plain = readIfThere(this.#path);
    if (plain !== undefined) return plain;
    return this.#keyring.has(this.#name) ? this.#keyring.read(this.#name) : undefined;
  }

  /** What is kept, made at the first time. Where two processes come together, both get the same. */
  async readOrMake(make: () => Promise<string>): Promise<string> {
    const kept = await this.read();
    if (kept !== undefined) return kept;
    const made = await make();
    await this.#keep(made, false);
    return (await this.read()) ?? made;
  }

  async replace(text: string): Promise<void> {
    await this.#keep(text, true);
  }

  get #path(): string {
    return join(this.#folder, `${this.#name}.pem`);
  }

  async #keep(text: string, replace: boolean): Promise<void> {
    if (await this.#keyring.available()) {
      await this.#keyring.store(this.#name, text);
      if (replace) rmSync(this.#path, { force: true });
      return;
    }
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const temporary = `${this.#path}.${process.pid}`;
    // SECURITY: readable by nobody else from the first moment, whatever the umask.
    writeFileSync(temporary, text, { mode: 0o600 });
    chmodSync(temporary, 0o600);
    try {
      // CRASH: whole or not at all, and the first one stays unless it shall be replaced.
      if (replace) renameSync(temporary, this.#path);
      else linkSync(temporary, this.#path);
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') throw thrown;
    } finally {
      rmSync(temporary, { force: true });
    }
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}
