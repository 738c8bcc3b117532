/** `imprint doctor` on this computer: what it finds, what it exits with, and that looking makes nothing. */
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { healthReportSchema, type HealthReport } from '../../main/contract/health';
import { openCommandLine, type CommandLine } from '../support/line-commands';

let line: CommandLine;
beforeAll(async () => {
  line = await openCommandLine();
});
afterAll(async () => {
  await line.close();
});

async function examine(words: readonly string[]): Promise<{ report: HealthReport; exitCode: number | null }> {
  const { events, exitCode, stderr } = await line.run(['doctor', '--json', ...words]);
  const { event, ...result } = events.find((each) => each['event'] === 'result') ?? {};
  expect([event, stderr]).toEqual(['result', expect.any(String)]);
  return { report: healthReportSchema.parse(result), exitCode };
}

const stateOf = (report: HealthReport, check: string): string | undefined => report.findings.find((each) => each.check === check)?.state;

it('compares the clock with the profile\'s server and makes nothing', async () => {
  const { report, exitCode } = await examine(['--profile', line.profile]);
  expect(stateOf(report, 'clock')).toBe('ok');
  expect(stateOf(report, 'record')).toBe('ok');
  expect(exitCode).toBe(report.state === 'stop' ? 1 : 0);
  expect(existsSync(join(line.folder, 'data/station'))).toBe(false);
});

it('exits with 1 for a record that cannot be read and a folder that is open, and says what mends them', async () => {
  const station = join(line.folder, 'data/station');
  mkdirSync(station, { recursive: true });
  chmodSync(station, 0o755);
  writeFileSync(join(station, 'record.sqlite'), 'no record');
  const { stdout, exitCode } = await line.run(['doctor']);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^stop +data-folder .*\n +chmod -R go= /m);
  expect(stdout).toMatch(/^stop +record +The record cannot be used: .*\n +imprint restore --from BACKUP/m);
  expect(stdout).toMatch(/must be mended before cards are made/);
  rmSync(station, { recursive: true });
});

it('stops where the profile wants another version, as every job does', async () => {
  const profile = line.profileFile('newer', { station: { atLeast: '99.0' } });
  const { report, exitCode } = await examine(['--profile', profile]);
  expect([stateOf(report, 'station-version'), exitCode]).toEqual(['stop', 1]);
  const refused = await line.run(['provision', '--json', '--profile', profile, '--identity', 'mac=02:00:00:00:00:01', '--target', line.card('02:00:00:00:00:01')]);
  expect(refused.exitCode).toBe(3);
  expect(refused.events.at(-1)).toMatchObject({ event: 'error', code: 'station-version', field: 'station.atLeast', expected: 'version 99.0 or newer' });
  expect(existsSync(line.card('02:00:00:00:00:01'))).toBe(false);
});

it('checks the log of the record, and exits with 1 where somebody wrote into it', async () => {
  await line.make('02:00:00:00:00:09');
  expect(stateOf((await examine([])).report, 'record')).toBe('ok');
  const record = new Database(join(line.folder, 'data/station/record.sqlite'));
  record.exec('DROP TRIGGER log_entries_refuse_update');
  record.exec(`UPDATE log_entries SET entry = replace(entry, '"slot":"', '"slot":"x') WHERE event = 'written'`);
  record.close();
  const { report, exitCode } = await examine([]);
  expect(report.findings.find(({ check }) => check === 'record')).toMatchObject({ state: 'stop', sentence: expect.stringMatching(/entry \d+ is not what it was when it was logged/) as string, command: 'imprint log check' });
  expect(exitCode).toBe(1);
});
