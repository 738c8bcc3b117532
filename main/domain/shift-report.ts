import { causeWord, interrupted, notKept } from './causes';
import type { JobState } from './job';
import { partsOf, type Interval, type Span } from './shifts';

/** What the report is about; all that is told must hold. */
export interface ReportQuery extends Span {
  readonly batch?: string | undefined;
  readonly operator?: string | undefined;
}

/** A job that ended, as the report counts it. */
export interface ReportJob {
  readonly state: Exclude<JobState, 'open' | 'waiting'>;
  readonly endedAt: string;
  readonly slot: string;
  readonly operator: string;
  readonly batch?: string | undefined;
  readonly imageSha256: string;
  readonly profileName: string;
  readonly profileSha256: string;
  /** An error's code. */
  readonly cause?: string | undefined;
  /** Which board: its identity as text. */
  readonly board: string;
  /** The last try of this board that was decided had failed. */
  readonly again: boolean;
  /** The board came to its server with this key. */
  readonly accepted: boolean;
  readonly written?: Transfer | undefined;
  readonly readBack?: Transfer | undefined;
}

export interface Transfer {
  readonly bytes: number;
  readonly seconds: number;
}

/** `of` boards were tried, `good` of them have a card; a cancelled one was not decided. */
export interface Yield {
  readonly good: number;
  readonly of: number;
}

export interface Tally {
  readonly done: number;
  readonly accepted: number;
  /** With those that a killed station left and that were undone. */
  readonly failed: number;
  readonly cancelled: number;
}

export interface Named extends Tally {
  /** Empty: devices of no batch. */
  readonly name: string;
}

export interface CauseCount {
  readonly cause: string;
  readonly word: string;
  readonly jobs: number;
}

/** One slot's speed over time: bytes a second of the write, and of the reading back. */
export interface SlotSpeed {
  readonly slot: string;
  readonly write?: number | undefined;
  readonly readBack?: number | undefined;
  readonly points: readonly { readonly at: string; readonly write: number }[];
}

/** A signed head of the log. */
export interface ReportCheckpoint {
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly keptAt: string;
  /** The signed note. */
  readonly note: string;
}

export interface ShiftReport {
  readonly query: ReportQuery;
  /** `started`: begun in the span. `waiting`, `running`: begun in it and not ended now. */
  readonly counts: Tally & { readonly started: number; readonly waiting: number; readonly running: number };
  /** Of the boards that were tried here for the first time, those whose first try was good. */
  readonly firstPass: Yield;
  /** Of all boards that were tried, those that have a card at the end. */
  readonly finalYield: Yield;
  readonly interval: Interval;
  readonly parts: readonly (Span & { readonly done: number; readonly failed: number })[];
  /** Done cards an hour, over the whole span. */
  readonly perHour: number;
  readonly causes: readonly CauseCount[];
  readonly slots: readonly Named[];
  readonly operators: readonly Named[];
  readonly batches: readonly Named[];
  readonly images: readonly { readonly sha256: string; readonly jobs: number }[];
  readonly profiles: readonly { readonly name: string; readonly sha256: string; readonly jobs: number }[];
  readonly speeds: readonly SlotSpeed[];
  /** How the log stood when the span began and when it ended, and the key that signs now. */
  readonly log: { readonly first?: ReportCheckpoint | undefined; readonly last?: ReportCheckpoint | undefined; readonly key?: string | undefined };
}

/** What the record says besides the jobs that ended. */
export interface ReportRest {
  readonly started: number;
  readonly waiting: number;
  readonly running: number;
  readonly log: ShiftReport['log'];
}

/** The longest list that is told; what is beyond it is in the export. */
export const mostListed = 200;

/** Makes the report in one pass over the jobs, in any order. */
export function reportOf(query: ReportQuery, jobs: Iterable<ReportJob>, rest: ReportRest): ShiftReport {
  const { interval, parts } = partsOf(query, 'hour');
  const counted = parts.map((part) => ({ ...part, done: 0, failed: 0 }));
  const total = emptyTally();
  const [slots, operators, batches] = [new Map<string, Counting>(), new Map<string, Counting>(), new Map<string, Counting>()];
  const [causes, images, profiles] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()];
  const boards = new Map<string, { first: boolean | undefined; good: boolean; decidedAt: string }>();
  const speeds = new SpeedCounting(query);
  for (const job of jobs) {
    const kind = tallyOf(job.state);
    for (const tally of [total, within(slots, job.slot), within(operators, job.operator), within(batches, job.batch ?? '')]) {
      tally[kind] += 1;
      if (kind === 'done' && job.accepted) tally.accepted += 1;
    }
    const part = kind === 'cancelled' ? undefined : counted[partAt(parts, job.endedAt)];
    if (part !== undefined && kind !== 'cancelled') part[kind] += 1;
    if (kind === 'failed') increase(causes, job.cause ?? (job.state === 'compensated' ? interrupted : notKept));
    increase(images, job.imageSha256);
    increase(profiles, `${job.profileSha256} ${job.profileName}`);
    if (kind !== 'cancelled') decide(boards, job, kind === 'done');
    speeds.add(job);
  }
  const hours = (Date.parse(query.until) - Date.parse(query.from)) / 3_600_000;
  const tried = [...boards.values()];
  const first = tried.filter((board) => board.first !== undefined);
  return {
    query,
    counts: { ...total, started: rest.started, waiting: rest.waiting, running: rest.running },
    firstPass: { good: first.filter((board) => board.first === true).length, of: first.length },
    finalYield: { good: tried.filter((board) => board.good).length, of: tried.length },
    interval,
    parts: counted,
    perHour: hours > 0 ? total.done / hours : 0,
    causes: mostFirst(causes).map(([cause, count]) => ({ cause, word: causeWord(cause), jobs: count })),
    slots: byName(slots),
    operators: byName(operators),
    batches: byName(batches),
    images: mostFirst(images).map(([sha256, count]) => ({ sha256, jobs: count })),
    profiles: mostFirst(profiles).map(([key, count]) => ({ name: key.slice(65), sha256: key.slice(0, 64), jobs: count })),
    speeds: speeds.result(),
    log: rest.log,
  };
}

