/**
 * A whole shift by scanner keystrokes alone, on loop devices as cards, at a practice server over TLS, with a label printer on
 * loopback: two duplicates, one card pulled while it is written, one outage of the server. `npm test` runs a short one;
 * `npm run test:shift` makes 40 devices in 8 slots and prints what a device cost besides writing.
 */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startPracticeServer, type PracticeServer } from '../../main/servers/mender/practice-server';
import { startLabelPrinter, type LabelPrinterOnLoopback } from '../support/label-printer';
import { attachLoop, detachLoop, loopProblem, makeSparseFile } from '../support/loop-devices';
import { decodedPracticeImage } from '../support/practice-image';
import { imprint, temporaryFolder } from '../support/station';
import { openStationWindow, scan, screenshotFolder, shootAll, sizeTo, type StationWindow } from '../support/window';

const long = process.env['IMPRINT_SHIFT'] === 'long';
const plan = long ? { devices: 40, slots: 8, duplicatesAfter: [8, 25], pulled: 14, outage: { from: 20, cards: 4 } } : { devices: 8, slots: 4, duplicatesAfter: [2, 6], pulled: 3, outage: { from: 4, cards: 2 } };
const cardBytes = 128 * 1024 * 1024;
const account = 'line-b@example.com';
const mac = (number: number): string => `02:5a:00:00:00:${number.toString(16).padStart(2, '0')}`;

interface SlotNow {
  readonly name: string;
  readonly state: string;
  readonly label: string | undefined;
  readonly identity: string;
  /** Shown as the one whose card is taken out next. */
  readonly next: boolean;
}

/** What a person at the bench does between two cards, in milliseconds of the window's answers. */
interface Handling {
  scanned: number;
  started: number;
  labelled: number;
  takenOut: number;
}

