import { ImprintError } from '../domain/errors';
import type { ExportKey } from '../export/cms';
import { KeptText } from './kept-text';
import type { Keyring } from './secrets';

/** The key that signs exports, one for each station. */
export class ExportKeys {
  readonly #kept: KeptText;

  /** @param folder the keyring's own */
  constructor(keyring: Keyring, folder: string) {
    this.#kept = new KeptText(keyring, folder, 'export-key');
  }

  /** What the person must know about where the key lies; undefined where the keyring has it. */
  warning(): string | undefined {
    const file = this.#kept.file();
    if (file === undefined) return undefined;
    return `The key that signs exports lies in ${file} as it is, because it came to this station without a desktop keyring: whoever reads this user's files can sign in the name of this station.`;
  }

  /**
   * Made at the first time, and the same from then on.
   *
   * @param name of the station, for the certificate
   * @throws ImprintError credential-missing where the keyring has it and is not there, export-key-invalid
   */
  async open(name: string, now: Date): Promise<ExportKey> {
    // Loaded when somebody exports: neither the bench nor the window's start needs it.
    const [{ parseExportKey, exportKeyProblem, exportKeyText }, { makeExportKey }] = await Promise.all([import('../export/cms'), import('../export/export-certificate')]);
    const key = parseExportKey(await this.#kept.readOrMake(async () => exportKeyText(await makeExportKey(name, now))));
    const problem = key === undefined ? 'it cannot be read' : exportKeyProblem(key, now);
    if (key !== undefined && problem === undefined) return key;
    throw new ImprintError('export-key-invalid', `The key of this station cannot sign exports: ${problem ?? ''}.`, { expected: 'another one, by "imprint export-key import FILE.p12"' });
  }

  /** Takes the key of a PKCS#12 file instead of the one that is there. @throws ImprintError export-key-invalid */
  async import(file: Uint8Array, password: string, now: Date): Promise<ExportKey> {
    const [{ exportKeyText }, { readPkcs12 }] = await Promise.all([import('../export/cms'), import('../export/export-certificate')]);
    const key = readPkcs12(file, password, now);
    await this.#kept.replace(exportKeyText(key));
    return key;
  }
}
