import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { ImprintError } from '../../main/domain/errors';
import { deviceStates } from '../../main/domain/job';
import type { DeviceState } from '../../main/domain/job';
import { signCheckpoint } from '../../main/ledger/checkpoint';
import { encodeEntry } from '../../main/ledger/entry';
import type { NewEntry } from '../../main/ledger/entry';
import { writeExport } from '../../main/ledger/export-writer';
import { firstLogKey, renewLogKey } from '../../main/ledger/log-key';
import { appendLeaf, emptyRoot, leafHash, rootOf } from '../../main/ledger/merkle';
import { verifierKeyText } from '../../main/ledger/note';
import { verifyCheckpoints, verifyReceipt } from '../../main/ledger/tlog-proof';
import { verifyExport } from '../../main/ledger/verifier/verify-export.mjs';
import { openDatabase } from '../../main/storage/database';
import { assertLogSound, checkLog } from '../../main/storage/log-check';
import { exportedDevices, exportedEntries } from '../../main/storage/log-export';
import { LogStore } from '../../main/storage/log-store';
import { RecordSession } from '../../main/storage/session';
import { folderTarget } from '../support/exported-log';
import { keyGenerated, logSigner, MemoryHashes } from '../support/log';
import { at } from '../support/reservations';

const origin = 'line-a.example/log';
const signer = logSigner('log key', origin);

let folder: string;
let path: string;
let session: RecordSession;
let log: LogStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-log-'));
  path = join(folder, 'record.sqlite');
  open();
});

