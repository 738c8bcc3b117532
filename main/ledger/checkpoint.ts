import { hashBytes, isSize } from './merkle';
import { formatNote, fromBase64, invalidNote, parseNote, sameKey, signatureTypes, signNote, verifyNote } from './note';
import type { NoteSigner, VerifierKey } from './note';

/** The head of a log at one moment, as https://c2sp.org/tlog-checkpoint has it. */
export interface Checkpoint {
  /** Which log: the name of its keys too. */
  readonly origin: string;
  /** Number of entries. */
  readonly size: number;
  /** 32 bytes: the root over them (RFC 9162, 2.1.1). */
  readonly root: Uint8Array;
  /** Lines that mean nothing to a verifier; none of ours has any. */
  readonly extensions?: readonly string[] | undefined;
}

/** A witness's word that it saw this head, and that it continues all that it saw before. */
export interface Cosignature {
  readonly name: string;
  /** Seconds since 1970. */
  readonly time: number;
}

export interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint;
  /** The key of the log that signed it. */
  readonly signedBy: VerifierKey;
  /** By the witnesses that were asked for. */
  readonly cosignatures: readonly Cosignature[];
  /** The note as it was read. */
  readonly note: string;
}

/** The text that is signed. @throws ImprintError log-checkpoint-invalid for a head that has no such text */
export function checkpointText({ origin, size, root, extensions = [] }: Checkpoint): string {
  if ([origin, ...extensions].some((line) => line === '' || line.includes('\n'))) throw invalidNote('a line of a checkpoint is empty, or has a line end within');
  if (!isSize(size) || root.length !== hashBytes) throw invalidNote('a checkpoint has a whole number of entries and a root of 32 bytes');
  return `${[origin, String(size), Buffer.from(root).toString('base64'), ...extensions].join('\n')}\n`;
}

/** @throws ImprintError log-checkpoint-invalid */
export function parseCheckpointText(text: string): Checkpoint {
  const lines = text.split('\n');
  const [origin = '', decimal = '', base64 = '', ...extensions] = lines.slice(0, -1);
  const root = fromBase64(base64);
  if (lines.at(-1) !== '' || origin === '' || extensions.includes('')) throw invalidNote('a checkpoint is at least three lines, none of them empty');
  if (!/^(?:0|[1-9][0-9]*)$/.test(decimal) || !isSize(Number(decimal))) throw invalidNote('the second line of a checkpoint is the number of its entries');
  if (root?.length !== hashBytes) throw invalidNote('the third line of a checkpoint is the base64 of 32 bytes');
  return { origin, size: Number(decimal), root, ...(extensions.length === 0 ? {} : { extensions }) };
}

/**
 * SECURITY: the log signs only heads that continue the ones it signed before; that is the caller's to know, who has the tree.
 *
 * @returns the signed note
 * @throws ImprintError log-checkpoint-invalid where the signer's name is not the origin, or its signature is false
 */
export async function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): Promise<string> {
  if (signer.key.name !== checkpoint.origin) throw invalidNote(`the key ${signer.key.name} is not one of the log ${checkpoint.origin}`);
  return formatNote(await signNote({ text: checkpointText(checkpoint), signatures: [] }, signer));
}

/**
 * @param logKeys keys of the log that are trusted; one of them must have signed
 * @param witnesses keys whose cosignatures are wanted; one that is absent is left out, one that is false refuses the note
 * @throws ImprintError log-checkpoint-invalid
 */
export function openCheckpoint(note: string, logKeys: readonly VerifierKey[], witnesses: readonly VerifierKey[] = []): OpenedCheckpoint {
  const signed = parseNote(note);
  const checkpoint = parseCheckpointText(signed.text);
  const own = logKeys.filter((key) => key.type === signatureTypes.ed25519 && key.name === checkpoint.origin);
  const verified = verifyNote(signed, [...own, ...witnesses]);
  const signedBy = verified.find(({ key }) => own.some((each) => sameKey(each, key)))?.key;
  if (signedBy === undefined) throw invalidNote(`no trusted key of the log ${checkpoint.origin} has signed it`);
  const cosignatures = verified.flatMap(({ key, time }) => (time === undefined ? [] : [{ name: key.name, time }]));
  return { checkpoint, signedBy, cosignatures, note };
}

/**
 * Adds a witness's cosignature to our own note.
 *
 * @param reply the lines that came back (https://c2sp.org/tlog-witness, add-checkpoint); those of others are passed over
 * @throws ImprintError log-checkpoint-invalid where it is not that witness's cosignature of this very head
 */
export function addCosignature(note: string, reply: string, witness: VerifierKey): string {
  const own = parseNote(note);
  const cosigned = parseNote(`${own.text}\n${reply.trimEnd()}\n`);
  verifyNote(cosigned, [witness]);
  const known = new Set(own.signatures.map(({ name, id }) => `${name} ${id}`));
  const added = cosigned.signatures.filter(({ name, id }) => name === witness.name && id === witness.id && !known.has(`${name} ${id}`));
  return formatNote({ text: own.text, signatures: [...own.signatures, ...added] });
}
