import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { admitTry, assertAdminRemains, noAttempts, pauseAfter, readBadge, readOperatorName, readPin, type Attempts } from '../../main/domain/operators';
import { addOperator, beSinglePerson, changeOperator, changeOwnPin, makeFirstAdmin, setIdleMinutes, signIn, type OperatorDoors } from '../../main/station/operators';
import { hashSecret, isHashOf, newSalt } from '../../main/storage/operators-hash';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { entriesOf, signIns } from '../support/log';
import { reservation } from '../support/reservations';

const check = (store: SqliteRecordStore): Promise<unknown> => store.log.check(undefined, () => undefined, new AbortController().signal);

describe('what people type', () => {
  it.each(['12345', '1234567890123', '12 4567', 'abcdef', '', '١٢٣٤٥٦'])('"%s" is no PIN', (pin) => {
    expect(() => readPin(pin)).toThrow(/6 to 12 digits/);
  });

  it.each(['111111', '123456', '98765432', '000000000000'])('%s is tried first by anybody', (pin) => {
    expect(() => readPin(pin)).toThrow(/row of digits/);
  });

  it.each(['112233', '135791', '654322'])('%s is a PIN', (pin) => {
    expect(readPin(pin)).toBe(pin);
  });

  it('a refusal never has the PIN in it', () => {
    for (const pin of ['222222', '98765', '4711-4711']) {
      try {
        readPin(pin);
        expect.unreachable();
      } catch (thrown) {
        expect(JSON.stringify((thrown as { toReport: () => unknown }).toReport())).not.toContain(pin);
      }
    }
  });

  it('names and badges lose their blanks and keep no control characters', () => {
    expect(readOperatorName('  Ana   Lima ')).toBe('Ana Lima');
    expect(readBadge(' BDG-0001 ')).toBe('BDG-0001');
    for (const name of ['', '   ', 'a\u0007b', 'x'.repeat(61)]) expect(() => readOperatorName(name)).toThrow(/1 to 60/);
    for (const badge of ['abc', 'a\tbcd', 'x'.repeat(201)]) expect(() => readBadge(badge)).toThrow(/4 to 200/);
  });
});

describe('the pause after wrong PINs', () => {
  it('begins with the fifth, doubles, and ends at a quarter of an hour', () => {
    expect([1, 4, 5, 6, 7, 8, 9, 10, 11, 99].map(pauseAfter)).toEqual([0, 0, 30_000, 60_000, 120_000, 240_000, 480_000, 900_000, 900_000, 900_000]);
  });

  it('counts a try before it is looked at, and looks at none in a pause', () => {
    let attempts: Attempts = noAttempts;
    for (let tries = 1; tries <= 5; tries += 1) {
      const admission = admitTry(attempts, 1_000_000);
      expect(admission.admitted).toBe(true);
      ({ attempts } = admission);
      expect(attempts.failures).toBe(tries);
    }
    expect(attempts).toEqual({ failures: 5, pausedUntil: 1_030_000 });
    expect(admitTry(attempts, 1_029_999)).toMatchObject({ admitted: false, milliseconds: 1, attempts });
    expect(admitTry(attempts, 1_030_000)).toEqual({ admitted: true, attempts: { failures: 6, pausedUntil: 1_090_000 } });
  });

  it('is not longer where the clock was set back', () => {
    const admission = admitTry({ failures: 5, pausedUntil: 9_000_000_000 }, 1_000_000);
    expect(admission).toEqual({ admitted: false, milliseconds: 30_000, attempts: { failures: 5, pausedUntil: 1_030_000 } });
    expect(admitTry(admission.attempts, 1_030_000).admitted).toBe(true);
  });
});

it('a station has an admin who may sign in', () => {
  expect(() => assertAdminRemains([{ role: 'admin', enabled: false }, { role: 'qa', enabled: true }])).toThrow(/without an admin/);
  expect(() => assertAdminRemains([{ role: 'admin', enabled: true }])).not.toThrow();
});

