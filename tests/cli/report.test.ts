/** The report of a shift and the dashboard at the command line, and the paper as an anchor of the log. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imprint, temporaryFolder } from '../support/station';

const folder = temporaryFolder();
const data = join(folder, 'data');
const pdf = join(folder, 'shift.pdf');
const run = (...args: string[]) => imprint([...args, '--data', data]);
const inPractice = (...args: string[]) => run(...args, '--practice', '--json');
const textOf = (path: string): string => execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });

beforeAll(async () => {
  expect((await run('practice', '--identity', 'mac=02:00:00:00:00:01')).exitCode).toBe(0);
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('imprint report', () => {
  it('tells the shift, with the speed of its slot', async () => {
    const { exitCode: code, events } = await inPractice('report');
    expect(code).toBe(0);
    const report = events.at(-1);
    expect(report).toMatchObject({ event: 'result', counts: { started: 1, done: 1, failed: 0 }, firstPass: { good: 1, of: 1 } });
    const [speed] = report?.['speeds'] as { write: number }[];
    expect(speed?.write).toBeGreaterThan(0);
  });

  it('is empty for a day without work, and for a batch that nobody made', async () => {
    expect((await inPractice('report', '--from', '2001-01-01', '--until', '2001-01-01')).events.at(-1)).toMatchObject({ counts: { started: 0, done: 0 } });
    expect((await inPractice('report', '--batch', 'WO-none')).events.at(-1)).toMatchObject({ counts: { started: 0, done: 0 } });
  });

  it('refuses a wrong moment, an end before the beginning, and an anchor without paper', async () => {
    for (const [args, field] of [[['--from', '2026-02-30'], '--from'], [['--from', '2026-11-25 25:00'], '--from'], [['--from', '2026-11-02', '--until', '2026-11-01'], '--until']] as const) {
      const { exitCode: code, events } = await inPractice('report', ...args);
      expect(code).toBe(2);
      expect(events.at(-1)).toMatchObject({ code: 'usage', field });
    }
    expect((await inPractice('report', '--anchor')).exitCode).toBe(2);
    expect((await inPractice('report', '--anchor', '-o', join(data, 'practice', 'record.sqlite', 'shift.pdf'))).events.at(-1)).toMatchObject({ code: 'export-unwritable' });
    expect(await anchors()).toBeUndefined();
  });

  it('makes the PDF, whose note is an anchor against which an export is checked', async () => {
    const { exitCode: code, events } = await inPractice('report', '-o', pdf, '--anchor');
    expect(code).toBe(0);
    expect(events.at(-1)?.['anchor']).toMatch(/^shift report \d{4}-\d{2}-\d{2} on paper$/);
    expect(await anchors()).toMatchObject({ place: events.at(-1)?.['anchor'] });
    const text = textOf(pdf);
    for (const part of ['Shift report — PRACTICE', 'First pass', 'Write speed of the slots', 'Log of the record', 'on paper']) expect(text).toContain(part);
    const { note } = (events.at(-1)?.['log'] as { last: { note: string } }).last;
    for (const line of note.trimEnd().split('\n')) expect(text).toContain(line);
    // As somebody types it from the paper.
    const lines = text.split('\n').map((line) => line.trim());
    const end = lines.findIndex((line) => line.startsWith('— '));
    const typed = join(folder, 'typed.txt');
    writeFileSync(typed, `${lines.slice(end - 4, end + 1).join('\n')}\n`);
    expect(readFileSync(typed, 'utf8')).toBe(note);
    const place = join(folder, 'export');
    expect((await inPractice('export', '--to', place, '--no-pdf')).exitCode).toBe(0);
    expect((await run('verify-export', place, '--anchor', typed)).exitCode).toBe(0);
    writeFileSync(typed, note.replace(/^(\d+)$/m, (size) => String(Number(size) - 1)));
    expect((await run('verify-export', place, '--anchor', typed)).exitCode).not.toBe(0);
  });

  it('makes the PDF without an anchor for whoever only looks', async () => {
    const before = await anchors();
    const other = join(folder, 'look.pdf');
    const { exitCode: code } = await inPractice('report', '-o', other);
    expect(code).toBe(0);
    expect(existsSync(other)).toBe(true);
    expect(textOf(other)).not.toContain('on paper');
    expect(await anchors()).toEqual(before);
  });
});

it('imprint dashboard tells today and the last 30 days', async () => {
  const { exitCode: code, events } = await inPractice('dashboard');
  expect(code).toBe(0);
  const found = events.at(-1) as { days: { done: number }[]; total: { done: number } };
  expect(found.days).toHaveLength(30);
  expect([found.days.at(-1)?.done, found.total.done]).toEqual([1, 1]);
});

async function anchors(): Promise<unknown> {
  return (await inPractice('log')).events.at(-1)?.['anchor'];
}
