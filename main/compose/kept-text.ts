import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { putFile, readIfThere } from './durable-file';
import { ownSecrets, type Keyring } from './secrets';

/**
 * A secret text of the station itself: in the desktop's keyring, or, where there is none, in a file of this user. Which of
 * the two is for the person to know: `file`.
 */
export class KeptText {
  readonly #keyring: Pick<Keyring, 'available' | 'has' | 'read' | 'store'>;
  readonly #name: string;
  readonly #path: string;

  /** @param folder the keyring's own. @param name of the secret and of the file */
  constructor(keyring: Pick<Keyring, 'available' | 'has' | 'read' | 'store'>, folder: string, name: string) {
    this.#keyring = keyring;
    this.#name = `${ownSecrets}${name}`;
    this.#path = join(folder, `${name}.pem`);
  }

  /** The file in which it lies as it is; undefined where the keyring has it, or nothing is kept. */
  file(): string | undefined {
    return readIfThere(this.#path) === undefined ? undefined : this.#path;
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

  async #keep(text: string, replace: boolean): Promise<void> {
    if (!(await this.#keyring.available())) return putFile(this.#path, text, replace);
    await this.#keyring.store(this.#name, text, replace);
    // In this order: the new one is safe before the old one goes.
    if (replace) rmSync(this.#path, { force: true });
  }
}
