import { rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { asImprintError, ImprintError } from '../domain/errors';
import type { Clock } from '../domain/ports';
import type { LogCheck, RecordLog } from '../domain/record-log';
import { parseCheckpointText, signCheckpoint, type Checkpoint } from '../ledger/checkpoint';
import { firstLogKey, renewLogKey } from '../ledger/log-key';
import { emptyRoot } from '../ledger/merkle';
import { verifyConsistency } from '../ledger/merkle-verify';
import { parseNote, parseVerifierKey, verifierKeyText, type NoteSigner } from '../ledger/note';
import { readIfThere, writeDurably } from './durable-file';
import { newOrigin, type LogKeys } from './log-keys';

export interface LogKeeperParts {
  readonly log: RecordLog;
  readonly keys: LogKeys;
  /** The station's folder. */
  readonly root: string;
  readonly clock: Clock;
  /** Nobody is warned of where a practice key lies. */
  readonly practice?: boolean | undefined;
  /** Name of the station, for the name of a new log; the host's unless told. */
  readonly name?: string | undefined;
  /** Seconds between two checkpoints of a busy station. */
  readonly interval?: number | undefined;
  /** A checkpoint was signed; what comes of it is not waited for. */
  readonly signed?: ((checkpoint: SignedHead) => void) | undefined;
}

export interface SignedHead {
  readonly note: string;
  readonly size: number;
}

const usualInterval = 30;
/** Another process may log, or renew the key, between two questions; it does not do that for ever. */
const attempts = 50;

/**
 * What main does for the log of its record: it has the key, signs the heads that the storage process names, and remembers
 * whether the log was found broken.
 *
 * SECURITY: a head is signed only where it continues the one that was signed before, by a proof that is checked here. The
 * newest one also lies in a file beside the record, so that a record that was put back to an older state is found out.
 */
export class LogKeeper {
  readonly #parts: LogKeeperParts;
  readonly #lastFile: string;
  readonly #brokenFile: string;
  #turn: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #dirty = false;
  #signedAt = Number.NEGATIVE_INFINITY;
  #problem: ImprintError | undefined;

  constructor(parts: LogKeeperParts) {
    this.#parts = parts;
    this.#lastFile = join(parts.root, 'last-checkpoint.txt');
    this.#brokenFile = join(parts.root, 'log-broken.txt');
  }

  /** @throws ImprintError log-broken where the last check, of whatever process, found that */
  assertSound(): void {
    const sentence = readIfThere(this.#brokenFile)?.trim();
    if (sentence === undefined) return;
    throw new ImprintError('log-broken', `${sentence} No device is made until an administrator has looked at it; nothing was repaired.`, { expected: 'a record that "imprint log check" finds sound' });
  }

  /** What the last check found wrong, of whatever process, and when; undefined where nothing was found wrong. */
  foundBroken(): { readonly sentence: string; readonly at: string } | undefined {
    const sentence = readIfThere(this.#brokenFile)?.trim();
    const at = statSync(this.#brokenFile, { throwIfNoEntry: false })?.mtime;
    return sentence === undefined || at === undefined ? undefined : { sentence, at: at.toISOString() };
  }

  /** Sentences for as long as the bench is open: where the key lies, and why no checkpoint is signed. */
  warnings(): readonly string[] {
    const broken = readIfThere(this.#brokenFile)?.trim();
    const key = this.#parts.practice === true ? undefined : this.#parts.keys.warning();
    return [key, broken, broken === undefined ? this.#problem?.message : undefined].filter((sentence) => sentence !== undefined);
  }

  /** The key that signs, made and logged at the first time. @throws ImprintError credential-missing, log-broken, record-* */
  async signer(): Promise<NoteSigner> {
    const { log, keys } = this.#parts;
    const current = await log.currentKey();
    if (current !== undefined) return keys.signer(current);
    // A log that was signed once has a key for ever.
    if (this.#last() !== undefined) throw this.#broken('it has no key, and a head of it was signed before');
    const signer = await keys.keptOrMade(newOrigin(this.#parts.name ?? hostname()));
    try {
      await log.log({ event: 'log-key', by: 'station', at: this.#now(), data: firstLogKey(signer.key) });
    } catch (thrown) {
      // Another process was faster, with the same key under a name of its own.
      const named = await log.currentKey();
      if (named === undefined) throw thrown;
      return keys.signer(named);
    }
    return signer;
  }

  /** A job has ended: its entries are signed for soon. */
  changed(): void {
    this.#dirty = true;
    if (this.#timer !== undefined) return;
    const interval = (this.#parts.interval ?? usualInterval) * 1000;
    const wait = Math.min(interval, Math.max(0, this.#signedAt + interval - performance.now()));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#signQuietly();
    }, wait);
  }

  /**
   * Signs the head as it is now, unless it is signed already.
   *
   * @throws ImprintError log-broken where it does not continue what was signed before; credential-missing, record-*
   */
  checkpoint(): Promise<SignedHead> {
    return this.#inTurn(async () => {
      this.assertSound();
      const signer = await this.signer();
      this.#dirty = false;
      const signed = await this.#sign(signer, attempts);
      this.#signedAt = performance.now();
      this.#problem = undefined;
      this.#parts.signed?.(signed);
      return signed;
    });
  }

  /**
   * Hands the log over to a new key by an entry that both have signed.
   *
   * CRASH: the old key is kept until the log names the new one; whoever opens the log next finds it among the two.
   *
   * @returns the new public key. @throws ImprintError log-broken, credential-missing, record-*
   */
  async renewKey(by: string): Promise<string> {
    const { log, keys } = this.#parts;
    const before = await this.checkpoint();
    const name = await this.#inTurn(async () => {
      const previous = await this.signer();
      const next = await keys.makeNext(previous.key.name);
      for (let left = attempts; left > 0; left -= 1) {
        const { size } = await log.head();
        const data = await renewLogKey(size, previous, next);
        if ((await log.log({ event: 'log-key', by, at: this.#now(), data }, size)) !== undefined) return verifierKeyText((await keys.signer(data.key)).key);
      }
      throw new ImprintError('record-unavailable', `The key was not renewed: others log without a pause since entry ${before.size}; try again.`);
    });
    await this.checkpoint();
    return name;
  }

  /** The whole log once more, and the newest signed head beside it. Repairs nothing. @throws ImprintError record-*, cancelled */
  async check(onProgress: (done: number, total: number) => void, signal: AbortSignal): Promise<LogCheck> {
    const found = await this.#checked(onProgress, signal);
    // What was found is kept for the processes that come after this one.
    if (found.sound) rmSync(this.#brokenFile, { force: true });
    else writeDurably(this.#brokenFile, `${found.sentence}\n`);
    return found;
  }

  /** Signs what was not signed yet. Nothing is signed afterwards. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#dirty) await this.#signQuietly();
    await this.#turn;
  }

  /** The record was put back by an administrator: what was signed beyond it is not its past any more. */
  forgetSigned(): void {
    rmSync(this.#lastFile, { force: true });
    rmSync(this.#brokenFile, { force: true });
  }

  async #sign(signer: NoteSigner, left: number): Promise<SignedHead> {
    const { log } = this.#parts;
    const head = await log.head();
    // SECURITY: a head belongs to the key that its own entries name: both before and after it was read.
    const key = await log.currentKey();
    if (key !== verifierKeyText(signer.key)) {
      if (left === 0) throw new ImprintError('record-unavailable', 'The key of the log changes again and again; try again later.');
      return this.#sign(await this.signer(), left - 1);
    }
    for (const note of [await log.lastCheckpoint(), this.#last()?.note]) {
      if (note === undefined) continue;
      const before = checkpointIn(note);
      if (before.size === head.size && Buffer.from(before.root).equals(head.root) && before.origin === signer.key.name) {
        this.#remember(note, before);
        return { note, size: head.size };
      }
      // A head that another process has signed since ours was read.
      if (before.size > head.size && left > 0 && (await log.head()).size >= before.size) return this.#sign(signer, left - 1);
      await this.#assertContinues(before, head, signer.key.name);
    }
    const checkpoint = { origin: signer.key.name, ...head };
    const note = await signCheckpoint(checkpoint, signer);
    await log.keepCheckpoint(note, this.#now());
    this.#remember(note, checkpoint);
    return { note, size: head.size };
  }

  /** @throws ImprintError log-broken, which also stops the bench */
  async #assertContinues(before: Checkpoint, head: { readonly size: number; readonly root: Uint8Array }, origin: string): Promise<void> {
    const problem = await this.#whyNot(before, head, origin);
    if (problem !== undefined) throw this.#broken(problem);
  }

  async #whyNot(before: Checkpoint, head: { readonly size: number; readonly root: Uint8Array }, origin: string | undefined): Promise<string | undefined> {
    if (origin !== undefined && before.origin !== origin) return `it is ${origin}, and a head of ${before.origin} was signed before`;
    if (before.size > head.size) return `a head over ${before.size} entries was signed, and it has only ${head.size}: the record was put back to an older state`;
    const proof = before.size === 0 ? [] : await this.#parts.log.consistency(before.size, head.size);
    const root = before.size === 0 ? emptyRoot() : before.root;
    return verifyConsistency(before.size, head.size, root, head.root, proof) ? undefined : `the head over ${before.size} entries that was signed before is over other entries`;
  }

  async #checked(onProgress: (done: number, total: number) => void, signal: AbortSignal): Promise<LogCheck> {
    const { log } = this.#parts;
    const last = this.#last();
    const current = await log.currentKey();
    const origin = current === undefined ? undefined : parseVerifierKey(current).name;
    const found = await log.check(await this.#keyToCheck(current), onProgress, signal).catch(unreadable);
    if (!found.sound || last === undefined) return found;
    const problem = await this.#whyNot(last.checkpoint, found, origin);
    return problem === undefined ? found : { sound: false, sentence: `The log of this record is broken: ${problem}.` };
  }

  /** The key that is kept here, under the name that the log has; undefined where it cannot be looked at. */
  async #keyToCheck(current: string | undefined): Promise<string | undefined> {
    if (current === undefined) return undefined;
    const { keys } = this.#parts;
    try {
      return verifierKeyText((await keys.signer(current)).key);
    } catch {
      const kept = await keys.kept(parseVerifierKey(current).name).catch(() => undefined);
      return kept === undefined ? undefined : verifierKeyText(kept.key);
    }
  }

  /** The newest signed head, from beside the record. A file that cannot be read says no more than one that is not there. */
  #last(): { readonly note: string; readonly checkpoint: Checkpoint } | undefined {
    const note = readIfThere(this.#lastFile);
    if (note === undefined) return undefined;
    try {
      return { note, checkpoint: checkpointIn(note) };
    } catch {
      return undefined;
    }
  }

  #remember(note: string, { size }: Checkpoint): void {
    const last = this.#last();
    if (last === undefined || last.checkpoint.size < size) writeDurably(this.#lastFile, note);
  }

  /** Also for the processes that come after this one. @param what as a clause without a full stop */
  #broken(what: string): ImprintError {
    const sentence = `The log of this record is broken: ${what}.`;
    writeDurably(this.#brokenFile, `${sentence}\n`);
    return new ImprintError('log-broken', sentence);
  }

  /** A job has ended well, whether its head could be signed or not: the next checkpoint covers it too. */
  async #signQuietly(): Promise<void> {
    try {
      await this.checkpoint();
    } catch (thrown) {
      this.#problem = asImprintError(thrown);
      this.#dirty = true;
      this.#signedAt = performance.now();
    }
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  #now(): string {
    return this.#parts.clock.now().toISOString();
  }
}

/** A log that cannot be read is as broken as one that reads differently. @throws whatever says nothing about its content */
function unreadable(thrown: unknown): LogCheck {
  const error = asImprintError(thrown);
  if (error.code !== 'record-corrupt' && error.code !== 'log-entry-invalid') throw error;
  return { sound: false, sentence: error.message };
}

export function checkpointIn(note: string): Checkpoint {
  return parseCheckpointText(parseNote(note).text);
}
