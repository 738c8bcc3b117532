/** A log in a real record, exports of it as the station makes them, and what an auditor's own tools say of them. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

import Database from 'better-sqlite3';

import type { ExportKey } from '../../main/export/cms';
import { signCms } from '../../main/export/cms';
import { ExportService } from '../../main/export/export-service';
import type { ExportWish, ExportWork } from '../../main/export/export-service';
import { signCheckpoint } from '../../main/ledger/checkpoint';
import type { NewEntry } from '../../main/ledger/entry';
import { manifestNote } from '../../main/ledger/export-writer';
import type { UnsealedExport } from '../../main/ledger/export-writer';
import { firstLogKey } from '../../main/ledger/log-key';
import { verifierKeyText } from '../../main/ledger/note';
import type { NoteSigner } from '../../main/ledger/note';
import { openDatabase } from '../../main/storage/database';
import { LogReader } from '../../main/storage/log-reader';
import { LogStore } from '../../main/storage/log-store';
import { RecordSession } from '../../main/storage/session';
import { verifierFile } from './exported-log';
import { keyGenerated, logSigner } from './log';

export const logOrigin = 'line-a.example/log';
export const recordSigner: NoteSigner = logSigner('log key', logOrigin);

const entry = (event: NewEntry['event'], data: unknown, minute: number): NewEntry =>
  ({ at: new Date(Date.UTC(2026, 10, 22, 0, minute)).toISOString(), station: 'Line A', by: 'Ana', event, data }) as NewEntry;

/** Devices 0 to `count`: half of them accepted, the batch changes after each ten; with one anchor in the middle. */
export async function fillLog(path: string, count: number, change: (number: number) => object = () => ({}), anchored = true): Promise<void> {
  const session = new RecordSession(openDatabase(path));
  const log = new LogStore(session);
  await session.write(() => log.append([entry('log-key', firstLogKey(recordSigner.key), 0)]));
  for (let number = 0; number < count; number += 1) {
    const data = { ...keyGenerated(number), batch: `WO-${Math.floor(number / 10)}`, ...change(number) };
    const { device, job, fingerprint, identity, server } = data;
    const accepted = number % 2 === 0 ? [entry('accepted', { device, fingerprint, server }, number)] : [];
    await session.write(() => log.append([entry('key-generated', data, number), entry('preauthorized', { device, job, fingerprint, identity, server }, number), ...accepted]));
    if (!anchored || number !== Math.floor(count / 2)) continue;
    const note = await signCheckpoint({ origin: logOrigin, ...log.head() }, recordSigner);
    await session.write(() => log.keepAnchor(note, 'a share', '2026-11-22T08:00:00.000Z'));
  }
  await session.close();
}

/** What somebody with the file could do: without the rules of the schema. */
export function tamper(path: string, work: (database: Database.Database) => void): void {
  const database = new Database(path);
  for (const { name } of database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).all() as { name: string }[]) database.exec(`DROP TRIGGER "${name}"`);
  work(database);
  database.close();
}

export interface MadeExport {
  readonly to: string;
  readonly unsealed: UnsealedExport;
}

export async function makeExport(record: string, key: ExportKey, wish: Partial<ExportWish> & { readonly to: string }, work: ExportWork = {}): Promise<MadeExport> {
  const reader = LogReader.open(record);
  const service = new ExportService(reader, verifierFile);
  try {
    const checkpoint = await signCheckpoint({ origin: logOrigin, ...(await reader.head()) }, recordSigner);
    const whole: ExportWish = {
      zip: false,
      selection: {},
      summary: true,
      publicKeys: false,
      receipts: false,
      checkpoint,
      logKey: verifierKeyText(recordSigner.key),
      certificate: key.certificate,
      madeAt: '2026-11-23T08:00:00.000Z',
      madeBy: 'Ana',
      ...wish,
    };
    const unsealed = await service.write(whole, work);
    await service.seal({ note: await manifestNote(logOrigin, unsealed.manifestSha256, recordSigner), cms: signCms(unsealed.manifest, key, new Date()) }, work);
    return { to: whole.to, unsealed };
  } finally {
    await service.discard();
    await reader.close();
  }
}

export interface Verdict {
  readonly code: number;
  readonly output: string;
}

export function run(program: string, args: readonly string[], cwd?: string): Promise<Verdict> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, output: stdout + stderr }));
  });
}

/** As docs/record-log.md says it. */
export function opensslVerdict(folder: string): Promise<Verdict> {
  return run('openssl', ['cms', '-verify', '-binary', '-inform', 'DER', '-in', 'manifest.json.p7s', '-content', 'manifest.json', '-CAfile', 'export-certificate.pem', '-out', '/dev/null'], folder);
}

/** The script of the export itself, with plain Node. */
export function scriptVerdict(folder: string, ...args: readonly string[]): Promise<Verdict> {
  return run('node', [join(folder, 'verify-export.mjs'), folder, ...args]);
}