describe('a hash', () => {
  it('is that of its own secret only, and names its cost', async () => {
    const kept = await hashSecret('482917', newSalt());
    expect(kept).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$/);
    expect(await isHashOf(kept, '482917')).toBe(true);
    expect(await isHashOf(kept, '482918')).toBe(false);
    expect(await isHashOf(await hashSecret('482917', newSalt()), '482917')).toBe(true);
    expect(await hashSecret('482917', newSalt())).not.toBe(kept);
  });

  it('is as dear in a record as it is meant to be, unless somebody says otherwise', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'imprint-hash-'));
    const store = SqliteRecordStore.open(join(folder, 'record.sqlite'));
    try {
      await store.operators.addOperator({ name: 'Ana', role: 'admin', pin: '482917' }, 'Ana', '2026-11-26T08:00:00.000Z');
      const kept = new Database(join(folder, 'record.sqlite'), { readonly: true }).prepare('SELECT pin_hash FROM operator_accounts').pluck().get();
      expect(kept).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$/);
    } finally {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each(['', '482917', '$scrypt$ln=15,r=8,p=1$$', '$scrypt$ln=40,r=8,p=1$YWFh$YWFh'])('"%s" is the hash of nothing', async (kept) => {
    expect(await isHashOf(kept, '482917')).toBe(false);
  });
});

