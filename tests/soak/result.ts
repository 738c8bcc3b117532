import { memoryTrend } from './memory';
import type { MemorySample } from './messages';
import type { Finding } from './verdict';

/**
 * V8 lets its heap become as large as it may before it collects garbage, which takes some hundred rounds and is no leak. So what
 * is judged is the heap after a collection, and the memory outside of it.
 */
const mostHeapGrowthMiB = 2;
const mostOtherGrowthMiB = 16;
/** A watch that asks every three seconds, and more rarely after trouble. */
const leastRoundsPerMinute = 2;

export interface WatchResult {
  /** Of the time in which devices were made and came. */
  readonly busy: readonly MemorySample[];
  /** Of the quiet rounds that are judged. */
  readonly quiet: readonly MemorySample[];
  /** Rounds in the busy time. */
  readonly rounds: number;
  /** Further rounds, which faults ended. */
  readonly troubles: number;
  readonly quietRounds: number;
  /** Seconds. */
  readonly longestQuietRound: number;
  /** After a garbage collection, before and after the quiet rounds that are judged. */
  readonly heapMiB: readonly [number, number];
}

export interface SoakResult {
  readonly devices: number;
  readonly rivals: number;
  readonly seed: number;
  readonly makingSeconds: number;
  readonly totalSeconds: number;
  readonly requests: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Replies with 409. */
  readonly conflicts: number;
  /** How the jobs ended, and how often. */
  readonly endings: Readonly<Record<string, number>>;
  readonly waited: number;
  readonly findings: readonly Finding[];
  readonly watches: readonly WatchResult[];
}

/** What is to be proven, with what is said of the watches. */
export function allFindings({ findings, watches, makingSeconds }: SoakResult): readonly Finding[] {
  const about = (claim: string, violation: (watch: WatchResult) => string | undefined): Finding => ({
    claim,
    checked: watches.length,
    violations: watches.flatMap((watch, index) => {
      const sentence = violation(watch);
      return sentence === undefined ? [] : [`watch ${index + 1} ${sentence}`];
    }),
  });
  return [
    ...findings,
    about('a watch looks while devices are made', ({ rounds, troubles }) => (rounds + troubles < (makingSeconds / 60) * leastRoundsPerMinute ? `looked ${rounds + troubles} times` : undefined)),
    about(`a watch keeps nothing from round to round (heap after a collection: at most ${mostHeapGrowthMiB} MiB more)`, ({ heapMiB: [before, after], quietRounds }) =>
      after - before > mostHeapGrowthMiB ? `kept ${(after - before).toFixed(2)} MiB in ${quietRounds} rounds` : undefined,
    ),
    about(`what else is resident of a watch is flat (outside of the heap: at most ${mostOtherGrowthMiB} MiB more)`, ({ quiet }) => {
      const { growthMiB } = memoryTrend(quiet, outsideOfHeap);
      return growthMiB > mostOtherGrowthMiB ? `grew by ${growthMiB.toFixed(1)} MiB` : undefined;
    }),
  ];
}

const resident = ({ residentMiB }: MemorySample): number => residentMiB;
const outsideOfHeap = ({ residentMiB, heapMiB }: MemorySample): number => residentMiB - heapMiB;

const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const byNumber = (table: Readonly<Record<string, number>>): readonly (readonly [string, number])[] => Object.entries(table).sort(([, a], [, b]) => b - a);

export function describeResult(result: SoakResult): string {
  const { devices, seed, makingSeconds, totalSeconds, requests } = result;
  const struck = Object.values(result.faults).reduce((sum, count) => sum + count, 0);
  const findings = allFindings(result);
  const failed = findings.filter(({ violations }) => violations.length > 0);
  return [
    `${devices} devices, seed ${seed}: made and booted in ${makingSeconds.toFixed(0)} s (${(devices / makingSeconds).toFixed(1)} a second), ${totalSeconds.toFixed(0)} s in all. ${requests} requests until then, ${struck} of them struck by a fault (${((100 * struck) / Math.max(1, requests)).toFixed(1)} %). ${result.rivals} devices had a rival; the server answered 409 ${result.conflicts} times. ${result.waited} cards had to wait in an outbox.`,
    '',
    row('claim', 'looked at', 'violations'),
    row('---', '---', '---'),
    ...findings.map(({ claim, checked, violations }) => row(claim, checked, violations.length)),
    '',
    row('watch', 'rounds while busy', 'ended by faults', 'resident MiB: first', 'largest', 'quiet rounds', 'longest, s', 'resident MiB: first', 'last', 'slope, KiB a minute', 'outside of the heap: growth, MiB', 'slope, KiB a minute', 'heap MiB after a collection'),
    row(...Array.from({ length: 13 }, () => '---')),
    ...result.watches.map(({ busy, quiet, rounds, troubles, quietRounds, longestQuietRound, heapMiB }, index) => {
      const outside = memoryTrend(quiet, outsideOfHeap);
      const one = (samples: readonly MemorySample[], choose: (values: readonly number[]) => number | undefined): string => (choose(samples.map(resident)) ?? 0).toFixed(0);
      return row(
        index + 1,
        rounds,
        troubles,
        one(busy, (values) => values[0]),
        one(busy, (values) => Math.max(0, ...values)),
        quietRounds,
        longestQuietRound.toFixed(1),
        one(quiet, (values) => values[0]),
        one(quiet, (values) => values.at(-1)),
        memoryTrend(quiet, resident).slopeKiBPerMinute.toFixed(0),
        outside.growthMiB.toFixed(1),
        outside.slopeKiBPerMinute.toFixed(0),
        heapMiB.map((value) => value.toFixed(2)).join(' → '),
      );
    }),
    '',
    row('fault', 'times'),
    row('---', '---'),
    ...byNumber(result.faults).map(([name, times]) => row(name, times)),
    '',
    row('end of a job', 'times'),
    row('---', '---'),
    ...byNumber(result.endings).map(([name, times]) => row(name, times)),
    '',
    ...failed.flatMap(({ claim, violations }) => [`NOT TRUE: ${claim}`, ...violations.slice(0, 10).map((sentence) => `- ${sentence}`), '']),
    failed.length === 0 ? 'Everything holds.' : `${failed.length} claims do not hold.`,
  ].join('\n');
}
