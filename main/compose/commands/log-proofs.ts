import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ImprintError } from '../../domain/errors';
import { parseEntry } from '../../ledger/entry';
import { parseVerifierKey, type VerifierKey } from '../../ledger/note';
import { formatConsistency, parseConsistency, verifyCheckpoints, verifyReceipt } from '../../ledger/tlog-proof';
import { writeDurably } from '../durable-file';
import { checkpointIn } from '../log-keeper';
import type { OpenStation } from '../open-station';
import { required, usage, type Command, type CommandContext } from './arguments';

/** `log consistency --from OLDER.txt -o FILE`: that the log under its last checkpoint begins with all entries of an older one. */
export async function consistencyCommand(context: CommandContext, { station: { log } }: OpenStation): Promise<number> {
  const path = resolve(required(context, 'output'));
  const older = checkpointOf(required(context, 'from'), '--from');
  const note = await log.lastCheckpoint();
  if (note === undefined) throw new ImprintError('log-proof-invalid', 'This log has no checkpoint yet.', { expected: '"imprint log checkpoint" first' });
  const newer = checkpointIn(note);
  if (older.origin !== newer.origin) throw new ImprintError('log-proof-invalid', `That checkpoint is one of ${older.origin}, and this log is ${newer.origin}.`, { field: '--from' });
  if (older.size > newer.size) {
    throw new ImprintError('log-proof-invalid', `That checkpoint stands over ${older.size} entries, and the last one of this log over ${newer.size}: sign the head first, or this record was put back to an older state.`, { field: '--from' });
  }
  writeDurably(path, formatConsistency({ oldSize: older.size, hashes: await log.consistency(older.size, newer.size), checkpoint: note }));
  const sentence = `${path} shows how the log of ${newer.size} entries continues the one of ${older.size}.`;
  context.output.emit({ event: 'result', older: older.size, newer: newer.size, checkpoint: note, path, sentence });
  context.output.print(sentence);
  return 0;
}

/** `verify-proof FILE --key KEY [--anchor OLDER.txt]`: a receipt, or the proof between two checkpoints. Needs no record. */
export const verifyProofCommand: Command = (context) => Promise.resolve(verifyProof(context));

function verifyProof(context: CommandContext): number {
  const [file, ...more] = context.positionals;
  if (file === undefined || more.length > 0) throw usage('This command needs one proof.', 'verify-proof FILE --key KEY');
  const key = parseVerifierKey(required(context, 'key'));
  const proof = readText(file, 'FILE');
  const anchors = context.values['anchor'];
  const [older, ...others] = Array.isArray(anchors) ? (anchors as readonly string[]) : [];
  if (others.length > 0) throw usage('A proof is between two checkpoints.', '--anchor OLDER.txt once');
  const facts = proof.startsWith('c2sp.org/tlog-proof@') ? receiptFacts(proof, key) : consistencyFacts(proof, key, older);
  context.output.emit({ event: 'result', ...facts });
  context.output.print(facts.sentence);
  return 0;
}

function receiptFacts(proof: string, key: VerifierKey) {
  const { index, entry, checkpoint } = verifyReceipt(proof, [key]);
  const { at, by, station, event, data } = parseEntry(entry, index);
  const sentence = `Entry ${index} is one of the ${checkpoint.size} entries of ${checkpoint.origin}: ${event} at ${at}, by ${by} on ${station}.`;
  return { kind: 'receipt', entry: index, at, by, station, of: event, data, size: checkpoint.size, sentence };
}

function consistencyFacts(proof: string, key: VerifierKey, anchor: string | undefined) {
  if (anchor === undefined) throw usage('This proof is between two checkpoints: which is the older one?', '--anchor OLDER.txt');
  const { oldSize, hashes, checkpoint } = parseConsistency(proof);
  const { older, newer } = verifyCheckpoints(lastNote(readText(anchor, '--anchor')), checkpoint, hashes, [key]);
  if (oldSize !== older.checkpoint.size) throw new ImprintError('log-proof-invalid', `This proof begins at ${oldSize} entries, and the older checkpoint stands over ${older.checkpoint.size}.`, { field: '--anchor' });
  const sentence = `The ${newer.checkpoint.size} entries of ${newer.checkpoint.origin} begin with the ${older.checkpoint.size} of the older checkpoint: nothing of them was changed.`;
  return { kind: 'consistency', older: older.checkpoint.size, newer: newer.checkpoint.size, sentence };
}

/** The last signed note of a file, which may have several: a file of anchors. @throws ImprintError log-checkpoint-invalid */
function checkpointOf(path: string, field: string): ReturnType<typeof checkpointIn> {
  return checkpointIn(lastNote(readText(path, field)));
}

function lastNote(content: string): string {
  // Text, empty line, signatures, empty line, and so on.
  const blocks = content.split('\n\n').map((block) => block.replace(/^\n+|\n+$/g, '')).filter((block) => block !== '');
  return `${blocks.slice(-2).join('\n\n')}\n`;
}

function readText(path: string, field: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new ImprintError('export-unreadable', `${path} cannot be read.`, { field, expected: 'a file that is there', cause: thrown });
  }
}