describe('the operators of a record', () => {
  let folder: string;
  let path: string;
  let store: SqliteRecordStore;
  let now: number;
  let doors: OperatorDoors;
  const admin = { name: 'Ana', role: 'admin' } as const;

  const open = (): void => {
    store = SqliteRecordStore.open(path, { hashLogCost: 10 });
    doors = { operators: store.operators, clock: { now: () => new Date(now) } };
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'imprint-operators-'));
    path = join(folder, 'record.sqlite');
    now = Date.parse('2026-11-25T08:00:00.000Z');
    open();
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('are none at first, and a record with devices asks nobody', async () => {
    expect(await doors.operators.accessSettings()).toEqual({ mode: 'undecided', idleMinutes: 10, used: false });
    await store.reserve(reservation(1));
    expect((await doors.operators.accessSettings()).used).toBe(true);
    await beSinglePerson(doors);
    await beSinglePerson(doors);
    expect((await doors.operators.accessSettings()).mode).toBe('single-person');
  });

  it('begin with one admin, however often the first start is tried', async () => {
    await beSinglePerson(doors);
    const both = await Promise.allSettled([makeFirstAdmin(doors, { name: 'Ana', pin: '482917' }), makeFirstAdmin(doors, { name: 'Eve', pin: '482917' })]);
    expect(both.map((each) => each.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await doors.operators.operators()).toHaveLength(1);
    expect((await doors.operators.accessSettings()).mode).toBe('operators');
    await expect(makeFirstAdmin(doors, { name: 'Zoe', pin: '482917' })).rejects.toMatchObject({ code: 'operator-exists' });
    await expect(beSinglePerson(doors)).rejects.toMatchObject({ code: 'operator-exists' });
  });

  it('sign in by name or badge, and the log is told how', async () => {
    await makeFirstAdmin(doors, { name: 'Ana', pin: '482917' });
    await addOperator(doors, admin, { name: 'Tom', role: 'technician', pin: '135791', badge: 'BDG-0007' });
    expect(await signIn(doors, { name: 'tom' }, '135791')).toMatchObject({ name: 'Tom', role: 'technician', hasBadge: true, createdBy: 'Ana' });
    expect(await signIn(doors, { badge: ' BDG-0007 ' }, '135791')).toMatchObject({ name: 'Tom' });
    expect(await signIns(store)).toEqual([
      { operator: 'Tom', role: 'technician', method: 'pin' },
      { operator: 'Tom', role: 'technician', method: 'badge-and-pin' },
    ]);
    for (const claim of [{ badge: 'BDG-0008' }, { name: 'Nobody' }, { badge: '' }, { name: 'Ana' }]) {
      await expect(signIn(doors, claim, '135791')).rejects.toMatchObject({ code: 'sign-in-refused' });
    }
    expect(await signIns(store)).toHaveLength(2);
  });

  it('are in the log with each change of their rights, and of their PINs only a hash of the salted hash', async () => {
    await makeFirstAdmin(doors, { name: 'Ana', pin: '482917' });
    await addOperator(doors, admin, { name: 'Tom', role: 'technician', pin: '135791', badge: 'BDG-0007' });
    await changeOperator(doors, admin, 'Tom', { what: 'role', role: 'qa' });
    await changeOperator(doors, admin, 'Tom', { what: 'pin', pin: '246802' });
    await changeOperator(doors, admin, 'Tom', { what: 'badge' });
    await changeOperator(doors, admin, 'Tom', { what: 'enabled', enabled: false });
    await setIdleMinutes(doors, admin, 5);
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/);
    const entries = await entriesOf(store, 'operator-changed');
    expect(entries).toEqual([
      { by: 'Ana', data: { change: 'added', operator: 'Ana', value: 'admin', pinSha256: hash } },
      { by: 'Ana', data: { change: 'added', operator: 'Tom', value: 'technician', pinSha256: hash, badgeSha256: hash } },
      { by: 'Ana', data: { change: 'role', operator: 'Tom', value: 'qa' } },
      { by: 'Ana', data: { change: 'pin', operator: 'Tom', value: 'given', pinSha256: hash } },
      { by: 'Ana', data: { change: 'badge', operator: 'Tom', value: 'taken away' } },
      { by: 'Ana', data: { change: 'enabled', operator: 'Tom', value: 'disabled' } },
      { by: 'Ana', data: { change: 'idle-minutes', value: '5' } },
    ]);
    for (const secret of ['482917', '135791', '246802', 'BDG-0007']) expect(JSON.stringify(entries)).not.toContain(secret);
    expect(await check(store)).toMatchObject({ sound: true });
  });

  it.each([
    ['a role', `UPDATE operator_accounts SET role = 'admin' WHERE name = 'Tom'`, 'the role (admin) of operator Tom is another one than after entry 1'],
    ['a PIN', `UPDATE operator_accounts SET pin_hash = (SELECT pin_hash FROM operator_accounts WHERE name = 'Ana') WHERE name = 'Tom'`, 'the PIN of operator Tom is another one than after entry 1'],
    ['a badge', `UPDATE operator_accounts SET badge_hash = NULL WHERE name = 'Tom'`, 'the badge of operator Tom is another one than after entry 1'],
    ['that somebody may sign in again', `UPDATE operator_accounts SET enabled = 1 WHERE name = 'Zoe'`, 'operator Zoe is enabled in the record, and not so after entry 3'],
    [
      'another person',
      `INSERT INTO operator_accounts (name, folded_name, role, enabled, pin_hash, failures, created_by, created_at) SELECT 'Eve', 'eve', 'admin', 1, pin_hash, 0, 'Ana', created_at FROM operator_accounts WHERE name = 'Tom'`,
      'operator Eve is in the record, and no entry made them',
    ],
    ['that nobody signs in', `UPDATE station_settings SET value = 'single-person' WHERE name = 'access-mode'`, 'this station has operators, and the record lets anybody in'],
  ])('are found out where somebody writes %s into the file', async (_, sql, sentence) => {
    await makeFirstAdmin(doors, { name: 'Ana', pin: '482917' });
    await addOperator(doors, admin, { name: 'Tom', role: 'technician', pin: '135791', badge: 'BDG-0007' });
    await addOperator(doors, admin, { name: 'Zoe', role: 'qa', pin: '135791' });
    await changeOperator(doors, admin, 'Zoe', { what: 'enabled', enabled: false });
    expect(await check(store)).toMatchObject({ sound: true });
    const database = new Database(path);
    database.exec(sql);
    database.close();
    expect(await check(store)).toEqual({ sound: false, sentence: `The record does not agree with its log: ${sentence}.` });
  });

  it('are not let in by rights that somebody wrote into the file', async () => {
    await makeFirstAdmin(doors, { name: 'Ana', pin: '482917' });
    await addOperator(doors, admin, { name: 'Tom', role: 'technician', pin: '135791' });
    const database = new Database(path);
    database.exec(`UPDATE operator_accounts SET role = 'admin' WHERE name = 'Tom'`);
    database.close();
    await expect(signIn(doors, { name: 'Tom' }, '135791')).rejects.toMatchObject({ code: 'log-broken' });
    expect(await signIns(store)).toEqual([]);
    expect(await signIn(doors, { name: 'Ana' }, '482917')).toMatchObject({ name: 'Ana' });
  });

  it('wait after five wrong PINs, after a restart too, and the right one begins anew', async () => {
    await makeFirstAdmin(doors, { name: 'Ana', pin: '482917' });
    for (let tries = 0; tries < 5; tries += 1) await expect(signIn(doors, { name: 'Ana' }, '999990')).rejects.toMatchObject({ code: 'sign-in-refused' });
    await expect(signIn(doors, { name: 'Ana' }, '482917')).rejects.toMatchObject({ code: 'sign-in-paused' });
    await store.close();
    open();
    now += 29_000;
    await expect(signIn(doors, { name: 'Ana' }, '482917')).rejects.toThrow(/wait 1 seconds/);
    now += 1000;
    expect(await signIn(doors, { name: 'Ana' }, '482917')).toMatchObject({ name: 'Ana' });
    for (let tries = 0; tries < 4; tries += 1) await expect(signIn(doors, { name: 'Ana' }, '999990')).rejects.toMatchObject({ code: 'sign-in-refused' });
    expect(await signIn(doors, { name: 'Ana' }, '482917')).toMatchObject({ name: 'Ana' });
  });

  it('have no try for nothing in many at once', async () => {
    await makeFirstAdmin(doors, { name: 'Ana', pin: '482917' });
    const tries = await Promise.allSettled(Array.from({ length: 12 }, () => signIn(doors, { name: 'Ana' }, '999990')));
    const codes = tries.map((each) => (each.status === 'rejected' ? (each.reason as { code: string }).code : 'let in'));
    expect(codes.filter((code) => code === 'sign-in-refused')).toHaveLength(5);
    expect(codes.filter((code) => code === 'sign-in-paused')).toHaveLength(7);
  });

  it('are changed by an admin only', async () => {
    await makeFirstAdmin(doors, { name: 'Ana', pin: '482917' });
    for (const role of ['technician', 'qa', 'auditor'] as const) {
      const actor = { name: 'Tom', role };
      await expect(addOperator(doors, actor, { name: 'Eve', role: 'admin', pin: '482917' })).rejects.toMatchObject({ code: 'not-allowed' });
      await expect(changeOperator(doors, actor, 'Ana', { what: 'pin', pin: '135791' })).rejects.toMatchObject({ code: 'not-allowed' });
      await expect(setIdleMinutes(doors, actor, 5)).rejects.toMatchObject({ code: 'not-allowed' });
    }
    await setIdleMinutes(doors, admin, 5);
    expect((await doors.operators.accessSettings()).idleMinutes).toBe(5);
    await expect(setIdleMinutes(doors, admin, 0)).rejects.toMatchObject({ code: 'operator-invalid' });
  });

  it('keep a last admin', async () => {
    await makeFirstAdmin(doors, { name: 'Ana', pin: '482917' });
    await addOperator(doors, admin, { name: 'Tom', role: 'technician', pin: '135791' });
    await expect(changeOperator(doors, admin, 'Ana', { what: 'role', role: 'qa' })).rejects.toMatchObject({ code: 'last-admin' });
    await expect(changeOperator(doors, admin, 'Ana', { what: 'enabled', enabled: false })).rejects.toMatchObject({ code: 'last-admin' });
    expect(await doors.operators.operator('ana')).toMatchObject({ role: 'admin', enabled: true });
    await changeOperator(doors, admin, 'Tom', { what: 'role', role: 'admin' });
    await changeOperator(doors, admin, 'Ana', { what: 'enabled', enabled: false });
    await expect(signIn(doors, { name: 'Ana' }, '482917')).rejects.toMatchObject({ code: 'sign-in-refused' });
    await expect(changeOperator(doors, admin, 'Tom', { what: 'enabled', enabled: false })).rejects.toMatchObject({ code: 'last-admin' });
  });

  it('get another PIN, badge or none, and nobody has a badge twice', async () => {
    await makeFirstAdmin(doors, { name: 'Ana', pin: '482917', badge: 'BDG-0001' });
    await addOperator(doors, admin, { name: 'Tom', role: 'technician', pin: '135791' });
    await expect(changeOperator(doors, admin, 'Tom', { what: 'badge', badge: 'BDG-0001' })).rejects.toMatchObject({ code: 'operator-exists' });
    await expect(addOperator(doors, admin, { name: 'TOM', role: 'qa', pin: '135791' })).rejects.toMatchObject({ code: 'operator-exists' });
    await changeOperator(doors, admin, 'Ana', { what: 'badge' });
    await changeOperator(doors, admin, 'Tom', { what: 'badge', badge: 'BDG-0001' });
    for (let tries = 0; tries < 5; tries += 1) await signIn(doors, { name: 'Tom' }, '999990').catch(() => undefined);
    await changeOperator(doors, admin, 'Tom', { what: 'pin', pin: '246802' });
    expect(await signIn(doors, { badge: 'BDG-0001' }, '246802')).toMatchObject({ name: 'Tom' });
    await expect(changeOperator(doors, admin, 'Zoe', { what: 'pin', pin: '246802' })).rejects.toMatchObject({ code: 'no-such-operator' });
  });

  describe('change their own PIN', () => {
    const failures = (name: string): unknown => {
      const database = new Database(path);
      const found = database.prepare('SELECT failures FROM operator_accounts WHERE name = ?').pluck().get(name);
      database.close();
      return found;
    };

    beforeEach(async () => {
      await makeFirstAdmin(doors, { name: 'Ana', pin: '482917' });
      await addOperator(doors, admin, { name: 'Aud', role: 'auditor', pin: '135791' });
    });

    it('with the one before, in any role, and the log has it under their name', async () => {
      await changeOwnPin(doors, ' aud ', '135791', '246802');
      await expect(signIn(doors, { name: 'Aud' }, '135791')).rejects.toMatchObject({ code: 'sign-in-refused' });
      expect(await signIn(doors, { name: 'Aud' }, '246802')).toMatchObject({ name: 'Aud' });
      const entries = await entriesOf(store, 'operator-changed');
      expect(entries.at(-1)).toEqual({ by: 'Aud', data: { change: 'pin', operator: 'Aud', value: 'given', pinSha256: expect.stringMatching(/^[0-9a-f]{64}$/) } });
      expect(await check(store)).toMatchObject({ sound: true });
    });

    it('not with a wrong one, and not as somebody who is not there or may not sign in', async () => {
      await changeOperator(doors, admin, 'Aud', { what: 'enabled', enabled: false });
      for (const [name, pin] of [['Ana', '999990'], ['Nobody', '482917'], ['', '482917'], ['Aud', '135791']] as const) {
        await expect(changeOwnPin(doors, name, pin, '246802')).rejects.toMatchObject({ code: 'sign-in-refused', field: 'pin' });
      }
      expect(await signIn(doors, { name: 'Ana' }, '482917')).toMatchObject({ name: 'Ana' });
    });

    it('to one that is a PIN, and another one; what was typed is named, and no try is counted', async () => {
      for (const pin of ['12345', '123456', '482917']) await expect(changeOwnPin(doors, 'Ana', '482917', pin)).rejects.toMatchObject({ code: 'operator-invalid', field: 'newPin' });
      expect(failures('Ana')).toBe(0);
    });

    it('with tries that count like those of a sign-in, before they are looked at', async () => {
      for (let tries = 0; tries < 3; tries += 1) await expect(changeOwnPin(doors, 'Ana', '999990', '246802')).rejects.toMatchObject({ code: 'sign-in-refused' });
      expect(failures('Ana')).toBe(3);
      for (let tries = 0; tries < 2; tries += 1) await expect(signIn(doors, { name: 'Ana' }, '999990')).rejects.toMatchObject({ code: 'sign-in-refused' });
      await expect(changeOwnPin(doors, 'Ana', '482917', '246802')).rejects.toMatchObject({ code: 'sign-in-paused' });
      now += 30_000;
      await changeOwnPin(doors, 'Ana', '482917', '246802');
      expect(failures('Ana')).toBe(0);
    });

    it('once of two that come at once with the same old one', async () => {
      const both = await Promise.allSettled([changeOwnPin(doors, 'Ana', '482917', '246802'), changeOwnPin(doors, 'Ana', '482917', '864213')]);
      expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'sign-in-refused' } });
      expect(await check(store)).toMatchObject({ sound: true });
    });

    it('and a sign-in with the old one that comes at the same time is let in or refused, and the log is sound', async () => {
      const [, signedIn] = await Promise.allSettled([changeOwnPin(doors, 'Ana', '482917', '246802'), signIn(doors, { name: 'Ana' }, '482917')]);
      if (signedIn.status === 'rejected') expect(signedIn.reason).toMatchObject({ code: 'sign-in-refused' });
      expect(await check(store)).toMatchObject({ sound: true });
    });

    it('does not make good what somebody wrote into the file', async () => {
      const database = new Database(path);
      database.exec(`UPDATE operator_accounts SET pin_hash = (SELECT pin_hash FROM operator_accounts WHERE name = 'Aud') WHERE name = 'Ana'`);
      database.close();
      await expect(changeOwnPin(doors, 'Ana', '135791', '246802')).rejects.toMatchObject({ code: 'log-broken' });
      expect(await check(store)).toMatchObject({ sound: false });
    });
  });

  it('are never deleted or renamed, who changed them neither', async () => {
    await makeFirstAdmin(doors, { name: 'Ana', pin: '482917' });
    await changeOperator(doors, admin, 'Ana', { what: 'pin', pin: '246802' });
    const { default: Database } = await import('better-sqlite3');
    const database = new Database(path);
    expect(() => database.exec('DELETE FROM operator_accounts')).toThrow(/never deleted/);
    expect(() => database.exec(`UPDATE operator_accounts SET name = 'Eve'`)).toThrow(/never changed/);
    expect(database.prepare('SELECT name, what, value, changed_by FROM operator_changes').raw().all()).toEqual([
      ['Ana', 'added', 'admin', 'Ana'],
      ['Ana', 'pin', 'given', 'Ana'],
    ]);
    expect(() => database.exec('DELETE FROM operator_changes')).toThrow(/never changed/);
    database.close();
  });

  it('leave no PIN and no badge in the file', async () => {
    await makeFirstAdmin(doors, { name: 'Ana', pin: '482917', badge: 'BDG-SECRET-0001' });
    await signIn(doors, { badge: 'BDG-SECRET-0001' }, '482917');
    await signIn(doors, { name: 'Ana' }, '739104').catch(() => undefined);
    await store.close();
    const bytes = readFileSync(path);
    for (const secret of ['482917', 'BDG-SECRET-0001', '739104']) expect(bytes.includes(secret)).toBe(false);
    open();
  });
});
