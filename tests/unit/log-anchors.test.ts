/** Checkpoints that are brought somewhere else: when, and that what counts as an anchor really is there. */
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { appendNote, isDue, LogAnchors } from '../../main/compose/log-anchors';
import type { SignedHead } from '../../main/compose/log-keeper';
import { readStationSettings } from '../../main/contract/station-settings';
import { signCheckpoint } from '../../main/ledger/checkpoint';
import { firstLogKey } from '../../main/ledger/log-key';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { logSigner } from '../support/log';
import { at, preauthorize, refusal } from '../support/reservations';

const origin = 'line-a/imprint/1';
const signer = logSigner('log key', origin);

let folder: string;
let store: SqliteRecordStore;
let now: Date;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-anchors-'));
  store = SqliteRecordStore.open(join(folder, 'record.sqlite'));
  await store.log.log({ event: 'log-key', by: 'station', at: at(0), data: firstLogKey(signer.key) });
  now = new Date(2026, 10, 22, 9, 0);
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function head(): Promise<SignedHead> {
  const found = await store.log.head();
  return { size: found.size, note: await signCheckpoint({ origin, ...found }, signer) };
}

const anchorsWith = (log: object): LogAnchors =>
  new LogAnchors(store.log, { now: () => now }, readStationSettings(JSON.stringify({ version: 1, log }), 'settings.json'));

describe('an anchor', () => {
  it('is added to a file once, with an empty line between two, also behind one that was torn', async () => {
    const path = join(folder, 'anchors.txt');
    const first = await head();
    await anchorsWith({}).bring(first, { file: path });
    await anchorsWith({}).bring(first, { file: path });
    expect(readFileSync(path, 'utf8')).toBe(first.note);
    await preauthorize(store, 1);
    const second = await head();
    appendNote(path, second.note);
    expect(readFileSync(path, 'utf8')).toBe(`${first.note}\n${second.note}`);
    writeFileSync(path, `${first.note}\n${second.note.slice(0, 20)}`);
    appendNote(path, second.note);
    expect(readFileSync(path, 'utf8')).toBe(`${first.note}\n${second.note.slice(0, 20)}\n\n${second.note}`);
  });

  it('is none where it could not be brought there', async () => {
    const missing = await refusal(anchorsWith({}).bring(await head(), { file: join(folder, 'no', 'such', 'folder') }));
    expect(missing.code).toBe('record-unavailable');
    expect((await refusal(anchorsWith({}).bring(await head(), { url: 'http://127.0.0.1:9/' }))).code).toBe('server-unreachable');
    expect(await store.log.anchors()).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)('is none where the file may not be written', async () => {
    mkdirSync(join(folder, 'share'));
    chmodSync(join(folder, 'share'), 0o555);
    expect((await refusal(anchorsWith({}).bring(await head(), { file: join(folder, 'share', 'a.txt') }))).code).toBe('record-unavailable');
  });

  it('is sent to a URL as it was signed, and kept where that took it', async () => {
    const received: string[] = [];
    let status = 200;
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push(`${String(request.method)} ${Buffer.concat(chunks).toString('utf8')}`);
        response.writeHead(status).end('thanks');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/anchors`;
    try {
      const signed = await head();
      await anchorsWith({}).bring(signed, { url });
      expect(received).toEqual([`POST ${signed.note}`]);
      status = 403;
      expect((await refusal(anchorsWith({}).bring(signed, { url }))).message).toContain('HTTP 403');
      expect(await store.log.anchors()).toEqual([{ size: signed.size, note: signed.note, place: url, at: now.toISOString() }]);
    } finally {
      server.close();
    }
  });
});

describe('anchors of the settings', () => {
  it('are made when they are due, and say where they could not be made', async () => {
    const good = join(folder, 'good.txt');
    const settings = { anchors: [{ file: join(folder, 'away', 'bad.txt') }, { file: good }], anchorAfter: { entries: 4 } };
    const anchors = anchorsWith(settings);
    anchors.signed(await head());
    await preauthorize(store, 1);
    anchors.signed(await head());
    await preauthorize(store, 2);
    anchors.signed(await head());
    await anchors.close();
    expect((await store.log.anchors()).map(({ size, place }) => `${size} ${place}`)).toEqual([`1 ${good}`, `5 ${good}`]);
    expect(anchors.warnings()).toEqual([expect.stringContaining('bad.txt')]);
  });

  it.each([
    ['entries', { entries: 10 }, 30, 40, 1, true],
    ['entries', { entries: 10 }, 30, 39, 1, false],
    ['hours', { hours: 8 }, 30, 31, 8, true],
    ['hours', { hours: 8 }, 30, 31, 7, false],
    ['nothing new', { hours: 8, entries: 1 }, 30, 30, 100, false],
    ['the end of a shift', { shifts: ['06:00', '08:30'] }, 30, 31, 1, true],
    ['the end of a shift that was anchored', { shifts: ['08:30', '22:00'] }, 30, 31, 0, false],
    ['the end of a shift of yesterday', { shifts: ['14:00'] }, 30, 31, 20, true],
  ])('are due after %s', (_, after, lastSize, size, hours, expected) => {
    const last = { size: lastSize, note: '', place: '', at: new Date(now.getTime() - hours * 3_600_000).toISOString() };
    expect(isDue(after, last, size, now)).toBe(expected);
  });

  it.each([
    ['{', 'no JSON'],
    ['{"version":2}', 'not as agreed'],
    ['{"version":1,"surprise":1}', 'not as agreed'],
    ['{"version":1,"log":{"anchors":[{"file":"relative"}]}}', 'not as agreed'],
    ['{"version":1,"log":{"anchors":[{"url":"ftp://x/"}]}}', 'not as agreed'],
    ['{"version":1,"log":{"anchorAfter":{"shifts":["24:00"]}}}', 'not as agreed'],
  ])('are not guessed: %s', (text, part) => {
    expect(() => readStationSettings(text, 'settings.json')).toThrow(part);
  });
});