describe.skipIf(loopProblem() !== undefined)('a whole shift by scanner alone (root, for loop devices)', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const screenshots = screenshotFolder(folder);
  const password = randomUUID();
  const files = Array.from({ length: plan.slots }, (_, index) => join(folder, `card-${String(index + 1)}.img`));
  const cards: string[] = [];
  const handling = new Map<string, Handling>();
  let server: PracticeServer | undefined;
  let printer: LabelPrinterOnLoopback;
  let station: StationWindow;
  let page: Page;
  let port = 0;
  let url = '';
  let authority = '';

  const startServer = async (): Promise<void> => {
    server = await startPracticeServer({ port, folder: join(folder, 'server'), clock: { now: () => new Date() }, randomness: { uuid: randomUUID }, tls: true, users: [{ username: account, password }] });
    ({ port, url } = server);
    authority = server.certificateAuthorityPem ?? '';
  };

  beforeAll(async () => {
    await startServer();
    printer = await startLabelPrinter();
    writeFileSync(join(folder, 'ca.pem'), authority);
    for (const file of files) cards.push(attachLoop(makeSparseFile(file, cardBytes)));
    writeFileSync(
      join(folder, 'profile.json'),
      JSON.stringify({
        name: 'Line B',
        server: { url, caFile: join(folder, 'ca.pem'), credentials: { username: account, password: { environment: 'LINE_PASSWORD' } } },
        keyType: 'rsa-3072',
        image: await decodedPracticeImage(folder),
        batch: 'WO-2026-11',
        targets: { slots: cards.map((path, index) => ({ name: `Slot ${String(index + 1)}`, path, fixedDisk: true })) },
        label: { printer: { kind: 'zpl', host: '127.0.0.1', port: printer.port }, size: { width: 50, height: 25 }, template: [{ kind: 'qr', x: 2, y: 2, size: 15, content: '{identity.mac}' }], scanBack: true },
      }),
    );
    station = await openStationWindow(data, ['--profile', join(folder, 'profile.json')], { LINE_PASSWORD: password });
    page = station.page;
    await sizeTo(station, 1280, 800);
  });

  afterAll(async () => {
    await station.close();
    for (const card of cards) detachLoop(card);
    await server?.close();
    await printer.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const command = (word: string): Promise<void> => scan(station, `IMPRINT-CMD-${word}`);
  const slots = (): Promise<SlotNow[]> =>
    page.$$eval('[data-testid="slot"]', (elements) =>
      elements.map((element) => ({
        name: element.getAttribute('data-slot') ?? '',
        state: element.getAttribute('data-state') ?? '',
        label: element.getAttribute('data-label') ?? undefined,
        identity: element.querySelector('.slot__value')?.textContent ?? '',
        next: element.getAttribute('data-next') === 'true',
      })),
    );
  const slotIs = (name: string, rest: string) => page.waitForSelector(`[data-testid="slot"][data-slot="${name}"]${rest}`, { timeout: 60_000 });
  const handlingOf = (identity: string): Handling => {
    const known = handling.get(identity) ?? { scanned: 0, started: 0, labelled: 0, takenOut: 0 };
    handling.set(identity, known);
    return known;
  };
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const from = performance.now();
    await work();
    return performance.now() - from;
  };
  /** What the label in the hand says, as the printer printed it. */
  const printed = (): ReadonlySet<string> => new Set(printer.labels.flatMap((_, index) => printer.fields(index).flatMap((field) => /([0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(field)?.[0] ?? [])));

  const begin = async (board: string): Promise<string> => {
    const times = handlingOf(board);
    times.scanned += await timed(async () => {
      await scan(station, board);
      await page.waitForSelector(`[data-testid="slot"][data-state="ready"]:has-text("${board}")`, { timeout: 60_000 });
    });
    const name = (await slots()).find(({ identity, state }) => identity === board && state === 'ready')?.name ?? '';
    times.started += await timed(async () => {
      await command('START');
      await page.waitForSelector(`[data-testid="slot"][data-slot="${name}"]:not([data-state="ready"])`, { timeout: 60_000 });
    });
    return name;
  };

  /** Two scans of a device that is made: each is loud, and NEXT goes on. */
  const scanDuplicate = async (made: string): Promise<void> => {
    await scan(station, made);
    await page.waitForSelector('[data-testid="red-screen"], [data-testid="conflict"]', { timeout: 30_000 });
    // The sound is not asked for: that of a card that ended a moment later may have followed.
    await expect.poll(() => page.getAttribute('[data-testid="last-scan"]', 'data-good')).toBe('false');
    await shootAll(station, screenshots, 'shift-duplicate');
    for (let tries = 0; tries < 4 && (await page.locator('[data-testid="red-screen"], [data-testid="conflict"]').count()) > 0; tries += 1) {
      await command('NEXT');
      await page.waitForTimeout(300);
    }
    await expect.poll(() => page.locator('[data-testid="red-screen"], [data-testid="conflict"]').count()).toBe(0);
  };

  /** The card is drawn out while it is written: its device has no bytes any more. Another card is put in. */
  const pull = async (name: string, board: string): Promise<boolean> => {
    const index = Number(name.replace('Slot ', '')) - 1;
    const [file, device] = [files[index] ?? '', cards[index] ?? ''];
    truncateSync(file, 0);
    execFileSync('losetup', ['--set-capacity', device]);
    const ended = await page.waitForSelector(`[data-testid="slot"][data-slot="${name}"]:is([data-state="failed"], [data-state="done"])`, { timeout: 60_000 });
    const wasDone = (await ended.getAttribute('data-state')) === 'done';
    if (!wasDone) await shootAll(station, screenshots, 'shift-pulled');
    makeSparseFile(file, cardBytes);
    execFileSync('losetup', ['--set-capacity', device]);
    // The card was finished before the hand was there: another one.
    if (wasDone) return false;
    await command('REPEAT');
    await slotIs(name, `[data-state="ready"]:has-text("${board}")`);
    await command('START');
    await page.waitForSelector(`[data-testid="slot"][data-slot="${name}"]:not([data-state="ready"])`);
    return true;
  };

  const boards = Array.from({ length: plan.devices }, (_, index) => mac(index + 1));
  const seen = { waiting: new Set<string>(), duplicates: 0, pulled: '', again: 0 };

  it(`makes ${String(plan.devices)} devices in ${String(plan.slots)} slots`, { timeout: long ? 900_000 : 180_000 }, async () => {
    const left = [...boards];
    const closed = new Set<string>();
    let begun = 0;
    let pictures = 0;
    let outage: 'before' | 'now' | 'after' = 'before';
    while (closed.size < boards.length) {
      const bench = await slots();
      for (const slot of bench) if (slot.state === 'waiting') seen.waiting.add(slot.identity);
      // The server is away until enough cards wait for it.
      if (outage === 'before' && begun >= plan.outage.from) {
        await server?.close();
        server = undefined;
        outage = 'now';
      }
      if (outage === 'now' && seen.waiting.size >= plan.outage.cards) {
        await shootAll(station, screenshots, 'shift-outage');
        await startServer();
        outage = 'after';
      }
      const running = bench.filter(({ state }) => state === 'running').length;
      if (long && running >= 6 && pictures === 0) {
        pictures += 1;
        await shootAll(station, screenshots, 'shift-bench');
      }
      // A label lies in the printer: stuck onto its board, and scanned.
      const label = [...printed()].find((text) => !closed.has(text));
      if (label !== undefined) {
        const shown = bench.find(({ identity }) => identity === label);
        handlingOf(label).labelled += await timed(async () => {
          await scan(station, label);
          if (shown?.label === 'scan') await slotIs(shown.name, '[data-label="printed"]');
          else await page.waitForSelector(`.notice:has-text("${label}"):has-text("was scanned"), [data-testid="slot"][data-label="printed"]:has-text("${label}")`, { timeout: 60_000 });
        });
        closed.add(label);
        if (plan.duplicatesAfter.includes(closed.size)) {
          await scanDuplicate([...closed][0] ?? '');
          seen.duplicates += 1;
        }
        continue;
      }
      // The card that the bench says is next, once its label is on the board.
      const out = bench.find(({ next, state, label: mark }) => next && (state === 'waiting' || mark === 'printed'));
      const free = bench.some(({ state }) => state === 'free');
      if (out !== undefined && (!free || left.length === 0)) {
        handlingOf(out.identity).takenOut += await timed(async () => {
          await command('NEXT');
          const free = `[data-testid="slot"][data-slot="${out.name}"][data-state="free"]`;
          if ((await page.waitForSelector(free, { timeout: 5000 }).catch(() => undefined)) !== undefined) return;
          // As a person would: looked at, told, and scanned once more.
          seen.again += 1;
          process.stdout.write(`NEXT did not free ${out.name}; the window says: ${(await page.textContent('[data-testid="last-scan"]')) ?? ''}\n`);
          await command('NEXT');
          await slotIs(out.name, '[data-state="free"]');
        });
        continue;
      }
      const next = free ? left.shift() : undefined;
      if (next === undefined) {
        await page.waitForTimeout(50);
        continue;
      }
      const name = await begin(next);
      begun += 1;
      if (begun >= plan.pulled && seen.pulled === '' && (await pull(name, next))) seen.pulled = next;
    }
    expect([...printed()].sort()).toEqual(boards);
    expect(seen.waiting.size).toBeGreaterThanOrEqual(plan.outage.cards);
    expect(seen.duplicates).toBe(2);
    expect(seen.pulled).not.toBe('');
    expect(seen.again).toBeLessThanOrEqual(1);
  });

  it('is in the record and at the server as it happened', async () => {
    await page.waitForSelector('[data-testid="outbox"]', { state: 'detached', timeout: 60_000 });
    const { events } = await imprint(['list', '--data', data, '--json'], { LINE_PASSWORD: password });
    const rows = events.filter((event) => event['event'] === 'result');
    const made = rows.filter((row) => row['state'] === 'preauthorized');
    expect(made.map((row) => (row['identity'] as { mac: string }).mac).sort()).toEqual(boards);
    // The pulled card's first try is there for good, and blocks nobody.
    expect(rows.filter((row) => !made.includes(row)).map((row) => [row['state'], (row['identity'] as { mac: string }).mac])).toEqual([['released', seen.pulled]]);
    expect(printer.labels).toHaveLength(plan.devices);
  });

  it('has a report on paper', async () => {
    const path = join(folder, 'shift.pdf');
    await station.application.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
    }, path);
    await page.keyboard.press('Control+r');
    await page.waitForSelector(`[data-testid="shift-page"][data-done="${String(plan.devices)}"]`, { timeout: 30_000 });
    await shootAll(station, screenshots, 'shift-report');
    await page.keyboard.press('Control+p');
    await page.waitForSelector('.notice--success:has-text("shift.pdf")');
    const text = execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
    expect(text).toContain('WO-2026-11');
    expect(text).toMatch(new RegExp(`\\b${String(plan.devices)}\\b`));
  });

  it('says what a device cost besides writing', () => {
    const record = new Database(join(data, 'station/record.sqlite'), { readonly: true });
    const steps = record.prepare('SELECT job_id AS job, name, started_at AS startedAt, ended_at AS endedAt FROM steps WHERE ended_at IS NOT NULL ORDER BY job_id, sequence').all() as { job: string; name: string; startedAt: string; endedAt: string }[];
    const jobs = record.prepare("SELECT job_id AS job, started_at AS startedAt, ended_at AS endedAt FROM jobs WHERE state = 'done'").all() as { job: string; startedAt: string; endedAt: string }[];
    record.close();
    const length = ({ startedAt, endedAt }: { startedAt: string; endedAt: string }): number => Date.parse(endedAt) - Date.parse(startedAt);
    const byName = new Map<string, number[]>();
    for (const step of steps) byName.set(step.name, [...(byName.get(step.name) ?? []), length(step)]);
    const station = jobs.map((job) => length(job) - steps.filter((step) => step.job === job.job && ['write', 'verify'].includes(step.name)).reduce((sum, step) => sum + length(step), 0));
    const person = [...handling.values()].map((times) => times.scanned + times.started + times.labelled + times.takenOut);
    expect(jobs).toHaveLength(plan.devices);
    if (!long) return;
    const rows: [string, number[]][] = [
      ['station, all but write and verify', station],
      ...[...byName].map(([name, values]): [string, number[]] => [`  step ${name}`, values]),
      ['window’s answers to the scanner, a device', person],
      ...(['scanned', 'started', 'labelled', 'takenOut'] as const).map((name): [string, number[]] => [`  ${name}`, [...handling.values()].map((times) => times[name]).filter((value) => value > 0)]),
    ];
    process.stdout.write(`${'milliseconds'.padEnd(44)} median     p95\n${rows.map(([name, values]) => `${name.padEnd(44)} ${quantile(values, 0.5)} ${quantile(values, 0.95)}`).join('\n')}\n`);
  });
});

function quantile(values: readonly number[], part: number): string {
  const sorted = [...values].sort((left, right) => left - right);
  return String(Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN)).padStart(7);
}
