/** Exports out of a real record, as an auditor's own tools see them. */
import { createHash, createPublicKey } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';

import { cancelled } from '../../main/domain/errors';
import type { ExportKey } from '../../main/export/cms';
import { signCms } from '../../main/export/cms';
import { checkExport } from '../../main/export/export-check';
import { makeExportKey } from '../../main/export/export-certificate';
import { grouped, printableIn, shortened } from '../../main/export/printed-text';
import { canonicalJson } from '../../main/ledger/canonical-json';
import { manifestNote } from '../../main/ledger/export-writer';
import { verifierKeyText } from '../../main/ledger/note';
import { verifyReceipt } from '../../main/ledger/tlog-proof';
import { LogReader } from '../../main/storage/log-reader';
import { LogStore } from '../../main/storage/log-store';
import { openDatabaseForReading } from '../../main/storage/database';
import { RecordSession } from '../../main/storage/session';
import { fingerprintOf, spkiOf } from '../support/log';
import { fillLog, logOrigin, makeExport, opensslVerdict, recordSigner, run, scriptVerdict, tamper } from '../support/recorded-log';

const devices = 60;
let root: string;
let record: string;
let good: string;
let key: ExportKey;
let folder: string;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'imprint-export-'));
  record = join(root, 'record.sqlite');
  good = join(root, 'good');
  key = await makeExportKey('Line A', new Date());
  await fillLog(record, devices);
  await makeExport(record, key, { to: good });
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

beforeEach(() => {
  folder = join(mkdtempSync(join(root, 'case-')), 'export');
});

afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const write = (name: string, content: string | Buffer): void => writeFileSync(join(folder, name), content);
const copyGood = (): void => cpSync(good, folder, { recursive: true });

async function findings(path = folder, anchors: readonly string[] = []): Promise<string[]> {
  const lines: string[] = [];
  const checked = await checkExport(path, { anchors, finding: (line) => lines.push(line) });
  expect(checked.findings).toBe(lines.length);
  return lines;
}

