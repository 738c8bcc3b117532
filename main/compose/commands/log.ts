import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ImprintError } from '../../domain/errors';
import { describeIdentity } from '../../domain/identity';
import { assertMay } from '../../domain/roles';
import { addCosignature } from '../../ledger/checkpoint';
import { parseVerifierKey } from '../../ledger/note';
import { writeDurably } from '../durable-file';
import { checkpointIn } from '../log-keeper';
import type { OpenStation } from '../open-station';
import { keyEntry, receiptFor } from '../receipts';
import { identityPairs, required, text, usage, type Command, type CommandContext } from './arguments';
import { withStation } from './context';
import { consistencyCommand } from './log-proofs';

type LogCommand = (context: CommandContext, open: OpenStation) => Promise<number>;

/** `log [status] | key | renew-key | checkpoint | check | anchor | cosign | receipt | consistency` */
export const logCommand: Command = (context) => {
  const [name = 'status', ...rest] = context.positionals;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw usage(`There is no command "log ${name}".`, Object.keys(commands).join(', '));
  return withStation(context, (open) => command({ ...context, positionals: rest }, open));
};

const status: LogCommand = async ({ output }, { station: { log }, keeper, anchors }) => {
  const [head, key, note, kept] = [await log.head(), await log.currentKey(), await log.lastCheckpoint(), await log.anchors()];
  const last = kept.at(-1);
  const checkpoint = note === undefined ? undefined : checkpointIn(note).size;
  const warnings = [...keeper.warnings(), ...anchors.warnings()];
  output.emit({ event: 'result', size: head.size, root: base64(head.root), key, checkpoint, anchor: last === undefined ? undefined : { size: last.size, place: last.place, at: last.at }, warnings });
  output.print(`Entries     ${String(head.size)}`);
  output.print(`Root        ${base64(head.root)}`);
  output.print(`Key         ${key ?? 'none yet'}`);
  output.print(`Checkpoint  ${checkpoint === undefined ? 'none yet' : `over ${String(checkpoint)} entries`}`);
  output.print(`Anchor      ${last === undefined ? 'none yet' : `over ${String(last.size)} entries, ${last.place}, ${last.at}`}`);
  for (const sentence of warnings) output.emit({ event: 'warning', sentence });
  return 0;
};

/** The public half, for whoever will verify. */
const key: LogCommand = async (context, { station, keeper }) => {
  const known = await station.log.currentKey();
  if (known === undefined) {
    assertMay(station.role, 'keep-log');
    await keeper.signer();
  }
  const logKey = known ?? (await station.log.currentKey());
  context.output.emit({ event: 'result', key: logKey });
  context.output.print(logKey ?? '');
  for (const sentence of keeper.warnings()) context.output.emit({ event: 'warning', sentence });
  return 0;
};

const renewKey: LogCommand = async ({ output }, { station, keeper }) => {
  assertMay(station.role, 'renew-log-key');
  const logKey = await keeper.renewKey(station.operator);
  output.emit({ event: 'result', key: logKey });
  output.print(logKey);
  return 0;
};

const checkpoint: LogCommand = async ({ output }, { station, keeper }) => {
  assertMay(station.role, 'keep-log');
  const { note, size } = await keeper.checkpoint();
  output.emit({ event: 'result', size, checkpoint: note });
  output.print(note.trimEnd());
  return 0;
};

/** Exit code 8 where it is broken: a script needs no more. */
const check: LogCommand = async ({ output, signal }, { keeper }) => {
  let told = 0;
  const found = await keeper.check((done, total) => {
    const tenth = Math.floor((done / total) * 10);
    if (total >= 100_000 && tenth > told) output.emit({ event: 'notice', sentence: `${String((told = tenth) * 10)} % of ${String(total)} entries are as they were.` });
  }, signal);
  if (!found.sound) throw new ImprintError('log-broken', found.sentence, { expected: 'the record as it was: restore a backup, and keep this file' });
  const sentence = `The log is sound: ${String(found.size)} entries, ${String(found.checkpoints)} signed heads, ${String(found.devices)} devices.`;
  output.emit({ event: 'result', ...found, root: base64(found.root), sentence });
  output.print(sentence);
  return 0;
};

