import { describe, expect, it } from 'vitest';
import type { Progress } from '../../main/domain/job';
import { ProgressMeter } from '../../main/domain/progress';

function meterOf(totalBytes: number): { reports: Progress[]; at: (milliseconds: number, bytes: number) => void } {
  let now = 5000;
  const reports: Progress[] = [];
  const meter = new ProgressMeter('write', totalBytes, (progress) => reports.push(progress), () => now);
  return {
    reports,
    at: (milliseconds, bytes) => {
      now = 5000 + milliseconds;
      meter.add(bytes);
    },
  };
}

describe('ProgressMeter', () => {
  it('reports the start, where no rate is known', () => {
    expect(meterOf(1000).reports).toEqual([{ phase: 'write', doneBytes: 0, totalBytes: 1000, bytesPerSecond: 0 }]);
  });

  it('tells the rate and the time left', () => {
    const { reports, at } = meterOf(10_000);
    at(1000, 2000);
    expect(reports.at(-1)).toEqual({ phase: 'write', doneBytes: 2000, totalBytes: 10_000, bytesPerSecond: 2000, secondsLeft: 4 });
  });

  it('forgets what is longer ago than three seconds', () => {
    const { reports, at } = meterOf(1_000_000);
    for (let second = 1; second <= 10; second += 1) at(second * 1000, second <= 5 ? 100_000 : 1000);
    expect(reports.at(-1)?.bytesPerSecond).toBeCloseTo(1000);
    expect(reports.at(-1)?.secondsLeft).toBeCloseTo(495);
  });

  it('reports at most ten times a second, and always the end', () => {
    const { reports, at } = meterOf(1000);
    for (let count = 1; count <= 1000; count += 1) at(count, 1);
    expect(reports.length).toBeLessThanOrEqual(12);
    expect(reports.length).toBeGreaterThan(8);
    expect(reports.at(-1)).toMatchObject({ doneBytes: 1000, secondsLeft: 0 });
  });

  it('reports the end however soon it comes after another report', () => {
    const { reports, at } = meterOf(10);
    at(150, 5);
    at(151, 5);
    expect(reports.map(({ doneBytes }) => doneBytes)).toEqual([0, 5, 10]);
  });

  it('never counts down below zero nor divides by nothing', () => {
    const { reports, at } = meterOf(0);
    at(0, 0);
    at(1000, 7);
    expect(reports.every(({ bytesPerSecond, secondsLeft }) => Number.isFinite(bytesPerSecond) && (secondsLeft ?? 0) >= 0)).toBe(true);
  });
});
