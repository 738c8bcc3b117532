import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { asImprintError, ImprintError } from '../domain/errors';
import type { Clock } from '../domain/ports';
import type { Anchor, RecordLog } from '../domain/record-log';
import type { AnchorPlace, StationSettings } from '../contract/station-settings';
import { syncFolder } from './durable-file';
import type { SignedHead } from './log-keeper';

type After = NonNullable<NonNullable<StationSettings['log']>['anchorAfter']>;

/** How long a place on the network may take. */
const patience = 30_000;
const usualAfter: After = { hours: 24 };

/**
 * Brings checkpoints to where nobody at this station can change them, and writes down where they are.
 *
 * SECURITY: an anchor counts by being somewhere else. One that could not be brought there is not kept here either.
 */
export class LogAnchors {
  readonly #log: RecordLog;
  readonly #clock: Clock;
  readonly #places: readonly AnchorPlace[];
  readonly #after: After;
  readonly #problems = new Map<string, string>();
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(log: RecordLog, clock: Clock, settings: StationSettings) {
    this.#log = log;
    this.#clock = clock;
    this.#places = settings.log?.anchors ?? [];
    this.#after = settings.log?.anchorAfter ?? usualAfter;
  }

  /** One sentence for each place of the settings that the last checkpoint could not be brought to. */
  warnings(): readonly string[] {
    return [...this.#problems.values()];
  }

  /** To the places of the settings that are due. Never throws: a job that has ended well does not fail by it. */
  signed(head: SignedHead): void {
    if (this.#places.length === 0 || this.#closed) return;
    this.#turn = this.#turn.then(async () => {
      const known = await this.#log.anchors().catch(() => []);
      for (const place of this.#places) {
        const name = placeName(place);
        const last = known.findLast((anchor) => anchor.place === name);
        if (last?.note === head.note || !isDue(this.#after, last, head.size, this.#clock.now())) continue;
        try {
          await this.bring(head, place);
          this.#problems.delete(name);
        } catch (thrown) {
          this.#problems.set(name, asImprintError(thrown).message);
        }
      }
    });
  }

  /** @throws ImprintError record-unavailable where it is a file, server-* where it is a URL */
  async bring({ note }: SignedHead, place: AnchorPlace): Promise<string> {
    const name = placeName(place);
    if ('file' in place) appendNote(resolve(place.file), note);
    else await post(place.url, note);
    await this.#log.keepAnchor(note, name, this.#clock.now().toISOString());
    return name;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
  }
}

export function isDue(after: After, last: Anchor | undefined, size: number, now: Date): boolean {
  if (last === undefined) return true;
  if (size <= last.size) return false;
  if (after.entries !== undefined && size - last.size >= after.entries) return true;
  if (after.hours !== undefined && now.getTime() - Date.parse(last.at) >= after.hours * 3_600_000) return true;
  return (after.shifts ?? []).some((time) => lastEnd(time, now).getTime() > Date.parse(last.at));
}

/** When this shift ended last, by the clock on the wall. */
function lastEnd(time: string, now: Date): Date {
  const end = new Date(now);
  end.setHours(Number(time.slice(0, 2)), Number(time.slice(3)), 0, 0);
  if (end > now) end.setDate(end.getDate() - 1);
  return end;
}

function placeName(place: AnchorPlace): string {
  return 'file' in place ? resolve(place.file) : place.url;
}

/**
 * Adds a note to the notes of a file, an empty line between two: the form of an export's anchors.txt. Durable when it returns.
 *
 * CRASH: a note that was written in part is closed by an empty line, so that it cannot spoil the next one.
 */
export function appendNote(path: string, note: string): void {
  try {
    const file = openSync(path, 'a+', 0o644);
    try {
      const { size } = fstatSync(file);
      const end = Buffer.alloc(Math.min(size, 1));
      if (size > 0) readSync(file, end, 0, 1, size - 1);
      const between = size === 0 ? '' : end.toString('latin1') === '\n' ? '\n' : '\n\n';
      if (readFileSync(path, 'utf8').endsWith(note)) return;
      // Writes all of it, however many calls that takes.
      writeFileSync(file, `${between}${note}`);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    syncFolder(dirname(path));
  } catch (thrown) {
    throw new ImprintError('record-unavailable', `The checkpoint could not be added to ${path}: no anchor was kept.`, { field: '--file', expected: 'a file on another disk or share that this user may write', cause: thrown });
  }
}

/** @throws ImprintError server-unreachable, server-refused */
async function post(url: string, note: string): Promise<void> {
  let reply: Response;
  try {
    reply = await fetch(url, { method: 'POST', headers: { 'content-type': 'text/plain; charset=utf-8' }, body: note, redirect: 'error', signal: AbortSignal.timeout(patience) });
    await reply.arrayBuffer();
  } catch (thrown) {
    throw new ImprintError('server-unreachable', `The checkpoint could not be sent to ${url}: no anchor was kept.`, { field: '--url', cause: thrown });
  }
  if (!reply.ok) throw new ImprintError('server-refused', `${url} did not take the checkpoint (HTTP ${String(reply.status)}): no anchor was kept.`, { field: '--url' });
}
