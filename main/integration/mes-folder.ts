import { closeSync, constants, fstatSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { extname, join } from 'node:path';
import { asImprintError, ImprintError } from '../domain/errors';
import type { BatchInbox, BatchResults } from '../domain/mes-orders';
import type { Clock, FaultPoints } from '../domain/ports';
import { readBatchText, type LocatedProblem } from './batch-text';
import { orderBody } from './order-body';

const folders = ['in', 'done', 'rejected', 'out'] as const;
type Folder = (typeof folders)[number];

/** Ten thousand identities are less than a megabyte. */
const largestFile = 8 * 1024 * 1024;
/** A file that did not change for so long is whole, or its writer should have renamed it in. */
const usualSettle = 2000;
const devicesOfPage = 500;

export interface MesFolderParts {
  readonly folder: string;
  readonly inbox: BatchInbox;
  readonly results: BatchResults;
  readonly clock: Clock;
  readonly faults: FaultPoints;
  /** How long a file must stay as it is before it is read, in milliseconds. */
  readonly settle?: number | undefined;
}

/** What became of one file. */
export interface HandledFile {
  readonly file: string;
  readonly outcome: 'accepted' | 'rejected' | 'results';
  readonly sentence: string;
}

/**
 * The watched folder of an MES. `in`: batch files, best renamed into it; `done`: those that were taken, each with a receipt;
 * `rejected`: those that were not, each with a text that says why; `out`: what became of the devices of a batch.
 *
 * It is looked at again and again, because a share of another computer tells nobody of its changes.
 */
export class MesFolder {
  readonly #parts: MesFolderParts;
  /** Files as they were seen the last time, by name. */
  #seen = new Map<string, { readonly stamp: string; readonly since: number }>();

  constructor(parts: MesFolderParts) {
    this.#parts = parts;
  }

  /** Handles every file that is whole. @throws ImprintError integration-folder where the folder cannot be used, record-* */
  async pass(): Promise<readonly HandledFile[]> {
    const ready = this.#ready();
    const handled: HandledFile[] = [];
    for (const file of ready) {
      const one = await this.#handle(file);
      if (one !== undefined) handled.push(one);
    }
    return handled;
  }

  /** Whether files wait that are not whole yet. */
  get waiting(): boolean {
    return this.#seen.size > 0;
  }

  /**
   * Writes what became of a batch into `out`. CRASH: whole or not at all; it can be asked for again.
   *
   * @returns the path; undefined for a batch that nobody knows
   */
  async writeResult(batch: string): Promise<string | undefined> {
    const { results, clock } = this.#parts;
    const overview = await results.batch(batch);
    if (overview === undefined) return undefined;
    this.#makeFolders();
    const path = this.#path('out', `${fileName(batch)}.json`);
    const next = this.#path('out', `.${createHash('sha256').update(batch).digest('hex').slice(0, 16)}.new`);
    const file = openFile(next);
    try {
      const { order, counts, signedOffAt, complete } = overview;
      const head = { v: 1, batch, at: clock.now().toISOString(), practice: results.practice ? true : undefined, complete, signedOffAt, counts, order: order === undefined ? undefined : { name: order.batch, ...orderBody(order) } };
      writeSync(file, `${JSON.stringify(head).slice(0, -1)},"devices":[`);
      let after: string | undefined;
      let first = true;
      do {
        const page = await results.devices(batch, after, devicesOfPage);
        for (const device of page.devices) {
          writeSync(file, `${first ? '' : ','}\n${JSON.stringify({ ...device, batch: undefined })}`);
          first = false;
        }
        after = page.next;
      } while (after !== undefined);
      writeSync(file, '\n]}\n');
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, path);
    syncFolder(this.#path('out'));
    return path;
  }

  #ready(): readonly string[] {
    this.#makeFolders();
    const now = this.#parts.clock.now().getTime();
    const seen = new Map<string, { stamp: string; since: number }>();
    const ready: string[] = [];
    for (const name of this.#list()) {
      let stamp: string;
      try {
        const { size, mtimeMs, ino } = statSync(this.#path('in', name));
        stamp = `${String(size)} ${String(mtimeMs)} ${String(ino)}`;
      } catch {
        continue;
      }
      const before = this.#seen.get(name);
      const since = before?.stamp === stamp && before.since <= now ? before.since : now;
      if (before?.stamp === stamp && now - since >= (this.#parts.settle ?? usualSettle)) ready.push(name);
      else seen.set(name, { stamp, since });
    }
    this.#seen = seen;
    return ready;
  }

  /** By name, so that an MES that numbers its files has them taken in that order. Hidden files and those of other kinds are nobody's. */
  #list(): readonly string[] {
    try {
      return readdirSync(this.#path('in')).filter((name) => !name.startsWith('.') && /\.(?:json|csv)$/i.test(name)).sort();
    } catch (thrown) {
      throw unusable(this.#parts.folder, thrown);
    }
  }

  async #handle(name: string): Promise<HandledFile | undefined> {
    const { inbox, faults } = this.#parts;
    const text = readWhole(this.#path('in', name));
    if (text === undefined) return undefined;
    if (typeof text !== 'string') return this.#reject(name, [{ line: 1, field: '', sentence: text.problem }]);
    const read = readBatchText(text, extname(name).toLowerCase() === '.csv' ? 'csv' : 'json');
    if (read.kind === 'wrong') return this.#reject(name, read.problems);
    if (read.kind === 'results') {
      const path = await this.writeResult(read.batch);
      if (path === undefined) return this.#reject(name, [{ line: 1, field: 'results', sentence: `Neither the record nor an order has a batch ${read.batch}.` }]);
      const request = this.#moveTo('done', name);
      return { file: request, outcome: 'results', sentence: `The devices of batch ${read.batch} are in ${path}.` };
    }
    const verdict = await inbox.accept(read.batch, 'folder');
    // CRASH: the order is in the record, the file still in "in": it is offered again, which changes nothing, and moved then.
    faults.reached('mes:accepted');
    if (!verdict.accepted) return this.#reject(name, verdict.problems.map((problem) => ({ ...problem, line: read.lineOf(problem.field) })));
    const { receipt } = verdict;
    const moved = this.#moveTo('done', name, `${JSON.stringify({ v: 1, accepted: true, already: verdict.already, file: name, ...receipt }, undefined, 2)}\n`, '.receipt.json');
    faults.reached('mes:moved');
    return { file: moved, outcome: 'accepted', sentence: verdict.already ? `Batch ${receipt.name} was ordered before, the same as now.` : `Batch ${receipt.name} is ordered: ${receipt.identities === 0 ? 'whatever is scanned' : `${String(receipt.identities)} ${receipt.identities === 1 ? 'identity' : 'identities'}`}.` };
  }

  #reject(name: string, problems: readonly LocatedProblem[]): HandledFile {
    const lines = problems.map(({ line, field, sentence }) => `line ${String(line)}${field === '' ? '' : `, ${field}`}: ${sentence}`);
    const text = `${name} was not taken. Nothing of it was ordered.\n\n${lines.join('\n')}\n`;
    const moved = this.#moveTo('rejected', name, text, '.txt');
    return { file: moved, outcome: 'rejected', sentence: lines[0] ?? 'It was not taken.' };
  }

  /**
   * Moves a file out of `in` with a note beside it. CRASH: the note is durable first, so a moved file always has its note.
   *
   * @returns the name that it has there: another one where that name is taken
   */
  #moveTo(folder: Folder, name: string, note?: string, noteEnd = ''): string {
    const extension = extname(name);
    const stem = name.slice(0, name.length - extension.length);
    let target = name;
    for (let number = 2; isThere(this.#path(folder, target)); number += 1) target = `${stem} (${String(number)})${extension}`;
    if (note !== undefined) {
      const notePath = this.#path(folder, `${target}${noteEnd}`);
      const file = openFile(`${notePath}.new`);
      try {
        writeFileSync(file, note);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(`${notePath}.new`, notePath);
    }
    renameSync(this.#path('in', name), this.#path(folder, target));
    syncFolder(this.#path(folder));
    syncFolder(this.#path('in'));
    return target;
  }

  #makeFolders(): void {
    try {
      for (const name of folders) mkdirSync(this.#path(name), { recursive: true });
    } catch (thrown) {
      throw unusable(this.#parts.folder, thrown);
    }
  }

  #path(folder: Folder, name = ''): string {
    return join(this.#parts.folder, folder, name);
  }
}

function unusable(folder: string, cause: unknown): ImprintError {
  return new ImprintError('record-unavailable', `The folder ${folder} of the MES cannot be used; it is tried again.`, { field: 'mes.folder', expected: 'a folder that this user may write', cause });
}

/** SECURITY: a link or a pipe that somebody put there is not followed, and a file is not read beyond its limit. @returns undefined where it is gone again */
function readWhole(path: string): string | { readonly problem: string } | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    return { problem: code === 'ELOOP' ? 'This is a link: put the file itself here.' : `The file cannot be read (${code ?? 'unknown'}).` };
  }
  try {
    const facts = fstatSync(file);
    if (!facts.isFile()) return { problem: 'This is no file.' };
    if (facts.size > largestFile) return { problem: `The file is larger than ${String(largestFile / 1024 / 1024)} MiB.` };
    const bytes = readFileSync(file);
    if (bytes.length > largestFile || fstatSync(file).size !== facts.size) return undefined;
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch {
      return { problem: 'The file is no UTF-8 text.' };
    }
  } catch (thrown) {
    return { problem: asImprintError(thrown).message };
  } finally {
    closeSync(file);
  }
}

/** A file for everybody to read, never through a link that lies there. */
function openFile(path: string): number {
  rmSync(path, { force: true });
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

function syncFolder(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A batch's name as that of a file: nothing in it can lead elsewhere, and two batches never share one. */
export function fileName(batch: string): string {
  const safe = encodeURIComponent(batch).replace(/^\./, '%2E');
  return safe.length <= 180 ? safe : `${safe.slice(0, 140)}~${createHash('sha256').update(batch).digest('hex').slice(0, 32)}`;
}
