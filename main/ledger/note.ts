import { createHash, createPublicKey, verify } from 'node:crypto';

import { ImprintError } from '../domain/errors';
import { equal } from './merkle-verify';

/**
 * Signed notes (https://c2sp.org/signed-note): a text, an empty line, and one line for each signature. With the two kinds
 * of signature that a log of this station meets: its own, and a witness's (https://c2sp.org/tlog-cosignature).
 */
export const signatureTypes = { ed25519: 0x01, cosignatureV1: 0x04 } as const;
export type SignatureType = (typeof signatureTypes)[keyof typeof signatureTypes];

/** The public half of a key that signs notes. */
export interface VerifierKey {
  /** By which its signatures are found: for a log, its origin. */
  readonly name: string;
  /** SHA-256(name || 0x0A || type || public key)[:4], big-endian. */
  readonly id: number;
  readonly type: SignatureType;
  /** 32 bytes (RFC 8032, 5.1.5). */
  readonly publicKey: Uint8Array;
}

/** A private key that is somewhere else. */
export interface NoteSigner {
  readonly key: VerifierKey;
  /** 64 bytes: Ed25519 (RFC 8032, 5.1.6), neither prehashed nor with a context. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export interface NoteSignature {
  readonly name: string;
  readonly id: number;
  /** Without the four bytes of the id. */
  readonly bytes: Uint8Array;
}

export interface SignedNote {
  /** With its final line end. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

/** A signature that was checked. */
export interface VerifiedSignature {
  readonly key: VerifierKey;
  /** Of a cosignature: seconds since 1970. */
  readonly time?: number | undefined;
}

/** The specification asks for sixteen at least; no note of ours comes near, and one from outside must not take the memory. */
const mostSignatures = 64;
const largestNote = 256 * 1024;

/** @throws ImprintError log-checkpoint-invalid for a name that a note cannot have, or a key of another length */
export function verifierKey(name: string, type: SignatureType, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw invalidNote(`"${name}" cannot be the name of a key: it is empty, or has a blank, a plus sign or a control character`);
  if (publicKey.length !== 32) throw invalidNote(`an Ed25519 public key has 32 bytes, not ${publicKey.length}`);
  return { name, type, publicKey, id: keyId(name, type, publicKey) };
}

/** `name+id+base64`, the id in eight hexadecimal digits. */
export function verifierKeyText(key: VerifierKey): string {
  return `${key.name}+${key.id.toString(16).padStart(8, '0')}+${Buffer.of(key.type, ...key.publicKey).toString('base64')}`;
}

/** @throws ImprintError log-checkpoint-invalid for anything but the text of an Ed25519 key whose id is its own */
export function parseVerifierKey(text: string): VerifierKey {
  const [, name = '', id = '', base64 = ''] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const bytes = fromBase64(base64);
  const type = bytes?.[0];
  if (bytes === undefined || (type !== signatureTypes.ed25519 && type !== signatureTypes.cosignatureV1)) {
    throw invalidNote('that is no public key of a log or of a witness, which is written name+id+base64 and is an Ed25519 key');
  }
  const key = verifierKey(name, type, bytes.subarray(1));
  if (key.id !== Number.parseInt(id, 16)) throw invalidNote(`the id of the key ${name} is not the one that it says`);
  return key;
}

/** @throws ImprintError log-checkpoint-invalid for anything that is not a signed note */
export function parseNote(note: string): SignedNote {
  if (note.length > largestNote) throw invalidNote('a signed note is not that large');
  // eslint-disable-next-line no-control-regex -- the specification forbids them
  if (!note.isWellFormed() || /[\u0000-\u0009\u000b-\u001f]/.test(note)) throw invalidNote('a signed note has no control character besides line ends');
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw invalidNote('a signed note is a text, an empty line and lines of signatures');
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > mostSignatures) throw invalidNote(`a signed note has up to ${mostSignatures} signatures here`);
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

export function formatNote({ text, signatures }: SignedNote): string {
  return `${text}\n${signatures.map(signatureLine).join('')}`;
}

/**
 * The signatures by keys that are trusted; those by others say nothing and are passed over.
 *
 * @throws ImprintError log-checkpoint-invalid where a trusted key's signature is false, or none is there
 */
export function verifyNote(note: SignedNote, keys: readonly VerifierKey[]): readonly VerifiedSignature[] {
  const verified: VerifiedSignature[] = [];
  for (const key of keys) {
    const own = note.signatures.filter(({ name, id }) => name === key.name && id === key.id);
    const times = own.map((signature) => verifiedTime(note.text, signature, key));
    const [first] = times;
    if (first !== undefined) verified.push(first.time === undefined ? { key } : { key, time: first.time });
  }
  if (verified.length === 0) throw invalidNote('no key that is trusted has signed it');
  return verified;
}

/** Adds a signature to a note that may have others. @throws ImprintError log-checkpoint-invalid where the signer is not who it says */
export async function signNote(note: SignedNote, signer: NoteSigner): Promise<SignedNote> {
  if (!note.text.endsWith('\n')) throw invalidNote('the text of a note ends with a line end');
  const { key } = signer;
  if (key.type !== signatureTypes.ed25519) throw invalidNote('this station signs no cosignatures');
  const bytes = await signer.sign(Buffer.from(note.text, 'utf8'));
  const signed = { text: note.text, signatures: [...note.signatures, { name: key.name, id: key.id, bytes }] };
  // A signature that nobody can check must not become evidence.
  verifyNote(signed, [key]);
  return parseNote(formatNote(signed));
}

/** Ed25519 over a message (RFC 8032, 5.1.7). */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  // SubjectPublicKeyInfo of RFC 8410, 4: what Node takes.
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey]);
  return verify(null, message, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature);
}