/** `log anchor --file PATH | --url URL` */
const anchor: LogCommand = async (context, { station, keeper, anchors }) => {
  assertMay(station.role, 'keep-log');
  const [file, url] = [text(context, 'file'), text(context, 'url')];
  if ((file === undefined) === (url === undefined)) throw usage('An anchor goes to a file or to a URL.', '--file PATH or --url URL');
  if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) throw usage(`"${url}" is no URL.`, '--url https://…');
  const head = await keeper.checkpoint();
  const place = await anchors.bring(head, file === undefined ? { url: url ?? '' } : { file: resolve(file) });
  const sentence = `The checkpoint over ${String(head.size)} entries is anchored at ${place}.`;
  context.output.emit({ event: 'result', size: head.size, place, checkpoint: head.note, sentence });
  context.output.print(sentence);
  return 0;
};

/** `log cosign --file REPLY --witness KEY`: a witness's word on a checkpoint that it was sent. */
const cosign: LogCommand = async (context, { station }) => {
  assertMay(station.role, 'keep-log');
  const reply = readText(required(context, 'file'), '--file');
  const witness = parseVerifierKey(required(context, 'witness'));
  const last = await station.log.lastCheckpoint();
  const candidates = [...(last === undefined ? [] : [last]), ...(await station.log.anchors()).map(({ note }) => note).reverse()];
  if (candidates.length === 0) throw new ImprintError('log-checkpoint-invalid', 'This log has no checkpoint yet that a witness could have seen.');
  for (const [index, note] of candidates.entries()) {
    let cosigned: string;
    try {
      cosigned = addCosignature(note, reply, witness);
    } catch (thrown) {
      if (index < candidates.length - 1) continue;
      throw thrown;
    }
    await station.log.keepCheckpoint(cosigned, station.clock.now().toISOString());
    const { size } = checkpointIn(cosigned);
    const sentence = `${witness.name} has seen the checkpoint over ${String(size)} entries; its cosignature is kept.`;
    context.output.emit({ event: 'result', size, witness: witness.name, checkpoint: cosigned, sentence });
    context.output.print(sentence);
    return 0;
  }
  return 1;
};

/** `log receipt --identity k=v [--entry N] -o FILE.tlog-proof`: that this device's key is in the log. */
const receipt: LogCommand = async (context, { station, keeper }) => {
  const path = required(context, 'output');
  const identity = identityPairs(context);
  if (identity === undefined) throw usage('This command needs --identity.', '--identity mac=02:00:00:00:00:01');
  const device = await station.record.findByIdentity(identity);
  if (device === undefined) throw new ImprintError('no-such-device', `The record does not know ${describeIdentity(identity)}.`, { field: 'identity' });
  const entries = await station.log.entriesOfDevice(device.deviceId);
  const wanted = text(context, 'entry');
  const entry = wanted === undefined ? keyEntry(entries) : entries.find(({ seq }) => String(seq) === wanted);
  if (entry === undefined) throw new ImprintError('no-such-device', `The log has no such entry about ${describeIdentity(identity)}.`, { field: '--entry', expected: entries.map(({ seq, event }) => `${String(seq)} (${event})`).join(', ') });
  const { text: proof, checkpoint: note, size } = await receiptFor(entry, { station, keeper });
  writeDurably(resolve(path), proof);
  const sentence = `${path} proves entry ${String(entry.seq)} (${entry.event}) about ${describeIdentity(identity)} under the checkpoint over ${String(size)} entries.`;
  context.output.emit({ event: 'result', entry: entry.seq, of: entry.event, checkpoint: note, path, sentence });
  context.output.print(sentence);
  return 0;
};

const commands: Readonly<Record<string, LogCommand>> = { status, key, 'renew-key': renewKey, checkpoint, check, anchor, cosign, receipt, consistency: consistencyCommand };

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function readText(path: string, field: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    throw usage(`${path} cannot be read${thrown instanceof Error && 'code' in thrown ? ` (${String(thrown.code)})` : ''}.`, `${field} with a file that is there`);
  }
}
