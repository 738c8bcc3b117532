import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, readlinkSync, realpathSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { asImprintError, ImprintError } from '../domain/errors';
import type { LogCheck, LogHead, RecordLog } from '../domain/record-log';
import { verifyConsistency } from '../ledger/merkle-verify';
import { storageClient } from '../ipc/clients';
import { logClient } from '../ipc/log-channel';
import { syncFolder } from './durable-file';
import { checkpointIn } from './log-keeper';
import type { StationFolder } from './station-folder';
import { storageProcess } from './storage-process';

export interface RestoreRequest {
  readonly from: string;
  readonly by: string;
  readonly now: Date;
  /** An admin's reason to put back a log that is older than its last anchor, or another one. */
  readonly override?: string | undefined;
}

export interface Restored {
  readonly size: number;
  readonly devices: number;
  /** Size of the newest anchor that was known here. */
  readonly anchorSize?: number | undefined;
  readonly overridden: boolean;
  /** Where the record lies that was there before; absent where there was none. */
  readonly replaced?: string | undefined;
}

/**
 * Puts a backup in the place of the record. The copy is checked as a whole and says in its own log that it was put back,
 * before it takes that place. What was there stays beside it: it may be evidence.
 *
 * CRASH: the record is the old one or the new one. A kill after the exchange leaves the last signed head of the old one,
 * which stops the bench until the command is run again.
 *
 * @throws ImprintError slot-busy where a process has the record open; restore-older; log-broken, record-* for the backup
 */
export async function restoreRecord(folder: StationFolder, { from, by, now, override }: RestoreRequest, signal: AbortSignal): Promise<Restored> {
  const source = resolve(from);
  if (!existsSync(source)) throw new ImprintError('record-unavailable', `There is no backup at ${source}.`, { field: '--from', expected: 'a file that "imprint backup" made' });
  assertNobodyHas(folder.record);
  const known = existsSync(folder.record) ? await anchorsOf(folder.record, override !== undefined) : [];
  assertNobodyHas(folder.record);
  const draft = join(folder.root, 'record-restoring.sqlite');
  removeRecord(draft);
  try {
    mkdirSync(folder.root, { recursive: true, mode: 0o700 });
    copyFileSync(source, draft);
    const restored = await withLog(draft, async (log) => {
      const found = await log.check(undefined, () => undefined, signal);
      if (!found.sound) throw new ImprintError('log-broken', `The backup ${source} is not sound and was not put back: ${found.sentence}`, { field: '--from' });
      const notes = [...known, ...(await log.anchors()).map(({ note }) => note)];
      const anchorSize = notes.length === 0 ? undefined : Math.max(...notes.map((note) => checkpointIn(note).size));
      const problem = await notContinued(log, found, notes);
      if (problem !== undefined && override === undefined) {
        throw new ImprintError('restore-older', `${problem} Whoever has that anchor would find events missing: restore a newer backup.`, { field: '--override', expected: 'the reason, from somebody whose role is admin' });
      }
      const overridden = problem !== undefined;
      await log.log({
        event: 'restore',
        by,
        at: now.toISOString(),
        data: { size: found.size, root: Buffer.from(found.root).toString('base64'), override: overridden, anchorSize, path: source, reason: override },
      });
      return { size: found.size, devices: devicesIn(found), anchorSize, overridden };
    });
    return { ...restored, replaced: exchange(folder, draft, now) };
  } finally {
    removeRecord(draft);
  }
}

function devicesIn(found: LogCheck): number {
  return found.sound ? found.devices : 0;
}

/**
 * Anchors that a record knows; one that cannot be read any more knows none. That of a newer version may know some that nobody
 * here can read: it is only given up on an admin's word, as after going back to an earlier version.
 */
async function anchorsOf(record: string, overridden: boolean): Promise<readonly string[]> {
  return withLog(record, async (log) => (await log.anchors()).map(({ note }) => note)).catch((thrown: unknown) => {
    const { code } = asImprintError(thrown);
    if (code === 'record-from-the-future') {
      if (overridden) return [];
      throw new ImprintError('restore-older', 'The record that is here is of a newer Imprint, so nobody can say what the backup lacks.', { field: '--override', expected: 'the reason, from somebody whose role is admin' });
    }
    if (code !== 'record-corrupt' && code !== 'record-unavailable') throw thrown;
    return [];
  });
}

/** One sentence about the first anchor that this log is no continuation of. */
async function notContinued(log: RecordLog, head: LogHead, notes: readonly string[]): Promise<string | undefined> {
  for (const note of notes) {
    const { size, root } = checkpointIn(note);
    if (size > head.size) return `The backup has ${String(head.size)} entries, and an anchor stands over ${String(size)}.`;
    if (size > 0 && !verifyConsistency(size, head.size, root, head.root, await log.consistency(size, head.size))) return `The backup has other entries than the anchor over ${String(size)} stands for.`;
  }
  return undefined;
}

/** @returns where the old record lies now */
function exchange({ record, root }: StationFolder, draft: string, now: Date): string | undefined {
  assertNobodyHas(record);
  const replaced = join(root, `record-replaced-${now.toISOString().replace(/[-:]|\.\d+/g, '')}.sqlite`);
  const there = existsSync(record);
  if (there) linkSync(record, replaced);
  // A write-ahead log of the old record would be played into the new one.
  for (const end of ['-wal', '-shm']) if (existsSync(`${record}${end}`)) renameSync(`${record}${end}`, `${replaced}${end}`);
  renameSync(draft, record);
  syncFolder(root);
  return there ? replaced : undefined;
}

async function withLog<Result>(record: string, use: (log: RecordLog) => Promise<Result>): Promise<Result> {
  const storage = storageProcess(record);
  try {
    return await use(logClient(storage));
  } finally {
    // Closed in order, so that nothing is left in its write-ahead log.
    await storageClient(storage).close().catch(() => undefined);
    await storage.stop();
  }
}

function removeRecord(path: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
}

/** A process that has the old file open would go on in it, and what it records would be lost. */
export function assertNobodyHas(record: string): void {
  if (!existsSync(record)) return;
  const path = realpathSync(record);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!descriptorsOf(pid).includes(path)) continue;
    throw new ImprintError('slot-busy', `Process ${pid} has the record open: close every window and command of this station first.`, { field: '--data' });
  }
}

/** Of processes of other users nothing is known; they may not open the record either. */
function descriptorsOf(pid: string): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((descriptor) => {
      try {
        return [readlinkSync(join(folder, descriptor))];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