export function sameKey(one: VerifierKey, other: VerifierKey): boolean {
  return one.name === other.name && one.type === other.type && equal(one.publicKey, other.publicKey);
}

/** Bytes of standard base64 in its one form (RFC 4648, 4, with padding and no bits to spare), or undefined. */
export function fromBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

export function invalidNote(what: string, cause?: unknown): ImprintError {
  return new ImprintError('log-checkpoint-invalid', `The signed note cannot be trusted: ${what}.`, { cause });
}

function keyId(name: string, type: number, publicKey: Uint8Array): number {
  return createHash('sha256').update(`${name}\n`).update(Buffer.of(type)).update(publicKey).digest().readUInt32BE(0);
}

function isKeyName(name: string): boolean {
  return name !== '' && name.isWellFormed() && !/[\p{White_Space}\p{Cc}+]/u.test(name);
}

function parseSignature(line: string): NoteSignature {
  const [, name = '', base64 = ''] = /^\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
  const bytes = fromBase64(base64);
  if (!isKeyName(name) || bytes === undefined || bytes.length < 5) throw invalidNote('one of its lines of signatures is none');
  return { name, id: bytes.readUInt32BE(0), bytes: bytes.subarray(4) };
}

function signatureLine({ name, id, bytes }: NoteSignature): string {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(id);
  return `\u2014 ${name} ${Buffer.concat([number, bytes]).toString('base64')}\n`;
}

/** @throws ImprintError log-checkpoint-invalid */
function verifiedTime(text: string, { bytes }: NoteSignature, key: VerifierKey): { readonly time?: number } {
  const wrong = (): ImprintError => invalidNote(`the signature by ${key.name} is false`);
  if (key.type === signatureTypes.ed25519) {
    if (!verifyEd25519(key.publicKey, Buffer.from(text, 'utf8'), bytes)) throw wrong();
    return {};
  }
  // tlog-cosignature: eight bytes of time, then the signature over two lines and the text.
  if (bytes.length !== 72) throw wrong();
  const time = Number(Buffer.from(bytes.subarray(0, 8)).readBigUInt64BE());
  const message = Buffer.from(`cosignature/v1\ntime ${String(time)}\n${text}`, 'utf8');
  if (!Number.isSafeInteger(time) || !verifyEd25519(key.publicKey, message, bytes.subarray(8))) throw wrong();
  return { time };
}
