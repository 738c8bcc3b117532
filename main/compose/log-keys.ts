import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { ImprintError } from '../domain/errors';
import { parseVerifierKey, signatureTypes, verifierKey, verifierKeyText, type NoteSigner } from '../ledger/note';
import { KeptText } from './kept-text';
import type { Keyring } from './secrets';

/**
 * The private keys of the record's log: PKCS#8 in PEM, kept as the other secrets of the station are. They sign what the
 * record says and open no device.
 *
 * SECURITY: no message and no error here holds a private key; a cause from the parser would.
 */
export class LogKeys {
  readonly #kept: KeptText;
  /** The one that a renewal has made: it counts from the moment when the log names it. */
  readonly #next: KeptText;
  /** Where the keyring was asked once, it is not asked for every checkpoint. */
  #last: NoteSigner | undefined;

  /** @param folder the keyring's own */
  constructor(keyring: Pick<Keyring, 'available' | 'has' | 'read' | 'store'>, folder: string) {
    this.#kept = new KeptText(keyring, folder, 'log-key');
    this.#next = new KeptText(keyring, folder, 'log-key-next');
  }

  /** What the person must know about where the key lies; undefined where the keyring has it, or there is none yet. */
  warning(): string | undefined {
    const file = this.#kept.file();
    if (file === undefined) return undefined;
    return `The key that signs the log of this record lies in ${file} as it is, because it came to this station without a desktop keyring: whoever reads this user's files can sign in the name of this station.`;
  }

  /**
   * SECURITY: signs for the key that the log names and for no other: a checkpoint by a key that the log does not know would
   * be evidence against the station.
   *
   * CRASH: a station that was killed between the entry of a renewal and the change of the kept key makes that change here.
   *
   * @param logKey `name+id+base64`, as the newest `log-key` entry has it
   * @throws ImprintError credential-missing where this station does not have that key
   */
  async signer(logKey: string): Promise<NoteSigner> {
    if (this.#last !== undefined && verifierKeyText(this.#last.key) === logKey) return this.#last;
    const { name } = parseVerifierKey(logKey);
    const pem = await this.#kept.read();
    if (pem !== undefined) {
      const own = signerOf(name, pem);
      if (verifierKeyText(own.key) === logKey) return (this.#last = own);
    }
    const nextPem = await this.#next.read();
    if (nextPem !== undefined) {
      const next = signerOf(name, nextPem);
      if (verifierKeyText(next.key) === logKey) {
        await this.#kept.replace(nextPem);
        return (this.#last = next);
      }
    }
    throw missing(name, pem === undefined ? 'it is not kept here' : 'another one is kept here');
  }

  /** The kept key under a log's name, or undefined where none was made yet. @throws ImprintError credential-missing */
  async kept(origin: string): Promise<NoteSigner | undefined> {
    const pem = await this.#kept.read();
    return pem === undefined ? undefined : signerOf(origin, pem);
  }

  /** The same, made at the first time. Where two processes come together, both get the same. */
  async keptOrMade(origin: string): Promise<NoteSigner> {
    return signerOf(origin, await this.#kept.readOrMake(() => Promise.resolve(newKey())));
  }

  /** A key that may follow; the kept one stays until the log names this one. */
  async makeNext(origin: string): Promise<NoteSigner> {
    const pem = newKey();
    await this.#next.replace(pem);
    return signerOf(origin, pem);
  }
}

function newKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function signerOf(name: string, pem: string): NoteSigner {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    throw missing(name, 'what is kept here is no key');
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') throw missing(name, 'a key of another kind is kept here');
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  return { key: verifierKey(name, signatureTypes.ed25519, publicKey), sign: (message) => sign(null, message, privateKey) };
}

function missing(origin: string, why: string): ImprintError {
  return new ImprintError('credential-missing', `The key that signs the log ${origin} is needed, and ${why}: work at the station that made this record, as its user.`, { field: '--data' });
}

/** Of one log and no other, for ever; a name that a note can have (signed-note). */
export function newOrigin(station: string): string {
  const name = station.replace(/[\p{White_Space}\p{Cc}+/]+/gu, '-').slice(0, 60).toWellFormed();
  return `${name === '' ? 'station' : name}/imprint/${randomBytes(6).toString('hex')}`;
}