/** Makes manifest and signatures anew, as somebody could who has both keys of the station. */
async function signAgain(): Promise<void> {
  const manifest = JSON.parse(read('manifest.json')) as { files: { name: string; bytes: number; sha256: string }[] };
  for (const file of manifest.files) {
    const content = readFileSync(join(folder, file.name));
    Object.assign(file, { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') });
  }
  const text = Buffer.from(JSON.stringify(manifest));
  write('manifest.json', text);
  write('manifest.note', await manifestNote(logOrigin, createHash('sha256').update(text).digest('hex'), recordSigner));
  write('manifest.json.p7s', signCms(text, key, new Date()));
}

describe('an export of a record', () => {
  it('is accepted by openssl, by the script in it, and by us', async () => {
    expect(await opensslVerdict(good)).toEqual({ code: 0, output: 'CMS Verification successful\n' });
    const script = await scriptVerdict(good, '--key', verifierKeyText(recordSigner.key));
    expect(script.output).toMatch(/^Nothing is wrong: 60 devices, 151 entries, 10 files, 1 anchors of line-a\.example\/log/);
    expect(script.code).toBe(0);
    const checked = await checkExport(good, { anchors: [], finding: () => undefined });
    expect(checked).toMatchObject({ findings: 0, devices, entries: 151, anchors: 1, signature: { subject: 'CN=Line A: exports of Imprint' } });
    expect(readdirSync(good).sort()).toEqual(
      ['anchors.txt', 'checkpoint.txt', 'devices.csv', 'devices.jsonl', 'entries.jsonl', 'export-certificate.pem', 'leaves.bin', 'log-key.txt', 'manifest.json', 'manifest.json.p7s', 'manifest.note', 'summary.pdf', 'verify-export.mjs'],
    );
  });

  const lines = (change: (all: string[]) => string[]) => (): void => write('devices.csv', `${change(read('devices.csv').slice(0, -1).split('\n')).join('\n')}\n`);
  it.each<[string, () => void, RegExp]>([
    ['one byte of a CSV is changed', () => write('devices.csv', read('devices.csv').replace(',accepted,', ',bccepted,')), /devices\.csv line 2: the row of entry 1 was changed \(state\)/],
    ['a row is removed', lines((all) => all.filter((_, index) => index !== 5)), /devices\.csv: the row of entry 11 \(device device-4\) was removed/],
    ['two rows are swapped', lines((all) => all.map((line, index) => (index === 3 ? (all[4] ?? '') : index === 4 ? (all[3] ?? '') : line))), /devices\.csv line [45]: the row of entry \d+ stands in another place/],
    ['a row is added', lines((all) => [...all, (all[5] ?? '').replace('device-4', 'device-x')]), /devices\.csv line 62: this row was added/],
  ])('is refused where %s, with the row, even if both signatures are made anew', async (_, change, named) => {
    copyGood();
    change();
    // Only the manifest's hashes tell at first; openssl signs for manifest.json, and that names the file.
    expect((await scriptVerdict(folder)).output).toMatch(/devices\.csv/);
    expect((await findings()).join('\n')).toMatch(named);
    await signAgain();
    expect(await opensslVerdict(folder)).toMatchObject({ code: 0 });
    const script = await scriptVerdict(folder);
    expect(script.code).toBe(1);
    expect(script.output).toMatch(named);
    expect((await findings()).join('\n')).toMatch(named);
  });

  it('is refused by openssl and by us where the manifest was made to fit', async () => {
    copyGood();
    write('devices.csv', read('devices.csv').replace(',accepted,', ',released,'));
    const [signature, note] = [readFileSync(join(folder, 'manifest.json.p7s')), read('manifest.note')];
    await signAgain();
    write('manifest.json.p7s', signature);
    write('manifest.note', note);
    const openssl = await opensslVerdict(folder);
    expect(openssl.code).not.toBe(0);
    expect(openssl.output).toContain('Verification failure');
    expect((await scriptVerdict(folder)).code).toBe(1);
    expect(await findings()).toEqual(expect.arrayContaining(['manifest.json.p7s: manifest.json is not what was signed']));
  });

  it('is refused without its CMS signature or its certificate', async () => {
    copyGood();
    rmSync(join(folder, 'manifest.json.p7s'));
    expect(await findings()).toEqual(['manifest.json.p7s: it or its certificate was removed']);
    rmSync(join(folder, 'export-certificate.pem'));
    expect((await findings()).join('\n')).toContain('export-certificate.pem');
    copyGood();
    write('manifest.json.p7s', signCms(readFileSync(join(folder, 'manifest.json')), await makeExportKey('Another', new Date()), new Date()));
    expect(await findings()).toEqual(['manifest.json.p7s: another certificate signed it than the one in the export']);
  });

  it('is refused where an entry was altered in SQLite before it', async () => {
    const altered = join(folder, '..', 'altered.sqlite');
    cpSync(record, altered);
    tamper(altered, (database) => {
      const { entry } = database.prepare('SELECT entry FROM log_entries WHERE seq = 11').get() as { entry: string };
      database.prepare('UPDATE log_entries SET entry = ? WHERE seq = 11').run(entry.replace('"by":"Ana"', '"by":"Bob"'));
    });
    await makeExport(altered, key, { to: folder });
    expect(await opensslVerdict(folder)).toMatchObject({ code: 0 });
    const script = await scriptVerdict(folder);
    expect(script.code).toBe(1);
    expect(script.output).toContain('entries.jsonl line 12: entry 11 was changed after it was logged');
    expect(await findings()).toEqual(expect.arrayContaining([expect.stringContaining('entry 11 was changed')]));
  });

  it('is refused where history was rewritten and signed again, by an anchor in it or one from elsewhere', async () => {
    const rewritten = join(folder, '..', 'rewritten.sqlite');
    await fillLog(rewritten, devices, (number) => (number === 3 ? { batch: 'WO-elsewhere' } : {}), false);
    await makeExport(rewritten, key, { to: folder });
    // Without an anchor nobody can tell: everything in it was signed by the station itself.
    expect(await scriptVerdict(folder)).toMatchObject({ code: 0 });
    const anchor = join(good, 'anchors.txt');
    const elsewhere = await scriptVerdict(folder, '--anchor', anchor);
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.output).toContain('history was rewritten');
    expect(await findings(folder, [readFileSync(anchor, 'utf8')])).toEqual([expect.stringContaining('history was rewritten')]);
    // The anchor is in the record as well, whose other rows were rewritten around it.
    tamper(rewritten, (database) => {
      database.prepare('INSERT INTO log_anchors (size, note, place, anchored_at) VALUES (?, ?, ?, ?)').run(78, readFileSync(anchor, 'utf8'), 'a share', '2026-11-22T08:00:00.000Z');
    });
    const again = `${folder}-again`;
    await makeExport(rewritten, key, { to: again });
    expect((await scriptVerdict(again)).output).toContain('history was rewritten');
    expect(await findings(again)).toEqual([expect.stringContaining('history was rewritten')]);
  });

  it('has the selected devices, their public keys and receipts', async () => {
    const { unsealed } = await makeExport(record, key, { to: folder, selection: { batch: 'WO-1', states: ['accepted'] }, publicKeys: true, receipts: true });
    expect(unsealed).toMatchObject({ devices: 5, entries: 151 });
    const fingerprint = fingerprintOf(12);
    expect(createPublicKey(read(`public-keys/${fingerprint}.pem`)).export({ format: 'der', type: 'spki' })).toEqual(spkiOf(12));
    expect(readdirSync(join(folder, 'receipts'))).toHaveLength(5);
    const receipt = verifyReceipt(read(`receipts/${fingerprint}.tlog-proof`), [recordSigner.key]);
    expect(Buffer.from(receipt.entry).toString()).toContain(fingerprint);
    expect(await findings()).toEqual([]);
    expect(await scriptVerdict(folder)).toMatchObject({ code: 0 });
    write(`public-keys/${fingerprint}.pem`, read(`public-keys/${fingerprintOf(14)}.pem`));
    expect((await findings()).join('\n')).toContain(`public-keys/${fingerprint}.pem`);
  });
});

describe('the place of an export', () => {
  it('is one zip that unzip reads, with the same content', async () => {
    const zip = `${folder}.zip`;
    await makeExport(record, key, { to: zip, zip: true, publicKeys: true });
    expect(readdirSync(join(folder, '..'))).toEqual(['export.zip']);
    expect(await run('unzip', ['-q', zip, '-d', folder])).toMatchObject({ code: 0 });
    expect(await scriptVerdict(folder)).toMatchObject({ code: 0 });
    expect(await findings(zip)).toEqual([]);
    const bytes = readFileSync(zip);
    bytes[Math.floor(bytes.length / 3)] = (bytes[Math.floor(bytes.length / 3)] ?? 0) ^ 1;
    writeFileSync(zip, bytes);
    expect((await findings(zip).catch((thrown: unknown) => [String(thrown)])).length).toBeGreaterThan(0);
    writeFileSync(zip, bytes.subarray(0, bytes.length - 10));
    await expect(findings(zip)).rejects.toMatchObject({ code: 'export-unreadable' });
  });

  it('is never one that is taken, and nothing is left beside it', async () => {
    mkdirSync(folder);
    await expect(makeExport(record, key, { to: folder })).rejects.toMatchObject({ code: 'export-unwritable', field: '--to' });
    expect(readdirSync(join(folder, '..'))).toEqual(['export']);
    await expect(makeExport(record, key, { to: join(folder, '..', 'nowhere', 'export') })).rejects.toThrow('the folder that it shall be in is not there');
    await expect(makeExport(record, key, { to: '/proc/export' })).rejects.toMatchObject({ code: 'export-unwritable' });
  });

  it.each([0, 3, 8])('is empty after a cancellation (at report %i)', async (when) => {
    const controller = new AbortController();
    let reports = 0;
    const onProgress = (): void => {
      if (reports === when) controller.abort(cancelled());
      reports += 1;
    };
    const big = join(folder, '..', 'big.sqlite');
    await fillLog(big, 400);
    const attempt = makeExport(big, key, { to: folder, receipts: true }, { signal: controller.signal, onProgress });
    if (when === 0) await expect(attempt).rejects.toMatchObject({ code: 'cancelled' });
    else await attempt.catch((thrown: unknown) => expect(thrown).toMatchObject({ code: 'cancelled' }));
    expect(readdirSync(join(folder, '..')).filter((name) => name.includes('unfinished'))).toEqual([]);
    expect(existsSync(folder)).toBe(!controller.signal.aborted);
  });

  it('takes no archive that leads elsewhere, is no export, or grows without end', async () => {
    const pack = async (name: string, ...files: [string, Buffer][]): Promise<string> => {
      const zip = new ZipFile();
      for (const [file, content] of files) zip.addBuffer(content, file);
      zip.end();
      const chunks: Buffer[] = [];
      for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
      // The library that writes refuses such names, so they are put in afterwards.
      const bytes = Buffer.from(Buffer.concat(chunks).toString('latin1').replaceAll('xx/outside', '../outside'), 'latin1');
      writeFileSync(join(folder, '..', name), bytes);
      return join(folder, '..', name);
    };
    await expect(findings(await pack('slip.zip', ['xx/outside', Buffer.from('x')]))).rejects.toMatchObject({ code: 'export-unreadable' });
    await expect(findings(await pack('bomb.zip', ['devices.csv', Buffer.alloc(64 * 1024 * 1024)]))).rejects.toThrow('more than an export can be');
    await expect(findings(await pack('twice.zip', ['devices.csv', Buffer.from('a')], ['devices.csv', Buffer.from('b')]))).rejects.toMatchObject({ code: 'export-unreadable' });
    writeFileSync(join(folder, '..', 'text'), 'text');
    await expect(findings(join(folder, '..', 'text'))).rejects.toThrow('neither a folder nor a zip');
    await expect(findings(join(folder, '..', 'nowhere'))).rejects.toThrow('it is not there');
    symlinkSync(good, join(folder, '..', 'link'));
    await expect(findings(join(folder, '..', 'link'))).rejects.toMatchObject({ code: 'export-unreadable' });
    expect((await findings(join(folder, '..'))).length).toBeGreaterThan(0);
  });
});

describe('the record under an export', () => {
  it('cannot be changed through it', async () => {
    const session = new RecordSession(openDatabaseForReading(record));
    const log = new LogStore(session);
    await expect(session.write(() => log.keepAnchor('x', 'y', 'z'))).rejects.toThrow();
    await expect(session.read(() => session.run(`DELETE FROM log_anchors`))).rejects.toMatchObject({ code: 'record-unavailable' });
    await session.close();
    const before = createHash('sha256').update(readFileSync(record)).digest('hex');
    await makeExport(record, key, { to: folder });
    expect(createHash('sha256').update(readFileSync(record)).digest('hex')).toBe(before);
  });

  it('must be there, and of this version', () => {
    expect(() => LogReader.open(join(root, 'nowhere.sqlite'))).toThrow(expect.objectContaining({ code: 'record-unavailable' }));
    expect(existsSync(join(root, 'nowhere.sqlite'))).toBe(false);
    const older = join(folder, '..', 'older.sqlite');
    cpSync(record, older);
    tamper(older, (database) => void database.pragma('user_version = 1'));
    expect(() => LogReader.open(older)).toThrow('an older Imprint made it');
    tamper(older, (database) => void database.pragma('user_version = 1000'));
    expect(() => LogReader.open(older)).toThrow(expect.objectContaining({ code: 'record-from-the-future' }));
  });
});

describe('the summary', () => {
  const pagesOf = (path: string): number => Number(/\/Type \/Pages\s*\/Count (\d+)/.exec(readFileSync(path, 'latin1'))?.[1]);

  it('is a PDF with more pages for more devices, and may be left out', async () => {
    expect(readFileSync(join(good, 'summary.pdf'), 'latin1')).toMatch(/^%PDF-1/);
    // A page for the whole, and 28 devices on each further one.
    expect(pagesOf(join(good, 'summary.pdf'))).toBe(4);
    await makeExport(record, key, { to: folder, selection: { batch: 'nobody' } });
    expect(pagesOf(join(folder, 'summary.pdf'))).toBe(1);
    await makeExport(record, key, { to: `${folder}-without`, summary: false });
    expect(existsSync(join(`${folder}-without`, 'summary.pdf'))).toBe(false);
  });

  it('shows no text that looks like another one', () => {
    const printable = printableIn(join(import.meta.dirname, '../../node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf'));
    expect(printable('Łódź, Ünit 7 – Ж')).toBe('Łódź, Ünit 7 – Ж');
    expect(printable('a\u202eb\u0000c\u200bd\ne\u00a0f')).toBe('a\\u{202e}b\\u{0}c\\u{200b}d\\u{a}e\\u{a0}f');
    expect(printable('線א')).toBe('\\u{7dda}\\u{5d0}');
    expect(grouped('0123456789abcdef')).toBe('0123 4567 89ab cdef');
    expect(shortened('abcdef', 4)).toBe('abc…');
    expect(shortened('abcd', 4)).toBe('abcd');
  });

  it('is made of a device whose names are of anything', async () => {
    const odd = join(folder, '..', 'odd.sqlite');
    await fillLog(odd, 3, (number) => ({ batch: '=線\u202e"'.repeat(30), identity: { serial: `${number}${'x'.repeat(300)}` }, profile: canonicalJson({ a: 1 }) }));
    await makeExport(odd, key, { to: folder });
    expect(await findings()).toEqual([]);
  });
});