/** A share in whole and tenths of a percent, or undefined where there was nothing to share. Never 100 where one is missing. */
export function percent({ good, of }: Yield): number | undefined {
  if (of <= 0) return undefined;
  return Math.floor((good / of) * 1000) / 10;
}

type Counting = { -readonly [Name in keyof Tally]: number };

function emptyTally(): Counting {
  return { done: 0, accepted: 0, failed: 0, cancelled: 0 };
}

function tallyOf(state: ReportJob['state']): 'done' | 'failed' | 'cancelled' {
  return state === 'compensated' ? 'failed' : state;
}

function within(map: Map<string, Counting>, name: string): Counting {
  const known = map.get(name) ?? emptyTally();
  map.set(name, known);
  return known;
}

function increase(map: Map<string, number>, name: string): void {
  map.set(name, (map.get(name) ?? 0) + 1);
}

/** The try that ended last decides about a board; that of the same moment that is read last. */
function decide(boards: Map<string, { first: boolean | undefined; good: boolean; decidedAt: string }>, { board, again, endedAt }: ReportJob, good: boolean): void {
  const known = boards.get(board) ?? { first: undefined, good, decidedAt: endedAt };
  if (!again && known.first === undefined) known.first = good;
  if (endedAt >= known.decidedAt) Object.assign(known, { good, decidedAt: endedAt });
  boards.set(board, known);
}

/** Number of the part that a moment is in. */
export function partAt(parts: readonly Span[], moment: string): number {
  let [low, high] = [0, parts.length - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const part = parts[middle];
    if (part === undefined) return -1;
    if (moment < part.from) high = middle - 1;
    else if (moment >= part.until) low = middle + 1;
    else return middle;
  }
  return -1;
}

function mostFirst(map: ReadonlyMap<string, number>): readonly (readonly [string, number])[] {
  return [...map].sort(([name, one], [otherName, other]) => other - one || compare(name, otherName)).slice(0, mostListed);
}

function byName(map: ReadonlyMap<string, Tally>): readonly Named[] {
  return [...map].map(([name, tally]) => ({ name, ...tally })).sort((one, other) => compare(one.name, other.name)).slice(0, mostListed);
}

/** `Slot 2` before `Slot 10`. */
function compare(one: string, other: string): number {
  return one.localeCompare(other, 'en', { numeric: true });
}

/** Bytes and seconds are summed, not speeds: a short card must not count like a long one. */
class SpeedCounting {
  readonly #parts: readonly Span[];
  readonly #slots = new Map<string, { write: Summed; readBack: Summed; parts: Map<number, Summed> }>();

  constructor(span: Span) {
    this.#parts = partsOf(span, 'quarter').parts;
  }

  add({ slot, endedAt, written, readBack }: ReportJob): void {
    // A clock that was set back makes no time pass, or a negative one: nothing is known then.
    if (written === undefined || written.seconds <= 0) return;
    const known = this.#slots.get(slot) ?? { write: new Summed(), readBack: new Summed(), parts: new Map<number, Summed>() };
    this.#slots.set(slot, known);
    known.write.add(written);
    if (readBack !== undefined && readBack.seconds > 0) known.readBack.add(readBack);
    const index = partAt(this.#parts, endedAt);
    const part = known.parts.get(index) ?? new Summed();
    part.add(written);
    known.parts.set(index, part);
  }

  result(): readonly SlotSpeed[] {
    return [...this.#slots]
      .sort(([one], [other]) => compare(one, other))
      .slice(0, mostListed)
      .map(([slot, { write, readBack, parts }]) => ({
        slot,
        write: write.perSecond,
        ...(readBack.perSecond === undefined ? {} : { readBack: readBack.perSecond }),
        points: [...parts]
          .sort(([one], [other]) => one - other)
          .flatMap(([index, sum]) => {
            const part = this.#parts[index];
            return part === undefined || sum.perSecond === undefined ? [] : [{ at: part.from, write: sum.perSecond }];
          }),
      }));
  }
}

class Summed {
  #bytes = 0;
  #seconds = 0;

  add({ bytes, seconds }: Transfer): void {
    this.#bytes += bytes;
    this.#seconds += seconds;
  }

  get perSecond(): number | undefined {
    return this.#seconds > 0 ? this.#bytes / this.#seconds : undefined;
  }
}