afterEach(async () => {
  await session.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): void {
  session = new RecordSession(openDatabase(path));
  log = new LogStore(session);
}

const entry = (event: NewEntry['event'], data: unknown, minute = 1): NewEntry => ({ at: at(minute), station: 'line-a', by: 'Ana', event, data }) as NewEntry;
const append = (...entries: NewEntry[]): Promise<number> => session.write(() => log.append(entries));
const numbered = (number: number): NewEntry => entry('key-generated', keyGenerated(number), number % 600);

async function fill(count: number): Promise<void> {
  await append(entry('log-key', firstLogKey(signer.key)), ...Array.from({ length: count - 1 }, (_, number) => numbered(number)));
}

async function signHead(size?: number): Promise<string> {
  const head = await session.read(() => log.head(size));
  return signCheckpoint({ origin, ...head }, signer);
}

/** What somebody does who can write the file: no trigger and no rule stops them. */
function tamper(sql: string): void {
  const connection = new Database(path);
  connection.pragma('ignore_check_constraints = ON');
  const triggers = connection.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'log%'`).pluck().all() as string[];
  for (const name of triggers) connection.exec(`DROP TRIGGER ${name}`);
  connection.exec(sql);
  connection.close();
}

async function refusal(work: Promise<unknown>): Promise<ImprintError> {
  return work.then(
    () => {
      throw new Error('nothing was refused');
    },
    (thrown: unknown) => thrown as ImprintError,
  );
}

describe('the log in the record', () => {
  it('begins empty, and has the tree that its entries make', async () => {
    expect(await session.read(() => log.head())).toEqual({ size: 0, root: emptyRoot() });
    const hashes = new MemoryHashes();
    for (let size = 0; size < 70; size += 1) {
      const added = size === 0 ? entry('log-key', firstLogKey(signer.key)) : numbered(size);
      expect(await append(added)).toBe(size);
      appendLeaf(hashes, size, leafHash(encodeEntry({ ...added, v: 1, seq: size })));
      expect(Buffer.from((await session.read(() => log.head())).root)).toEqual(Buffer.from(rootOf(hashes, size + 1)));
    }
    expect(Buffer.from((await session.read(() => log.head(41))).root)).toEqual(Buffer.from(rootOf(hashes, 41)));
    expect(await checkLog(session, log)).toEqual({ sound: true, size: 70, root: rootOf(hashes, 70), checkpoints: 0 });
  });

  it('gives its entries back, also after another opening', async () => {
    await fill(5);
    await append(entry('destroyed', { device: 'device-2', job: 'job-2', fingerprint: keyGenerated(2).fingerprint }, 9));
    await session.close();
    open();
    await session.read(() => {
      expect(log.entry(3)).toEqual({ ...numbered(2), v: 1, seq: 3 });
      expect(log.entry(6)).toBeUndefined();
      expect(log.entriesOfDevice('device-2').map(({ seq, event }) => `${seq} ${event}`)).toEqual(['3 key-generated', '5 destroyed']);
      expect(log.entriesFrom(4, 9).map(({ seq }) => seq)).toEqual([4, 5]);
    });
  });

  it('adds nothing where the transaction comes to nothing, and nothing outside of one', async () => {
    await fill(3);
    await expect(session.write(() => { log.append([numbered(7)]); throw new Error('the row that it tells of'); })).rejects.toThrow('the row that it tells of');
    expect((await refusal(append(numbered(7), entry('destroyed', {})))).code).toBe('log-entry-invalid');
    expect(() => log.append([numbered(7)])).toThrow('outside of a transaction');
    expect(await session.read(() => log.size())).toBe(3);
    expect(await append(numbered(7))).toBe(3);
    expect(await checkLog(session, log)).toMatchObject({ sound: true, size: 4 });
  });

  it('takes entries of several processes one after the other', async () => {
    await fill(1);
    const other = new RecordSession(openDatabase(path));
    const otherLog = new LogStore(other);
    for (let number = 0; number < 20; number += 1) {
      await append(numbered(number * 2));
      await other.write(() => otherLog.append([numbered(number * 2 + 1)]));
    }
    await other.close();
    expect(await checkLog(session, log)).toMatchObject({ sound: true, size: 41 });
  });

  it('gives receipts and consistency proofs that verify', async () => {
    await fill(21);
    const older = await signHead();
    await append(...Array.from({ length: 16 }, (_, number) => numbered(100 + number)));
    const newer = await signHead();
    await session.read(() => {
      for (const seq of [0, 7, 20, 36]) {
        const receipt = verifyReceipt(log.receipt(seq, newer), [signer.key]);
        expect(Buffer.from(receipt.entry)).toEqual(Buffer.from(log.entriesFrom(seq, 1)[0]?.bytes ?? []));
      }
      expect(verifyCheckpoints(older, newer, log.consistency(21, 37), [signer.key]).older.checkpoint.size).toBe(21);
      expect(() => log.receipt(30, older)).toThrow('A tree of 21 leaves has no leaf 30');
      expect(() => log.receipt(99, newer)).toThrow('The log has no entry 99');
      expect(() => log.consistency(37, 21)).toThrow(ImprintError);
      expect(() => log.consistency(21, 99)).toThrow('The log has no 99 entries');
    });
  });

  it('keeps checkpoints and anchors of its own, and no other', async () => {
    await fill(9);
    const [early, late] = [await signHead(4), await signHead()];
    const foreign = await signCheckpoint({ origin, size: 4, root: emptyRoot() }, signer);
    const beyond = await signCheckpoint({ origin, size: 10, root: emptyRoot() }, signer);
    await session.write(() => {
      log.keepCheckpoint(early, at(1));
      log.keepCheckpoint(late, at(2));
      log.keepAnchor(early, '/media/usb/anchors.txt', at(1));
      for (const note of [foreign, beyond]) expect(() => log.keepCheckpoint(note, at(3))).toThrow('not one of this log');
      expect(() => log.keepAnchor('no note', 'x', at(3))).toThrow();
    });
    await session.read(() => {
      expect(log.lastCheckpoint()).toBe(late);
      expect(log.summary()).toEqual({ size: 9, key: verifierKeyText(signer.key), checkpoint: { size: 9, at: at(2) }, anchor: { size: 4, place: '/media/usb/anchors.txt', at: at(1) } });
      expect(log.checkpoints(-1, 9)).toEqual([early, late]);
      expect(log.anchors()).toEqual([{ size: 4, note: early, place: '/media/usb/anchors.txt', at: at(1) }]);
    });
    expect(await checkLog(session, log, { key: signer.key })).toMatchObject({ sound: true, checkpoints: 3 });
  });

  it.each([
    `UPDATE log_entries SET entry = '{}' WHERE seq = 1`,
    'DELETE FROM log_entries WHERE seq = 8',
    `INSERT OR REPLACE INTO log_entries (seq, entry, leaf_hash) VALUES (3, '{}', zeroblob(32))`,
    `INSERT INTO log_entries (seq, entry, leaf_hash) VALUES (10, '{}', zeroblob(32))`,
    `INSERT INTO log_entries (seq, entry, leaf_hash) VALUES (9, '{}', zeroblob(31))`,
    'UPDATE log_nodes SET hash = zeroblob(32)',
    'DELETE FROM log_nodes',
    'INSERT OR REPLACE INTO log_nodes (level, place, hash) VALUES (1, 1, zeroblob(32))',
    `UPDATE log_checkpoints SET note = 'x'`,
    'DELETE FROM log_checkpoints',
    `INSERT OR REPLACE INTO log_checkpoints (sequence, size, note, kept_at) VALUES (1, 9, 'x', 'x')`,
    'DELETE FROM log_anchors',
    `UPDATE log_anchors SET place = 'x'`,
    `INSERT OR REPLACE INTO log_anchors (sequence, size, note, place, anchored_at) VALUES (1, 9, 'x', 'x', 'x')`,
  ])('refuses %s', async (sql) => {
    await fill(9);
    const note = await signHead();
    await session.write(() => {
      log.keepCheckpoint(note, at(1));
      log.keepAnchor(note, 'share', at(1));
    });
    await expect(session.write(() => session.run(sql))).rejects.toThrow();
    expect(await checkLog(session, log)).toMatchObject({ sound: true });
  });

  it('needs at most a logarithm of hashes for an entry', async () => {
    await fill(1);
    for (let number = 0; number < 130; number += 1) {
      const before = await session.read(() => session.number('SELECT count(*) AS value FROM log_nodes'));
      await append(numbered(number));
      const added = (await session.read(() => session.number('SELECT count(*) AS value FROM log_nodes'))) - before;
      expect(added).toBeLessThanOrEqual(Math.log2(number + 2));
    }
  });
});

describe('its questions', () => {
  it('are ranges of an index, however long the log is', async () => {
    const { connection, ...database } = openDatabase(path);
    const asked = new Set<string>();
    const prepare = connection.prepare.bind(connection);
    connection.prepare = (sql: string) => {
      asked.add(sql);
      return prepare(sql);
    };
    const watched = new RecordSession({ ...database, connection });
    const watchedLog = new LogStore(watched);
    await fill(40);
    const note = await signHead();
    await watched.write(() => {
      watchedLog.append([numbered(900)]);
      watchedLog.keepCheckpoint(note, at(1));
    });
    await watched.read(() => {
      watchedLog.receipt(3, note);
      watchedLog.entriesOfDevice('device-3');
      watchedLog.keysFrom(1, 5, 40);
      watchedLog.newestOfDevice('device-3', ['accepted'], 40);
      watchedLog.lastCheckpoint();
    });
    const plans = [...asked].map((sql) => {
      const steps = prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...new Array<null>(sql.split('?').length - 1).fill(null)) as { detail: string }[];
      return { sql, costly: steps.map(({ detail }) => detail).filter((detail) => /^SCAN (?!asked|json_each|CONSTANT)|TEMP B-TREE/.test(detail)) };
    });
    expect(plans.length).toBeGreaterThan(8);
    const scanned = plans.filter(({ costly }) => costly.length > 0);
    // The newest checkpoint is the first of an index that is read from its end; the limit stops it there.
    expect(scanned.map(({ sql }) => sql)).toEqual([expect.stringMatching(/FROM log_checkpoints ORDER BY size DESC, sequence DESC LIMIT 1$/)]);
    expect(scanned[0]?.costly).toEqual(['SCAN log_checkpoints USING INDEX log_checkpoints_of_size']);
    await watched.close();
  });
});

describe('an export from the record', () => {
  const verifier = Buffer.from('// the verifier');

  async function life(number: number, state: DeviceState): Promise<void> {
    const { device, job, fingerprint, identity, server } = keyGenerated(number);
    await append(numbered(number));
    if (state === 'preauthorized' || state === 'accepted' || state === 'decommissioned') await append(entry('preauthorized', { device, job, fingerprint, identity, server }));
    if (state === 'accepted') await append(entry('accepted', { device, fingerprint, server }, 30), entry('decommissioned', { action: 'reject', identity, server, serverDevice: 's', device, fingerprint }));
    if (state === 'decommissioned') await append(entry('decommissioned', { action: 'decommission', identity, server, serverDevice: 's', device, fingerprint }));
    if (state === 'released') await append(entry('released', { device, job, fingerprint, reason: 'The card is gone.' }));
  }

  it('has what the log says at its checkpoint, whatever comes afterwards, and verifies', async () => {
    await append(entry('log-key', firstLogKey(signer.key)));
    for (let number = 0; number < 1203; number += 1) await life(number, deviceStates[number % 5] ?? 'reserved');
    const checkpoint = await signHead();
    const size = await session.read(() => log.size());
    await life(5000, 'accepted');
    const { device, fingerprint, server } = keyGenerated(1);
    await append(entry('accepted', { device, fingerprint, server }));
    for (const [index, selection] of [{}, { states: ['accepted' as const] }].entries()) {
      const target = join(folder, `export-${index}`);
      const { devices, entries } = await writeExport(
        { checkpoint, entries: () => exportedEntries(session, log, size), devices: () => exportedDevices(session, log, size, selection), selection, anchors: [], verifier, madeAt: at(1), madeBy: 'Ana' },
        folderTarget(target),
        { signer },
      );
      expect(entries).toBe(size);
      const lines: string[] = [];
      expect(await verifyExport(target, { finding: (line) => lines.push(line) })).toMatchObject({ findings: 0, devices });
      expect(lines).toEqual([]);
      expect(devices).toBe(index === 0 ? 1203 : 241);
    }
  });

  it('is refused where an entry was altered in the database before', async () => {
    await append(entry('log-key', firstLogKey(signer.key)));
    for (let number = 0; number < 12; number += 1) await life(number, 'accepted');
    const checkpoint = await signHead();
    const size = await session.read(() => log.size());
    tamper(`UPDATE log_entries SET entry = replace(entry, '"by":"Ana"', '"by":"Bob"') WHERE seq = 6`);
    const target = join(folder, 'export');
    const source = { entries: () => exportedEntries(session, log, size), devices: () => exportedDevices(session, log, size, {}), selection: {}, anchors: [], verifier, madeAt: at(1), madeBy: 'Ana' };
    await writeExport({ ...source, checkpoint }, folderTarget(target), { signer });
    const lines: string[] = [];
    await verifyExport(target, { finding: (line) => lines.push(line) });
    expect(lines).toEqual(['the entries are not those under the checkpoint: their root is another one', 'entries.jsonl line 7: entry 6 was changed after it was logged']);
    tamper('DELETE FROM log_entries WHERE seq = 6');
    expect((await refusal(writeExport({ ...source, checkpoint }, folderTarget(join(folder, 'other')), { signer }))).code).toBe('log-broken');
  });
});

describe('the self-check names what was changed, first:', () => {
  /** `entry 5` with another operator, and every hash that follows from it. */
  async function rewrite(seq: number): Promise<void> {
    const size = await session.read(() => log.size());
    const rows = await session.read(() => log.entriesFrom(0, size));
    const hashes = new MemoryHashes();
    const statements: string[] = [];
    for (const { seq: number, bytes } of rows) {
      const text = Buffer.from(bytes).toString('utf8');
      const changed = number === seq ? text.replace('"by":"Ana"', '"by":"Bob"') : text;
      const hash = leafHash(Buffer.from(changed));
      appendLeaf(hashes, number, hash);
      if (number === seq) statements.push(`UPDATE log_entries SET entry = '${changed}', leaf_hash = x'${Buffer.from(hash).toString('hex')}' WHERE seq = ${seq};`);
    }
    for (const [name, hash] of hashes.hashes) {
      const [level, place] = name.split('/');
      if (level !== '0') statements.push(`UPDATE log_nodes SET hash = x'${Buffer.from(hash).toString('hex')}' WHERE level = ${level} AND place = ${place};`);
    }
    tamper(statements.join('\n'));
  }

  beforeEach(async () => {
    await fill(37);
    const [early, late] = [await signHead(16), await signHead()];
    await session.write(() => {
      log.keepCheckpoint(early, at(1));
      log.keepAnchor(early, 'share', at(1));
      log.keepCheckpoint(late, at(2));
    });
  });

  it.each([
    ['an entry', `UPDATE log_entries SET entry = replace(entry, '"by":"Ana"', '"by":"Bob"') WHERE seq IN (11, 20)`, 11, 'entry 11 is not what it was'],
    ['the hash of an entry', 'UPDATE log_entries SET leaf_hash = zeroblob(32) WHERE seq = 12', 12, 'entry 12 is not what it was'],
    ['an entry that is gone', 'DELETE FROM log_entries WHERE seq = 13', 13, 'entry 13 is missing'],
    ['entries that changed places', `UPDATE log_entries SET seq = -1 WHERE seq = 4; UPDATE log_entries SET seq = 4 WHERE seq = 5; UPDATE log_entries SET seq = 5 WHERE seq = -1`, 4, 'entry 4'],
    ['a hash of the tree', 'UPDATE log_nodes SET hash = zeroblob(32) WHERE level = 2 AND place = 3', 15, 'the hash over the 4 entries that end with entry 15 is another one'],
    ['a hash that is gone', 'DELETE FROM log_nodes WHERE level = 3 AND place = 1', 15, 'the hash over the 8 entries that end with entry 15 is missing'],
    ['the last entry, gone with its hashes', 'DELETE FROM log_entries WHERE seq = 36', undefined, 'the checkpoint over 37 entries was signed, and the log has only 36 entries'],
    ['a checkpoint', `UPDATE log_checkpoints SET note = replace(note, char(10) || '37' || char(10), char(10) || '36' || char(10)) WHERE size = 37`, undefined, 'the checkpoint over 36 entries cannot be read'],
  ])('%s', async (_, sql, seq, part) => {
    tamper(sql);
    const result = await checkLog(session, log);
    expect(result).toMatchObject({ sound: false, ...(seq === undefined ? {} : { entry: seq }) });
    expect(result.sound ? '' : result.sentence).toContain(part);
    expect((await refusal(assertLogSound(session, log))).code).toBe('log-broken');
  });

  it('an entry that was changed together with all hashes: a signed head is over another one', async () => {
    await rewrite(5);
    const result = await checkLog(session, log);
    expect(result).toMatchObject({ sound: false });
    expect(result.sound ? '' : result.sentence).toContain('the checkpoint over 16 entries was signed over other entries');
  });

  it('the same where only the newer head is over it', async () => {
    await rewrite(20);
    const result = await checkLog(session, log);
    expect(result.sound ? '' : result.sentence).toContain('the checkpoint over 37 entries was signed over other entries');
  });

  it('a key that is not the station’s, and one that was set without the one before', async () => {
    const next = logSigner('next', origin);
    expect(await checkLog(session, log, { key: next.key })).toMatchObject({ sound: false });
    await append(entry('log-key', await renewLogKey(37, signer, next)));
    expect(await checkLog(session, log, { key: next.key })).toMatchObject({ sound: true });
    await append(entry('log-key', firstLogKey(logSigner('stranger', origin).key)));
    expect(await checkLog(session, log)).toMatchObject({ sound: false, entry: 38 });
  });

  it('nothing, and can be cancelled, where the log is sound', async () => {
    const seen: [number, number][] = [];
    await assertLogSound(session, log, { key: signer.key, progress: (done, total) => seen.push([done, total]) });
    expect(seen).toEqual([[37, 37]]);
    await expect(checkLog(session, log, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });
});
