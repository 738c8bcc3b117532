import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { ImprintError } from '../domain/errors';
import { parseVerifierKey, type NoteSigner } from '../ledger/note';
import { KeptText } from './kept-text';
import type { Keyring } from './secrets';

/** The private key of the record's log: PKCS#8 in PEM, kept as the other secrets of the station are. */
export class LogKeys {
  readonly #kept: KeptText;

  /** @param folder the keyring's own */
  constructor(keyring: Keyring, folder: string) {
    this.#kept = new KeptText(keyring, folder, 'log-key');
  }

  /**
   * SECURITY: signs for the key that the log names and for no other: a checkpoint by a key that the log does not know would
   * be evidence against the station.
   *
   * @param logKey `name+id+base64`, as the newest `log-key` entry has it
   * @throws ImprintError credential-missing where this station does not have that key
   */
  async signer(logKey: string): Promise<NoteSigner> {
    const key = parseVerifierKey(logKey);
    const pem = await this.#kept.read();
    if (pem === undefined) throw missing(key.name, 'it is not kept here');
    const privateKey = createPrivateKey(pem);
    const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
    if (!publicKey.equals(key.publicKey)) throw missing(key.name, 'another one is kept here');
    return { key, sign: (message) => sign(null, message, privateKey) };
  }
}

function missing(origin: string, why: string): ImprintError {
  return new ImprintError('credential-missing', `The key that signs the log ${origin} is needed, and ${why}: work at the station that made this record, as its user.`, { field: '--data' });
}
