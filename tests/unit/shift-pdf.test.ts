/** The printed report: two pages at most for a line with eight slots, with the head of the log to be typed or scanned. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it } from 'vitest';

import type { ShiftReport } from '../../main/domain/shift-report';
import { shiftPdf } from '../../main/export/shift-pdf';
import { signCheckpoint } from '../../main/ledger/checkpoint';
import { firstLogKey } from '../../main/ledger/log-key';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { fillShift } from '../support/filled-shift';
import { logSigner } from '../support/log';

const folder = process.env['IMPRINT_KEEP_PDF'] ?? mkdtempSync(join(tmpdir(), 'imprint-shift-'));
const now = new Date('2026-11-25T14:00:00Z');
let report: ShiftReport;

beforeAll(async () => {
  const path = join(folder, 'record.sqlite');
  await fillShift(path, now);
  const store = SqliteRecordStore.open(path);
  const signer = logSigner('line', 'line-a.example/log/1');
  await store.log.log({ event: 'log-key', by: 'station', at: now.toISOString(), data: firstLogKey(signer.key) });
  await store.log.keepCheckpoint(await signCheckpoint({ origin: signer.key.name, ...(await store.log.head()) }, signer), now.toISOString());
  report = await store.reports.shiftReport({ from: new Date(now.getTime() - 12 * 3_600_000).toISOString(), until: now.toISOString() });
  await store.close();
});

afterAll(() => {
  if (process.env['IMPRINT_KEEP_PDF'] === undefined) rmSync(folder, { recursive: true, force: true });
});

async function printed(given: ShiftReport): Promise<{ readonly text: string; readonly pages: number }> {
  const path = join(folder, 'shift.pdf');
  writeFileSync(path, await shiftPdf({ report: given, madeAt: now.toISOString(), madeBy: 'Ana', practice: false, anchor: 'shift report 2026-11-25 on paper' }));
  const text = execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
  return { text, pages: text.split('\f').length - 1 };
}

it('says on two pages what the window says, with the note line by line', async () => {
  const { text, pages } = await printed(report);
  expect(pages).toBe(2);
  for (const part of ['112', '93.3 %', 'Cards an hour', 'Failures by cause', 'Card did not take it', 'Write speed of the slots', 'Slot 7', 'Ana', 'gateway: aaaa aaaa', 'bbbb bbbb', 'line-a.example/log/1', 'Page 2 of 2']) expect(text).toContain(part);
  for (const line of report.log.last?.note.trimEnd().split('\n') ?? ['no note']) expect(text).toContain(line);
});

it('is a page that says so where nothing was made and nothing was signed', async () => {
  const empty = { ...report, counts: { started: 0, done: 0, accepted: 0, failed: 0, cancelled: 0, waiting: 0, running: 0 }, firstPass: { good: 0, of: 0 }, finalYield: { good: 0, of: 0 }, parts: [], causes: [], slots: [], operators: [], batches: [], images: [], profiles: [], speeds: [], log: {} };
  const { text, pages } = await printed(empty);
  expect(pages).toBe(1);
  expect(text).toContain('no signed head');
});
