import type { MemorySample } from './messages';

export interface MemoryTrend {
  /** Least squares, in KiB a minute. */
  readonly slopeKiBPerMinute: number;
  /** The median of the last fifth beside that of the first. */
  readonly growthMiB: number;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Where a kind of memory goes. */
export function memoryTrend(samples: readonly MemorySample[], of: (sample: MemorySample) => number): MemoryTrend {
  const values = samples.map(of);
  const times = samples.map(({ at }) => at / 60);
  const [meanTime, meanValue] = [mean(times), mean(values)];
  const spread = times.reduce((sum, time) => sum + (time - meanTime) ** 2, 0);
  const slope = spread === 0 ? 0 : times.reduce((sum, time, at) => sum + (time - meanTime) * ((values[at] ?? 0) - meanValue), 0) / spread;
  const fifth = Math.max(1, Math.floor(values.length / 5));
  return { slopeKiBPerMinute: slope * 1024, growthMiB: median(values.slice(-fifth)) - median(values.slice(0, fifth)) };
}
