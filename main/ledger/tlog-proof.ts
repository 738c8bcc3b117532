import { ImprintError } from '../domain/errors';
import { openCheckpoint } from './checkpoint';
import type { OpenedCheckpoint } from './checkpoint';
import { hashBytes, isSize, leafHash } from './merkle';
import { verifyConsistency, verifyInclusion } from './merkle-verify';
import { fromBase64 } from './note';
import type { VerifierKey } from './note';

/** A receipt for one entry, as https://c2sp.org/tlog-proof has it; files of it end in `.tlog-proof`. */
export interface TlogProof {
  /** Number of the entry. */
  readonly index: number;
  /** From the leaf's sibling up to the root's child, 32 bytes each. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
  /**
   * Not covered by the proof. A receipt of this station has the entry's bytes here, so that one file is all that is
   * needed; they count only because their own hash is the leaf that is proven.
   */
  readonly extra?: Uint8Array | undefined;
}

export interface VerifiedReceipt extends OpenedCheckpoint {
  readonly index: number;
  /** Bytes of the entry that is proven to be in the log. */
  readonly entry: Uint8Array;
}

/** The proof that a newer checkpoint continues an older one. */
export interface ConsistencyProof {
  readonly oldSize: number;
  readonly hashes: readonly Uint8Array[];
  /** The newer signed note, verbatim. */
  readonly checkpoint: string;
}

const proofHeader = 'c2sp.org/tlog-proof@v1';
/** tlog-witness takes no more, and no tree here is deeper than 53. */
const mostHashes = 63;

export function formatProof({ index, hashes, checkpoint, extra }: TlogProof): string {
  const lines = [proofHeader, ...(extra === undefined ? [] : [`extra ${base64Of(extra)}`]), `index ${index}`, ...hashes.map(base64Of)];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/** @throws ImprintError log-proof-invalid for a text that is no such proof */
export function parseProof(text: string): TlogProof {
  const { lines, checkpoint } = split(text);
  if (lines.shift() !== proofHeader) throw invalidProof(`it does not begin with "${proofHeader}"`);
  const extraText = /^extra (.+)$/.exec(lines[0] ?? '')?.[1];
  if (extraText !== undefined) lines.shift();
  const extra = extraText === undefined ? undefined : fromBase64(extraText);
  if (extraText !== undefined && extra === undefined) throw invalidProof('its extra data is not base64');
  const index = numberOf('index', lines.shift());
  return { index, hashes: hashesOf(lines), checkpoint, ...(extra === undefined ? {} : { extra }) };
}

/**
 * Checks a receipt against a log's public key: with this file and that key nothing else is needed, now or in ten years.
 *
 * @param entry the entry's bytes where they are known; else those in the receipt
 * @throws ImprintError log-proof-invalid, log-checkpoint-invalid
 */
export function verifyReceipt(text: string, logKeys: readonly VerifierKey[], witnesses: readonly VerifierKey[] = [], entry?: Uint8Array): VerifiedReceipt {
  const proof = parseProof(text);
  const opened = openCheckpoint(proof.checkpoint, logKeys, witnesses);
  const leaf = entry ?? proof.extra;
  if (leaf === undefined) throw invalidProof('it does not hold the entry, and none was given');
  const { size, root } = opened.checkpoint;
  if (!verifyInclusion(leafHash(leaf), proof.index, size, proof.hashes, root)) {
    throw invalidProof(`the entry is not number ${proof.index} of the ${size} entries under this checkpoint`);
  }
  return { ...opened, index: proof.index, entry: leaf };
}

/** As a witness is asked (https://c2sp.org/tlog-witness, add-checkpoint): `old N`, the hashes, an empty line, the newer checkpoint. */
export function formatConsistency({ oldSize, hashes, checkpoint }: ConsistencyProof): string {
  return `${[`old ${oldSize}`, ...hashes.map(base64Of)].join('\n')}\n\n${checkpoint}`;
}

/** @throws ImprintError log-proof-invalid for a text that is no such proof */
export function parseConsistency(text: string): ConsistencyProof {
  const { lines, checkpoint } = split(text);
  const oldSize = numberOf('old', lines.shift());
  return { oldSize, hashes: hashesOf(lines), checkpoint };
}

/**
 * Whether the log under the newer checkpoint begins with all entries of the older one. Both must be signed by trusted keys
 * of one log.
 *
 * @returns both, opened
 * @throws ImprintError log-proof-invalid where history differs, log-checkpoint-invalid
 */
export function verifyCheckpoints(
  olderNote: string,
  newerNote: string,
  hashes: readonly Uint8Array[],
  logKeys: readonly VerifierKey[],
): { readonly older: OpenedCheckpoint; readonly newer: OpenedCheckpoint } {
  const older = openCheckpoint(olderNote, logKeys);
  const newer = openCheckpoint(newerNote, logKeys);
  const [one, other] = [older.checkpoint, newer.checkpoint];
  if (one.origin !== other.origin) throw invalidProof(`the checkpoints are of two logs, ${one.origin} and ${other.origin}`);
  if (one.size > other.size) throw invalidProof(`the older checkpoint has ${one.size} entries, the newer one only ${other.size}: entries were taken away`);
  if (!verifyConsistency(one.size, other.size, one.root, other.root, hashes)) {
    throw invalidProof(`the log of ${other.size} entries does not begin with the ${one.size} entries of the older checkpoint: its history was changed, or the proof is of another log`);
  }
  return { older, newer };
}

function split(text: string): { readonly lines: string[]; readonly checkpoint: string } {
  const end = text.indexOf('\n\n');
  if (end < 0) throw invalidProof('it has no checkpoint behind an empty line');
  return { lines: text.slice(0, end).split('\n'), checkpoint: text.slice(end + 2) };
}

function numberOf(name: string, line: string | undefined): number {
  const decimal = /^([a-z]+) (0|[1-9][0-9]*)$/.exec(line ?? '');
  const value = Number(decimal?.[2]);
  if (decimal?.[1] !== name || !isSize(value)) throw invalidProof(`its line "${name}" is missing or is no number`);
  return value;
}

function hashesOf(lines: readonly string[]): readonly Uint8Array[] {
  if (lines.length > mostHashes) throw invalidProof('it has more hashes than a tree can need');
  return lines.map((line) => {
    const hash = fromBase64(line);
    if (hash?.length !== hashBytes) throw invalidProof('one of its hashes is not the base64 of 32 bytes');
    return hash;
  });
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function invalidProof(what: string): ImprintError {
  return new ImprintError('log-proof-invalid', `The proof does not hold: ${what}.`);
}
