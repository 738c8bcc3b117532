import { createPrivateKey, generateKeyPair, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { cancelled, ImprintError } from '../domain/errors';
import type { KeyType, PublicKey } from '../domain/keys';
import { LockedArena, zero } from '../../native/index';
import { collectThoroughly } from './collect-garbage';
import { KeysAhead } from './keys-ahead';
import { base64Length, decodePem, encodeBase64, encodePrivateKeyPem, privateKeyLabel, privateKeyPemLength } from './pem';
import { fingerprintOf, publicKeyOf } from './public-keys';

/** Room for sixteen cards at once, well below the usual limit of 8 MiB of locked memory. */
const arenaBytes = 2 * 1024 * 1024;
/** PKCS#8 of RSA-4096 is about 2400 bytes, its PEM about 3300. */
const largestDer = 8 * 1024;

interface HeldKey {
  readonly der: Buffer;
  readonly publicKey: PublicKey;
}

/** An X25519 pair (RFC 7748): the raw private half in locked memory. */
interface HeldAgreementKey {
  readonly secret: Buffer;
  readonly publicKey: Uint8Array;
}

const agreementKeyBytes = 32;

/** A piece of what a card's files hold: the job's private key as PEM, its X25519 private key as base64, or bytes that are no key of ours. */
export type BundlePart = { readonly key: 'private-key' | 'agreement-key' } | { readonly bytes: Uint8Array };

/**
 * The only place where private keys live: PKCS#8 DER in locked memory, one for each job, erased by `destroy`.
 *
 * SECURITY: nothing here returns a string, a KeyObject or a copy of a key. KeyObjects are local to one call, and
 * `settle` has the collector take them (BoringSSL erases what it frees).
 */
export class KeyVault {
  readonly #arena = new LockedArena(arenaBytes);
  readonly #keys = new Map<string, HeldKey>();
  readonly #agreementKeys = new Map<string, HeldAgreementKey>();
  /** Jobs whose key is being made; one that `destroy` takes out gets none. */
  readonly #making = new Map<string, object>();
  /** Keys that belong to no job yet. */
  readonly #ahead: KeysAhead<HeldKey>;
  /** Whether the crypto library may still hold a key in a form of its own. */
  #traces = false;
  #settling: Promise<void> = Promise.resolve();

  /** @param idleAhead milliseconds without a job after which keys that were made ahead are erased */
  constructor(idleAhead?: number) {
    this.#ahead = new KeysAhead({
      make: (type, wanted) => this.#make(type, wanted),
      release: ({ der }) => {
        this.#arena.release(der);
      },
      erased: () => {
        this.#traces = true;
        void this.settle();
      },
      idle: idleAhead,
    });
  }

  /** One sentence where the system does not let key memory be locked. */
  get warning(): string | undefined {
    if (this.#arena.locked) return undefined;
    return `Key memory could not be locked (${this.#arena.lockError ?? 'unknown reason'}): raise the limit of locked memory for this user, or a key may reach the swap space.`;
  }

  get keysHeld(): number {
    return this.#keys.size;
  }

  /** How many keys wait for a job. */
  get keysAhead(): number {
    return this.#ahead.count;
  }

  /**
   * From now on up to `most` keys of this type are made ahead by `makeAhead`.
   *
   * SECURITY: none where memory cannot be locked: they would wait in memory that may be swapped out.
   */
  keepAhead(type: KeyType, most: number): void {
    this.#ahead.want(type, this.#arena.locked ? most : 0);
  }

  /** Begins to make them, beside everything else. */
  makeAhead(): void {
    this.#ahead.fill();
  }

  /** A job began or ended: keys that were made ahead are not erased for want of work yet. */
  atWork(): void {
    this.#ahead.touch();
  }

  /**
   * Gives a job its key pair: one that was made ahead, or a new one.
   * @throws ImprintError custody-key-failed; also where the job has a key already, because two would be one too many
   */
  async generate(jobId: string, type: KeyType): Promise<PublicKey> {
    if (this.#keys.has(jobId) || this.#making.has(jobId)) throw new ImprintError('custody-key-failed', 'This job has a key already; a second one is not made.');
    const ready = this.#ahead.take(type);
    if (ready !== undefined) {
      this.#keys.set(jobId, ready);
      return ready.publicKey;
    }
    const turn = {};
    this.#making.set(jobId, turn);
    try {
      // CRASH: the job may have been ended while the key was made; then nobody would ever erase it.
      const key = await this.#make(type, () => this.#making.get(jobId) === turn);
      if (key === undefined) throw cancelled();
      this.#keys.set(jobId, key);
      return key.publicKey;
    } finally {
      if (this.#making.get(jobId) === turn) this.#making.delete(jobId);
    }
  }

  publicKey(jobId: string): PublicKey {
    return this.#held(jobId).publicKey;
  }

  /** Signature in the scheme of the key's type: RSA PKCS#1 v1.5 SHA-256 (RFC 8017, 8.2), ECDSA DER with SHA-256 (P-384: SHA-384), Ed25519 (RFC 8032). */
  sign(jobId: string, payload: Uint8Array): Uint8Array {
    return this.#withKeyObject(this.#held(jobId).der, (key) => signWith(key, payload));
  }

  /**
   * The public half of the job's X25519 pair, 32 bytes; the pair is made at the first call.
   * @throws ImprintError custody-no-such-key where the job has no key of its own
   */
  agreementKey(jobId: string): Uint8Array {
    this.#held(jobId);
    const known = this.#agreementKeys.get(jobId);
    if (known !== undefined) return known.publicKey;
    const pair = generateKeyPairSync('x25519', { publicKeyEncoding: { type: 'spki', format: 'der' }, privateKeyEncoding: { type: 'pkcs8', format: 'der' } });
    this.#traces = true;
    try {
      // The raw key is what both encodings end with (RFC 8410, 4 and 7).
      const secret = this.#arena.allocate(agreementKeyBytes);
      pair.privateKey.copy(secret, 0, pair.privateKey.length - agreementKeyBytes);
      const publicKey = new Uint8Array(pair.publicKey.subarray(pair.publicKey.length - agreementKeyBytes));
      this.#agreementKeys.set(jobId, { secret, publicKey });
      return publicKey;
    } finally {
      zero(pair.privateKey);
    }
  }

  /** Length of a file that is made of these parts, in bytes. */
  lengthOf(jobId: string | undefined, parts: readonly BundlePart[]): number {
    return parts.reduce((sum, part) => sum + this.#partLength(jobId, part), 0);
  }

  /** The parts one behind the other in locked memory; they are erased when `use` has ended. @param jobId whose keys are meant */
  async withBundle<T>(jobId: string | undefined, parts: readonly BundlePart[], use: (bundle: Buffer) => Promise<T>): Promise<T> {
    const bundle = this.#arena.allocate(Math.max(1, this.lengthOf(jobId, parts)));
    try {
      let at = 0;
      for (const part of parts) {
        const length = this.#partLength(jobId, part);
        this.#compose(jobId, part, bundle.subarray(at, at + length));
        at += length;
      }
      return await use(bundle.subarray(0, at));
    } finally {
      this.#arena.release(bundle);
    }
  }

  /** The job's key as a PEM file in locked memory; it is erased when `use` has ended. */
  withPem<T>(jobId: string, use: (pem: Buffer) => Promise<T>): Promise<T> {
    return this.withBundle(jobId, [{ key: 'private-key' }], use);
  }

  /** A piece of locked memory for a caller that handles key material; it is erased when `use` has ended. */
  async withLockedBuffer<T>(bytes: number, alignment: number, use: (buffer: Buffer) => Promise<T>): Promise<T> {
    const buffer = this.#arena.allocate(bytes, alignment);
    try {
      return await use(buffer);
    } finally {
      this.#arena.release(buffer);
    }
  }

  /**
   * The public half of a private-key file, and with `payload` a signature by it.
   *
   * @param file PEM text in locked memory, from a card
   * @throws ImprintError verify-key-unreadable
   */
  readPrivateKeyFile(file: Buffer, payload?: Uint8Array): { publicKey: PublicKey; signature: Uint8Array | undefined } {
    const label = privateKeyLabel(file);
    const der = this.#arena.allocate(largestDer);
    try {
      const length = label === undefined ? undefined : decodePem(file, der);
      if (label === undefined || length === undefined) throw unreadable();
      const type = label === 'PRIVATE KEY' ? 'pkcs8' : label === 'RSA PRIVATE KEY' ? 'pkcs1' : 'sec1';
      return this.#withKeyObject(
        der.subarray(0, length),
        (key) => ({ publicKey: publicKeyOf(key), signature: payload === undefined ? undefined : signWith(key, payload) }),
        type,
      );
    } finally {
      this.#arena.release(der);
    }
  }

  /** Erases a job's key; when this returns, no copy of it is left in this process. Idempotent. */
  async destroy(jobId: string): Promise<void> {
    this.#making.delete(jobId);
    const held = this.#keys.get(jobId);
    if (held !== undefined) {
      this.#keys.delete(jobId);
      this.#arena.release(held.der);
    }
    const agreement = this.#agreementKeys.get(jobId);
    if (agreement !== undefined) {
      this.#agreementKeys.delete(jobId);
      this.#arena.release(agreement.secret);
    }
    await this.settle();
  }

  /** Erases every key. */
  async destroyAll(): Promise<void> {
    this.#ahead.erase();
    for (const jobId of [...this.#making.keys(), ...this.#keys.keys()]) await this.destroy(jobId);
    this.#arena.wipe();
  }

  /** Waits until the crypto library has erased its own forms of the keys that were used since the last call. */
  async settle(): Promise<void> {
    if (this.#traces) {
      this.#traces = false;
      this.#settling = collectThoroughly();
    }
    await this.#settling;
  }

  /** For callers that have the crypto library keep a key in a form of its own for a while; `settle` erases it when they let go. */
  leavesTraces(): void {
    this.#traces = true;
  }

  /** A key pair in locked memory; undefined where nobody wants it any more when it is made. */
  async #make(type: KeyType, wanted: () => boolean): Promise<HeldKey | undefined> {
    const pair = await generatePair(type);
    try {
      if (!wanted()) return undefined;
      const der = this.#arena.allocate(pair.privateKey.length);
      pair.privateKey.copy(der);
      const spki = new Uint8Array(pair.publicKey);
      return { der, publicKey: { type, spki, fingerprint: fingerprintOf(spki) } };
    } finally {
      zero(pair.privateKey);
    }
  }

  #partLength(jobId: string | undefined, part: BundlePart): number {
    if ('bytes' in part) return part.bytes.length;
    return part.key === 'private-key' ? privateKeyPemLength(this.#held(jobId).der.length) : base64Length(agreementKeyBytes);
  }

  /** SECURITY: `into` is locked memory. */
  #compose(jobId: string | undefined, part: BundlePart, into: Buffer): void {
    if ('bytes' in part) into.set(part.bytes);
    else if (part.key === 'private-key') encodePrivateKeyPem(this.#held(jobId).der, into);
    else encodeBase64(this.#heldAgreementKey(jobId).secret, into);
  }

  #heldAgreementKey(jobId: string | undefined): HeldAgreementKey {
    const held = jobId === undefined ? undefined : this.#agreementKeys.get(jobId);
    if (held === undefined) throw new ImprintError('custody-no-such-key', 'The key-agreement key of this job is gone: start the device again.');
    return held;
  }

  #held(jobId: string | undefined): HeldKey {
    const held = jobId === undefined ? undefined : this.#keys.get(jobId);
    if (held === undefined) throw new ImprintError('custody-no-such-key', 'The key of this job is gone: start the device again.');
    return held;
  }

  #withKeyObject<T>(der: Buffer, use: (key: KeyObject) => T, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8'): T {
    let key: KeyObject;
    try {
      key = createPrivateKey({ key: der, format: 'der', type });
    } catch {
      // SECURITY: the cause is left out; OpenSSL's errors may quote what they could not parse.
      throw unreadable();
    }
    try {
      return use(key);
    } finally {
      this.#traces = true;
    }
  }
}

function unreadable(): ImprintError {
  return new ImprintError('verify-key-unreadable', 'The key file on this card is not a private key that can be read: the client would make its own key.', {
    expected: 'a PEM file with one unencrypted private key',
  });
}

function signWith(key: KeyObject, payload: Uint8Array): Uint8Array {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  // RFC 5758, 3.2 leaves the hash open; the one of the curve's own strength is what verifiers expect.
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : curve === 'secp384r1' ? 'sha384' : 'sha256';
  return new Uint8Array(sign(algorithm, payload, key));
}

const generateAsync = promisify(generateKeyPair) as unknown as (
  type: string,
  options: object,
) => Promise<{ publicKey: Buffer; privateKey: Buffer }>;

async function generatePair(type: KeyType): Promise<{ publicKey: Buffer; privateKey: Buffer }> {
  const encodings = {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  };
  try {
    switch (type) {
      case 'rsa-2048':
      case 'rsa-3072':
      case 'rsa-4096':
        return await generateAsync('rsa', { modulusLength: Number(type.slice(4)), publicExponent: 0x10001, ...encodings });
      case 'ec-p256':
        return await generateAsync('ec', { namedCurve: 'prime256v1', ...encodings });
      case 'ec-p384':
        return await generateAsync('ec', { namedCurve: 'secp384r1', ...encodings });
      case 'ed25519':
        return await generateAsync('ed25519', encodings);
    }
  } catch {
    throw new ImprintError('custody-key-failed', 'The key pair could not be made; try again.');
  }
}
