import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { readCsv } from '../../main/domain/csv';
import type { LogEntry } from '../../main/ledger/entry';
import { csvCell, csvRow, jsonRow } from '../../main/ledger/export-rows';
import { manifestNote } from '../../main/ledger/export-writer';
import { renewLogKey } from '../../main/ledger/log-key';
import { verifierKeyText } from '../../main/ledger/note';
import { verifyExport } from '../../main/ledger/verifier/verify-export.mjs';
import { exportTo, folderTarget, MemoryLog } from '../support/exported-log';
import { logSigner } from '../support/log';

let root: string;
let folder: string;
let log: MemoryLog;
let anchors: string[];

/** Twelve devices in every state, of two batches and profiles, one with a name that a spreadsheet would run. */
async function filledLog(): Promise<{ log: MemoryLog; anchors: string[] }> {
  const filled = new MemoryLog();
  const old: string[] = [];
  for (let number = 0; number < 12; number += 1) {
    const state = (['accepted', 'preauthorized', 'released', 'reserved'] as const)[number % 4];
    const identity = number === 5 ? { serial: '=HYPERLINK("http://x","y")' } : undefined;
    filled.device(number, state, { batch: number < 6 ? '-WO "1", a' : 'WO-2', profile: number % 2 === 0 ? '+gateway' : 'sensor\nB', ...(identity === undefined ? {} : { identity }) });
    if (number === 4 || number === 8) old.push(await filled.checkpoint());
  }
  filled.append('sign-off', { batch: 'WO-2', total: 6, accepted: 2 });
  return { log: filled, anchors: old };
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'imprint-export-'));
  ({ log, anchors } = await filledLog());
  await exportTo(join(root, 'good'), await log.source(anchors), { signer: log.signer });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  cpSync(join(root, 'good'), folder, { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string): string => join(folder, name);
const read = (name: string): string => readFileSync(path(name), 'utf8');
const write = (name: string, content: string | Buffer): void => writeFileSync(path(name), content);

async function findingsOf(options: Parameters<typeof verifyExport>[1] = {}): Promise<string[]> {
  const lines: string[] = [];
  const { findings } = await verifyExport(folder, { ...options, finding: (line) => lines.push(line) });
  expect(findings).toBe(lines.length);
  return lines;
}

/** Makes the manifest and its signature right again, as somebody could who has the station's key. */
async function signAgain(): Promise<void> {
  const manifest = JSON.parse(read('manifest.json')) as { origin: string; files: { name: string; bytes: number; sha256: string }[] };
  for (const file of manifest.files) {
    const content = readFileSync(path(file.name));
    file.bytes = content.length;
    file.sha256 = createHash('sha256').update(content).digest('hex');
  }
  write('manifest.json', JSON.stringify(manifest));
  write('manifest.note', await manifestNote(manifest.origin, createHash('sha256').update(readFileSync(path('manifest.json'))).digest('hex'), log.signer));
}

/** Changes the lines of a file and signs the export again, so that only the log itself can tell. */
async function changeLines(name: string, change: (lines: string[]) => string[]): Promise<void> {
  write(name, `${change(read(name).slice(0, -1).split('\n')).join('\n')}\n`);
  await signAgain();
}

const swapped = (lines: string[], one: number, other: number): string[] => lines.map((line, at) => (at === one ? (lines[other] ?? '') : at === other ? (lines[one] ?? '') : line));
const without = (lines: string[], place: number): string[] => lines.filter((_, at) => at !== place);

describe('an export', () => {
  it('is accepted, by the module and by the script in it with plain Node', async () => {
    expect(await verifyExport(folder)).toEqual({
      findings: 0,
      files: 8,
      entries: log.entries.length,
      devices: 12,
      anchors: 2,
      origin: log.origin,
      key: verifierKeyText(log.signer.key),
      root: (await log.checkpoint()).split('\n')[2],
    });
    const good = await script([]);
    expect(good.code).toBe(0);
    expect(good.output).toMatch(/^Nothing is wrong: 12 devices, \d+ entries, 8 files, 2 anchors of line-a\.example\/log/);
    expect(await script([folder, '--key', verifierKeyText(log.signer.key)])).toMatchObject({ code: 0 });
    expect((await script([folder, '--key', verifierKeyText(logSigner('other', log.origin).key)])).code).toBe(1);
    expect((await script(['--help'])).code).toBe(1);
    write('devices.csv', read('devices.csv').replace('accepted', 'released'));
    const bad = await script([]);
    expect(bad.code).toBe(1);
    expect(bad.output).toContain('devices.csv line 2: the row of entry 1 was changed (state)');
  });

  it('has CSV that another reader reads, and that no spreadsheet runs', () => {
    const rows = readCsv(read('devices.csv'));
    expect(rows).toHaveLength(13);
    const [header, ...devices] = rows.map(({ values }) => values);
    expect(header?.slice(0, 5)).toEqual(['entry', 'made_at', 'made_by', 'device', 'identity']);
    expect(devices.every((values) => values.length === header?.length)).toBe(true);
    expect(devices[0]?.[header?.indexOf('batch') ?? 0]).toBe('\'-WO "1", a');
    expect(devices[0]?.[header?.indexOf('profile') ?? 0]).toBe('\'+gateway');
    expect(devices.flat().filter((value) => /^[=+\-@\t\r]/.test(value))).toEqual([]);
    for (const [value, cell] of [['=1', "'=1"], ['@a', "'@a"], ['\t', "'\t"], ['\r', `"'\r"`], ['a"b', '"a""b"'], ['', '']] as const) expect(csvCell(value)).toBe(cell);
  });

  it('has the rows in both forms, with nothing that is not in the log', () => {
    const [device] = log.devices;
    if (device === undefined) throw new Error('there are devices');
    expect(read('devices.csv')).toContain(csvRow(device));
    expect(read('devices.jsonl')).toContain(jsonRow(device));
    expect(JSON.parse(jsonRow({ ...device, batch: undefined }))).not.toHaveProperty('batch');
  });

  it('of a selection has the rows that the verifier finds by itself', async () => {
    const [first, middle] = [log.devices[3], log.devices[9]];
    for (const [index, selection] of [
      { batch: 'WO-2' },
      { profile: 'sensor\nB', states: ['preauthorized' as const] },
      { from: first?.madeAt ?? '', before: middle?.madeAt ?? '' },
      { batch: 'nobody' },
    ].entries()) {
      const target = join(folder, `selection-${index}`);
      const { devices } = await exportTo(target, await log.source(anchors, selection), { signer: log.signer });
      expect(await verifyExport(target)).toMatchObject({ findings: 0, devices });
    }
  });

  it('may have further files, folders and a second signature', async () => {
    const target = join(folder, 'more');
    await exportTo(target, await log.source(), {
      signer: log.signer,
      moreFiles: (files) => files.add('keys/device-1.pem', 'PEM'),
      signManifest: (manifest) => Promise.resolve(createHash('sha256').update(manifest).digest()),
    });
    expect(await verifyExport(target)).toMatchObject({ findings: 0, files: 9, anchors: 0 });
  });
});

describe('an export is refused, and says where, after', () => {
  it('one byte of the CSV was changed', async () => {
    const bytes = readFileSync(path('devices.csv'));
    bytes[bytes.length - 10] = (bytes[bytes.length - 10] ?? 0) ^ 1;
    write('devices.csv', bytes);
    const found = await findingsOf();
    expect(found).toContainEqual(expect.stringContaining('devices.csv was changed: its SHA-256'));
    expect(found).toContainEqual(expect.stringMatching(/^devices\.csv line \d+: the row of entry \d+ was changed \(state_at\)$/));
  });

  it.each([
    ['devices.csv', 1],
    ['devices.jsonl', 0],
  ])('a row of %s was removed, though the manifest was signed again', async (name, first) => {
    await changeLines(name, (lines) => without(lines, first));
    expect(await findingsOf()).toEqual([`${name}: the row of entry 1 (device device-0) was removed`]);
  });

  it('the last row was removed', async () => {
    await changeLines('devices.jsonl', (lines) => without(lines, 11));
    expect(await findingsOf()).toEqual([expect.stringMatching(/^devices\.jsonl: the row of entry \d+ \(device device-11\) was removed$/)]);
  });

  it('two rows were swapped', async () => {
    await changeLines('devices.jsonl', (lines) => swapped(lines, 3, 4));
    expect(await findingsOf()).toEqual([expect.stringMatching(/^devices\.jsonl line 5: the row of entry \d+ stands in another place$/)]);
  });

  it('a row was added, a new one or one that is there', async () => {
    await changeLines('devices.jsonl', (lines) => [...lines, JSON.stringify({ entry: 999_999 }), lines[2] ?? '']);
    expect(await findingsOf()).toEqual([expect.stringMatching(/^devices\.jsonl line 13: this row was added: \{"entry":999999/), expect.stringMatching(/^devices\.jsonl line 14: this row was added/)]);
  });

  it('a row was changed, though the manifest was signed again', async () => {
    await changeLines('devices.jsonl', (lines) => lines.map((line, at) => (at === 6 ? line.replace('"madeBy":"Ana"', '"madeBy":"Bob"').replace('device-6', 'device-7') : line)));
    expect(await findingsOf()).toEqual([expect.stringMatching(/^devices\.jsonl line 7: the row of entry \d+ was changed \(madeBy, device\)$/)]);
  });

  it('the header of the CSV was changed', async () => {
    write('devices.csv', read('devices.csv').replace('made_by', 'made_in'));
    await signAgain();
    expect(await findingsOf()).toEqual(['devices.csv line 1: its header was changed']);
  });

  it('an entry was altered, in the export or in the database before it', async () => {
    write('entries.jsonl', read('entries.jsonl').replace('"target":"/dev/sdx"', '"target":"/dev/sdy"'));
    await signAgain();
    const inTheExport = await findingsOf();
    expect(inTheExport).toContain('the entries are not those under the checkpoint: their root is another one');
    expect(inTheExport).toContain('entries.jsonl line 3: entry 2 was changed after it was logged');
    const altered = (await filledLog()).log;
    altered.overwrite(2, (entry) => ({ ...entry, by: 'Bob' }));
    const target = join(folder, 'altered');
    await exportTo(target, await altered.source(anchors), { signer: altered.signer });
    const lines: string[] = [];
    await verifyExport(target, { finding: (line) => lines.push(line) });
    expect(lines).toContain('entries.jsonl line 3: entry 2 was changed after it was logged');
  });

  it.each(['anchors.txt', 'checkpoint.txt', 'devices.csv', 'devices.jsonl', 'entries.jsonl', 'leaves.bin', 'log-key.txt'])('any bit of %s was turned, though the manifest was signed again', async (name) => {
    const good = readFileSync(path(name));
    // Not the line end at the end of a text of one line, which means nothing.
    for (let turn = 0; turn < 24; turn += 1) {
      const bytes = Buffer.from(good);
      const place = Math.floor((turn * (good.length - 2)) / 23);
      bytes[place] = (bytes[place] ?? 0) ^ (1 << (turn % 8));
      write(name, bytes);
      await signAgain();
      expect(await verifyExport(folder), `${name}, byte ${place}, bit ${turn % 8}`).not.toMatchObject({ findings: 0 });
    }
  });

  it.each([
    ['removed', (lines: string[]) => without(lines, 2), 'line 3 holds entry 3'],
    ['swapped', (lines: string[]) => swapped(lines, 2, 3), 'line 3 holds entry 3'],
    ['added', (lines: string[]) => [...lines, lines[2] ?? ''], 'entries were added'],
    ['cut off', (lines: string[]) => lines.slice(0, -1), 'entries were removed'],
    ['replaced by nothing', (lines: string[]) => lines.map((line, at) => (at === 2 ? '' : line)), 'line 3 is no entry'],
  ])('entries were %s', async (_, change, expected) => {
    await changeLines('entries.jsonl', change);
    expect(await findingsOf()).toContainEqual(expect.stringContaining(expected));
  });

  it('a kept hash was changed, which says that the entry is as it was', async () => {
    const leaves = readFileSync(path('leaves.bin'));
    leaves[32 * 5] = (leaves[32 * 5] ?? 0) ^ 1;
    write('leaves.bin', leaves);
    await signAgain();
    expect(await findingsOf()).toEqual(['leaves.bin: the hash of entry 5 is not the one of the entry']);
    write('leaves.bin', leaves.subarray(0, -40));
    await signAgain();
    expect(await findingsOf()).toContainEqual(expect.stringMatching(/^leaves\.bin has [\d.]+ hashes for \d+ entries$/));
  });

  it('a file was added, removed, or is a link', async () => {
    write('notes.txt', 'all is well');
    mkdirSync(path('keys'));
    write('keys/a.pem', 'PEM');
    unlinkSync(path('anchors.txt'));
    symlinkSync('checkpoint.txt', path('link.txt'));
    expect((await findingsOf()).sort()).toEqual([
      'anchors.txt is missing',
      'keys/a.pem was added: manifest.json does not name it',
      'link.txt is no ordinary file',
      'notes.txt was added: manifest.json does not name it',
    ]);
  });

  it('the manifest was altered', async () => {
    write('manifest.json', read('manifest.json').replace('"madeBy": "Ana"', '"madeBy": "Bob"'));
    expect(await findingsOf()).toEqual(['manifest.note: it was signed for another manifest.json: manifest.json was changed']);
    write('manifest.json', read('manifest.json').replace('"selection": {}', '"selection": {"states": ["accepted"]}'));
    await signAgain();
    expect((await findingsOf()).length).toBeGreaterThan(0);
    write('manifest.json', '{}');
    expect((await findingsOf())[0]).toContain('not of the format');
  });

  it('the manifest leaves a file out that every export has', async () => {
    const manifest = JSON.parse(read('manifest.json')) as { files: { name: string }[] };
    manifest.files = manifest.files.filter(({ name }) => name !== 'leaves.bin');
    write('manifest.json', JSON.stringify(manifest));
    await signAgain();
    expect(await findingsOf()).toEqual(['manifest.json does not name leaves.bin', 'leaves.bin was added: manifest.json does not name it']);
  });

  it('the checkpoint was replaced by one that another key signed', async () => {
    const other = new MemoryLog(log.origin, 'another key');
    write('checkpoint.txt', await other.checkpoint());
    await signAgain();
    expect(await findingsOf()).toEqual(['checkpoint.txt: no known key of this log has signed it']);
    write('log-key.txt', `${verifierKeyText(other.signer.key)}\n`);
    expect(await findingsOf({ key: verifierKeyText(log.signer.key) })).toContainEqual(expect.stringContaining('did not lead to'));
  });

  it('history was rewritten and signed again, where an older anchor is there', async () => {
    const change = (entry: LogEntry): LogEntry => ({ ...entry, by: 'Bob' });
    const rewritten = log.rewritten(2, change);
    rmSync(folder, { recursive: true });
    await exportTo(folder, await rewritten.source(), { signer: rewritten.signer });
    // Without an anchor nobody can know: that is what anchors are for.
    expect(await findingsOf()).toEqual([]);
    expect(await findingsOf({ anchors: [anchors.join('\n')] })).toEqual([
      expect.stringMatching(/^anchor 1 \(\d+ entries\): the log did not begin with these entries then: history was rewritten$/),
      expect.stringMatching(/^anchor 2 \(\d+ entries\): the log did not begin with these entries then: history was rewritten$/),
    ]);
    rmSync(folder, { recursive: true });
    await exportTo(folder, await rewritten.source(anchors), { signer: rewritten.signer });
    expect(await findingsOf()).toHaveLength(2);
    writeFileSync(join(root, 'kept.txt'), anchors[1] ?? '');
    expect(await script([folder, '--anchor', join(root, 'kept.txt')])).toMatchObject({ code: 1 });
  });

  it('entries were taken away and the rest signed again, where a newer anchor is there', async () => {
    const shorter = (await filledLog()).log;
    const newest = await shorter.checkpoint();
    shorter.entries.pop();
    rmSync(folder, { recursive: true });
    await exportTo(folder, await shorter.source(), { signer: shorter.signer });
    expect(await findingsOf()).toEqual([]);
    expect(await findingsOf({ anchors: [newest] })).toEqual([expect.stringContaining('stands over more entries than this log has')]);
  });

  it('an anchor is by nobody, or is none', async () => {
    const stranger = new MemoryLog(log.origin, 'another key');
    expect(await findingsOf({ anchors: [await stranger.checkpoint(), 'no note\n'] })).toEqual([
      expect.stringMatching(/^anchor 3 .*no known key/),
      expect.stringMatching(/^anchor 4 .*it is no signed note|^anchor 4/),
    ]);
  });
});

describe('an export of a log whose key was renewed', () => {
  it('is trusted by whoever trusts the first key or the new one, with anchors of both', async () => {
    const { log: renewed, anchors: old } = await filledLog();
    const first = renewed.signer;
    const next = logSigner('next', renewed.origin);
    renewed.append('log-key', await renewLogKey(renewed.entries.length, first, next));
    renewed.signer = next;
    const later = await renewed.checkpoint();
    renewed.device(50);
    rmSync(folder, { recursive: true });
    await exportTo(folder, await renewed.source([...old, later]), { signer: next });
    for (const { key } of [first, next]) expect(await findingsOf({ key: verifierKeyText(key) })).toEqual([]);
    expect(await findingsOf({ key: verifierKeyText(logSigner('stranger', renewed.origin).key) })).toHaveLength(1);
  });

  it('is refused where the new key was not handed over to', async () => {
    const { log: renewed } = await filledLog();
    const next = logSigner('next', renewed.origin);
    const data = await renewLogKey(renewed.entries.length + 1, renewed.signer, next);
    renewed.append('log-key', data);
    renewed.signer = next;
    rmSync(folder, { recursive: true });
    await exportTo(folder, await renewed.source(), { signer: next });
    expect(await findingsOf()).toEqual([expect.stringContaining('without the signatures of both keys'), expect.stringContaining('did not lead to')]);
  });
});

describe('the writer', () => {
  it('refuses a checkpoint of another key, and a record with other entries than it says', async () => {
    const source = await log.source();
    await expect(exportTo(path('a'), source, { signer: logSigner('other', log.origin) })).rejects.toMatchObject({ code: 'log-checkpoint-invalid' });
    const fewer = { ...source, entries: (await (async () => { const copy = await filledLog(); copy.log.entries.pop(); return copy.log.source(); })()).entries };
    await expect(exportTo(path('b'), fewer, { signer: log.signer })).rejects.toMatchObject({ code: 'log-broken' });
  });

  it('can be cancelled, closes its files, and tells how far it is', async () => {
    const source = await log.source();
    const controller = new AbortController();
    const seen: unknown[] = [];
    let open = 0;
    const target = folderTarget(path('d'));
    const counted: typeof target = {
      async create(name) {
        const file = await target.create(name);
        open += 1;
        return { ...file, close: () => ((open -= 1), file.close()) };
      },
    };
    const { writeExport } = await import('../../main/ledger/export-writer');
    const work = writeExport(source, counted, {
      signer: log.signer,
      signal: controller.signal,
      progress: (done) => {
        seen.push(done);
        if (done.entries > 0) controller.abort();
      },
    });
    await expect(work).rejects.toMatchObject({ name: 'AbortError' });
    expect(open).toBe(0);
    expect(seen[0]).toEqual({ entries: 0, devices: 7 });
  });

  it.each(['../x', '/x', 'a/../b', '.hidden', 'a//b', 'a\\b', '', 'a b', 'devices.csv'])('refuses a further file named %j', async (name) => {
    await expect(exportTo(path('e'), await log.source(), { signer: log.signer, moreFiles: (files) => files.add(name, 'x') })).rejects.toMatchObject({ code: 'unexpected' });
  });
});

/** Runs the copy of the verifier that is in the export, as an auditor would. */
function script(args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [path('verify-export.mjs'), ...args], { env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } }, (error, output) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, output });
    });
  });
}
