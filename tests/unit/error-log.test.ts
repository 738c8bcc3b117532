/** What the station remembers of its refusals: bounded, for this user alone, and nobody's identity or secret. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ErrorLog, textsIn } from '../../main/compose/error-log';
import { withoutWhatWasGiven } from '../../main/domain/error-log';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-errors-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('a sentence', () => {
  const secret = randomBytes(32);
  it.each([
    ['The record has mac 02:00:00:00:00:01 for another device.', [], 'The record has mac … for another device.'],
    ['serial ab000123 is taken.', ['AB000123'], 'serial … is taken.'],
    ['IMEI 490154203237518 is taken.', [], 'IMEI … is taken.'],
    ['mac 0212.6113.6c42, 02-12-61-13-6C-42', [], 'mac …, …'],
    [`token ${secret.toString('hex')} refused`, [], 'token … refused'],
    [`token ${secret.toString('base64')} refused`, [], 'token … refused'],
    // Slashes as a path has them: kept once.
    ['token X6GRAQyuu/YDkhVpLHZBYWc1Eo/4AFLmvtuHQ3Mmhxs= refused', [], 'token … refused'],
    ['token /6GRAQyuu/YDkhVpLHZBYWc1Eo/4AFLmvtuHQ3Mmhxs refused', [], 'token … refused'],
    [`token ${secret.toString('base64url')} refused`, [], 'token … refused'],
    ['-----BEGIN PRIVATE KEY-----\nMC4CAQ\nAwQg\n-----END PRIVATE KEY----- is no key', [], '… is no key'],
    ['http://kim:hunter2@proxy.example:3128/ does not answer', [], 'http://…@proxy.example:3128/ does not answer'],
    ['https://hooks.example/in?key=hunter2 does not answer', [], 'https://hooks.example/in?… does not answer'],
    ['The server does not let "kim@line.example.com" in.', [], 'The server does not let "…" in.'],
    ['/home/kim/line/board-a/golden.sdimg cannot be read', [], '/home/kim/line/board-a/golden.sdimg cannot be read'],
    ['The reader at USB 2.3, slot 2 does not answer.', ['x'], 'The reader at USB 2.3, slot 2 does not answer.'],
    ['a.b is not a*b', ['a.b'], '… is not a*b'],
  ])('%s', (sentence, given, kept) => {
    expect(withoutWhatWasGiven(sentence, given)).toBe(kept);
  });

  it('of any length ends', () => {
    expect(withoutWhatWasGiven('x '.repeat(100_000), []).length).toBeLessThanOrEqual(600);
  });
});

describe('the file', () => {
  it('has what went wrong, without what was given, for this user alone', () => {
    const log = new ErrorLog(folder);
    log.add({ code: 'identity-recorded', sentence: 'Another device has serial AB7.', field: 'identity.serial' }, 'window', 'scan', textsIn({ slot: 'Slot 1', others: { serial: 'AB7' } }));
    log.add({ code: 'usage', sentence: '"hunter2" is one word too many.' }, 'command', 'drives', []);
    log.add({ code: 'sign-in-refused', sentence: 'The PIN is not right.' }, 'window', 'signIn', []);
    expect(log.read()).toEqual([{ at: expect.any(String), version: expect.stringMatching(/^\d+\.\d+\.\d+$/), from: 'window', name: 'scan', code: 'identity-recorded', sentence: 'Another device has serial ….', field: 'identity.serial' }]);
    expect(statSync(join(folder, 'errors.jsonl')).mode & 0o777).toBe(0o600);
  });

  it('is not made where there is no station, and stays in its bounds', () => {
    const none = join(folder, 'none');
    new ErrorLog(none).add({ code: 'record-corrupt', sentence: 'x' }, 'command', 'list', []);
    expect(existsSync(none)).toBe(false);
    mkdirSync(none);
    const log = new ErrorLog(none);
    for (let count = 0; count < 1500; count += 1) log.add({ code: 'record-corrupt', sentence: `${String(count)} ${'word '.repeat(110)}` }, 'command', 'list', []);
    expect(statSync(join(none, 'errors.jsonl')).size).toBeLessThanOrEqual(2 * 256 * 1024);
    const kept = log.read();
    expect(kept.at(-1)?.sentence).toMatch(/^1499 /);
    expect(kept.length).toBeGreaterThan(200);
    // No line was cut.
    expect(readFileSync(join(none, 'errors.jsonl'), 'utf8').trim().split('\n')).toHaveLength(kept.length);
  });
});
