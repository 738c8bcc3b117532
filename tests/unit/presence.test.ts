/** Who is let in at the window and what each role may call there: main's side, whatever the page does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { accessHandlers } from '../../main/compose/access-handlers';
import { commandNames, requirementOf } from '../../main/compose/command-rights';
import { Presence } from '../../main/compose/presence';
import { windowEvents, windowMethods, type WindowEventName, type WindowMethods } from '../../main/contract/window-channel';
import { heardWhileLocked, methodRights } from '../../main/contract/window-rights';
import { may, roles, type Role } from '../../main/domain/roles';
import { addOperator, changeOperator, makeFirstAdmin, type OperatorDoors } from '../../main/station/operators';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { signIns } from '../support/log';
import { reservation } from '../support/reservations';

type Method = keyof WindowMethods;
const methods = Object.keys(windowMethods) as readonly Method[];
const minute = 60_000;
const pins = { Ana: '482917', Tom: '135791', Quinn: '246802', Aud: '975310' } as const;
type Name = keyof typeof pins;
const nameOf: Readonly<Record<Exclude<Role, 'lab'>, Name>> = { admin: 'Ana', technician: 'Tom', qa: 'Quinn', auditor: 'Aud' };

/**
 * All that an auditor can call. Look twice before a line is added here. Three of them write: `setUp` once, before there are
 * auditors; `changeMyPin`, which changes the auditor's own PIN, for which they give the one before; and `setLanguage`, after
 * which the window reads otherwise.
 */
const openToAuditors: readonly Method[] = [
  'access',
  'acceptances',
  'askServer',
  'batch',
  'batchLines',
  'batches',
  'bench',
  'cancelExport',
  'cancelLogCheck',
  'certificates',
  'changeMyPin',
  'checkLog',
  'conflict',
  'dashboard',
  'device',
  'deviceLabels',
  'deviceLog',
  'devices',
  'exportRecord',
  'exports',
  'labelPreview',
  'lock',
  'logHealth',
  'orderAttributes',
  'plannedIdentities',
  'saveReceipt',
  'saveShiftReport',
  'searchDevices',
  'setLanguage',
  'setUp',
  'shiftReport',
  'signIn',
  'slots',
  'watch',
  'stationHealth',
  'saveDiagnostics',
];

let folder: string;
let store: SqliteRecordStore;
let now: number;
let changes: number;
let presence: Presence;
let doors: OperatorDoors;

const make = (hasRecord = true): Presence =>
  new Presence({ ...doors, log: store.log, singlePerson: { operator: 'root', role: 'lab' }, hasRecord: () => hasRecord, changed: () => void (changes += 1) });

/** The code with which a call is refused; undefined where it is let through. */
const refusalOf = async (method: Method, at = presence): Promise<string | undefined> =>
  at.admit(method).then(
    () => undefined,
    (thrown: unknown) => (thrown as { code: string }).code,
  );

const signIn = (name: Name): Promise<void> => presence.signIn({ name }, pins[name]);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-presence-'));
  store = SqliteRecordStore.open(join(folder, 'record.sqlite'), { hashLogCost: 10 });
  now = Date.parse('2026-11-25T08:00:00.000Z');
  changes = 0;
  doors = { operators: store.operators, clock: { now: () => new Date(now) } };
  presence = make();
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const withOperators = async (): Promise<void> => {
  await makeFirstAdmin(doors, { name: 'Ana', pin: pins.Ana });
  const admin = { name: 'Ana', role: 'admin' } as const;
  for (const role of ['technician', 'qa', 'auditor'] as const) await addOperator(doors, admin, { name: nameOf[role], role, pin: pins[nameOf[role]] });
  await presence.begin(true);
};

describe('the table of rights', () => {
  it('has a line for every method of the window, and no other', () => {
    expect(Object.keys(methodRights).sort()).toEqual([...methods].sort());
  });

  it.each(roles)('is what %s is held to, for every method', async (role) => {
    if (role === 'lab') await presence.begin(true).then(() => presence.setUp(undefined));
    else {
      await withOperators();
      await signIn(nameOf[role]);
    }
    expect(presence.who.role).toBe(role);
    for (const method of methods) {
      const requirement = methodRights[method];
      const allowed = requirement === 'anybody' || requirement === 'look' || requirement === 'own-account' || may(role, requirement);
      expect([method, await refusalOf(method)]).toEqual([method, allowed ? undefined : 'not-allowed']);
    }
  });

  it('opens nothing that writes to an auditor, but their own account', async () => {
    await withOperators();
    await signIn('Aud');
    const open = [];
    for (const method of methods) if ((await refusalOf(method)) === undefined) open.push(method);
    expect(open.sort()).toEqual([...openToAuditors].sort());
    expect(presence.may('give-secrets')).toBe(false);
    expect(methods.filter((method) => methodRights[method] === 'own-account')).toEqual(['changeMyPin']);
  });

  it('lets nobody but an admin manage operators', async () => {
    await withOperators();
    for (const name of ['Tom', 'Quinn', 'Aud'] as const) {
      await signIn(name);
      for (const method of ['operators', 'addOperator', 'changeOperator', 'setIdleMinutes', 'makeFirstAdmin'] as const) expect([name, method, await refusalOf(method)]).toEqual([name, method, 'not-allowed']);
    }
  });

  it('lets a technician decommission nothing', async () => {
    await withOperators();
    await signIn('Tom');
    expect(await refusalOf('start')).toBeUndefined();
    for (const method of ['decommission', 'reject', 'removeKey', 'signOff'] as const) expect(await refusalOf(method)).toBe('not-allowed');
  });
});

describe('before anybody is let in', () => {
  it('only the lock itself answers', async () => {
    await withOperators();
    for (const method of methods) expect([method, await refusalOf(method)]).toEqual([method, methodRights[method] === 'anybody' ? undefined : 'sign-in-needed']);
    expect(presence.who).toEqual({ operator: 'nobody', role: 'auditor' });
  });

  it('the page hears how running cards come on, and nothing else', async () => {
    await withOperators();
    const heard = (Object.keys(windowEvents) as WindowEventName[]).filter((event) => presence.mayHear(event));
    expect(heard.sort()).toEqual(['access', 'notice', 'slot']);
    await signIn('Tom');
    for (const event of Object.keys(windowEvents) as WindowEventName[]) expect(presence.mayHear(event)).toBe(true);
    expect([...heardWhileLocked].every((event) => event in windowEvents)).toBe(true);
  });

  it('those who may sign in can be chosen from, by name and role alone', async () => {
    await withOperators();
    await changeOperator(doors, { name: 'Ana', role: 'admin' }, 'Quinn', { what: 'enabled', enabled: false });
    const { people, ...view } = await presence.view([]);
    expect(view).toEqual({ state: 'locked', mode: 'operators', running: [] });
    expect(people).toEqual([
      { name: 'Ana', role: 'admin' },
      { name: 'Aud', role: 'auditor' },
      { name: 'Tom', role: 'technician' },
    ]);
  });
});

describe('a sign-in', () => {
  it('names who is at work, and is told to the log', async () => {
    await withOperators();
    await signIn('Tom');
    expect(await presence.view([])).toEqual({ state: 'open', mode: 'operators', operator: 'Tom', role: 'technician', running: [] });
    expect(await signIns(store)).toEqual([{ operator: 'Tom', role: 'technician', method: 'pin' }]);
    await expect(presence.signIn({ name: 'Ana' }, '000001')).rejects.toMatchObject({ code: 'sign-in-refused' });
    // A wrong PIN of somebody else does not send away who is there.
    expect(presence.who.operator).toBe('Tom');
  });

  it('ends with the lock', async () => {
    await withOperators();
    await signIn('Tom');
    presence.lock();
    expect(await refusalOf('bench')).toBe('sign-in-needed');
    expect((await presence.view([{ name: 'Slot 1', word: 'Writing' }])).running).toEqual([{ name: 'Slot 1', word: 'Writing' }]);
  });

  it('ends after idle minutes, by the clock and not by the page', async () => {
    await withOperators();
    await signIn('Tom');
    now += 9 * minute;
    presence.touch();
    now += 9 * minute + 59_000;
    expect(await refusalOf('bench')).toBeUndefined();
    now += 1000;
    expect(await refusalOf('bench')).toBe('sign-in-needed');
    expect(await presence.view([])).toMatchObject({ sentence: 'Nobody was here for 10 minutes.', why: 'idle' });
    // A key press that comes afterwards opens nothing.
    presence.touch();
    expect(presence.who.operator).toBe('nobody');
    await signIn('Tom');
    expect(await refusalOf('start')).toBeUndefined();
  });

  it('ends where an admin took the right away meanwhile', async () => {
    await withOperators();
    const admin = { name: 'Ana', role: 'admin' } as const;
    await signIn('Tom');
    await changeOperator(doors, admin, 'Tom', { what: 'role', role: 'qa' });
    expect(await refusalOf('start')).toBe('sign-in-needed');
    await signIn('Tom');
    expect(await refusalOf('signOff')).toBeUndefined();
    await changeOperator(doors, admin, 'Tom', { what: 'enabled', enabled: false });
    expect(await refusalOf('signOff')).toBe('sign-in-needed');
    await expect(signIn('Tom')).rejects.toMatchObject({ code: 'sign-in-refused' });
  });
});

describe('managing operators at the window', () => {
  const context = { signal: new AbortController().signal, onProgress: () => undefined };
  const handlers = (hasRecord = true) => accessHandlers(presence, doors, () => hasRecord, () => undefined);
  const codeOf = async (done: unknown): Promise<string | undefined> =>
    Promise.resolve(done).then(
      () => undefined,
      (thrown: unknown) => (thrown as { code: string }).code,
    );

  it('shows an admin who they are, and makes what an admin types', async () => {
    await withOperators();
    await signIn('Ana');
    const { operators, addOperator: add, changeOperator: change, setIdleMinutes: idle } = handlers();
    await add({ name: ' Zoe ', role: 'qa', pin: '482910', badge: 'BDG-0009' }, context);
    await change({ name: 'Zoe', change: { what: 'role', role: 'auditor' } }, context);
    await idle({ minutes: 3 }, context);
    const view = await operators({}, context);
    expect(view).toMatchObject({ mode: 'operators', idleMinutes: 3 });
    expect(view.operators.find(({ name }) => name === 'Zoe')).toMatchObject({ role: 'auditor', hasBadge: true, enabled: true, createdBy: 'Ana' });
    expect(await codeOf(idle({ minutes: 1.5 }, context))).toBe('operator-invalid');
    expect(await codeOf(change({ name: 'Ana', change: { what: 'enabled', enabled: false } }, context))).toBe('last-admin');
    // The minutes count at once, for whoever is here.
    now += 3 * minute;
    expect(await refusalOf('bench')).toBe('sign-in-needed');
  });

  it('is refused by the use case too, where the gateway were passed by', async () => {
    await withOperators();
    await signIn('Tom');
    const { addOperator: add, changeOperator: change, setIdleMinutes: idle, makeFirstAdmin: make } = handlers();
    expect(await codeOf(add({ name: 'Zoe', role: 'admin', pin: '482910' }, context))).toBe('not-allowed');
    expect(await codeOf(change({ name: 'Tom', change: { what: 'role', role: 'admin' } }, context))).toBe('not-allowed');
    expect(await codeOf(idle({ minutes: 3 }, context))).toBe('not-allowed');
    expect(await codeOf(make({ name: 'Zoe', pin: '482910' }, context))).toBe('operator-exists');
    expect(await doors.operators.operators()).toHaveLength(4);
  });

  it('locks at the next step where it was about whoever did it', async () => {
    await withOperators();
    await signIn('Ana');
    const { changeOperator: change } = handlers();
    await change({ name: 'Tom', change: { what: 'role', role: 'admin' } }, context);
    expect(await refusalOf('operators')).toBeUndefined();
    await change({ name: 'Ana', change: { what: 'role', role: 'qa' } }, context);
    expect(await refusalOf('operators')).toBe('sign-in-needed');
  });

  it('begins where one person worked, who becomes the first admin', async () => {
    await presence.begin(true);
    await presence.setUp(undefined);
    expect(await handlers().operators({}, context)).toEqual({ mode: 'single-person', idleMinutes: 10, operators: [] });
    expect(await refusalOf('makeFirstAdmin')).toBeUndefined();
    expect(await codeOf(handlers().makeFirstAdmin({ name: 'Ana', pin: '123456' }, context))).toBe('operator-invalid');
    expect(presence.who).toEqual({ operator: 'root', role: 'lab' });
    await handlers().makeFirstAdmin({ name: 'Ana', pin: pins.Ana }, context);
    expect(presence.who).toEqual({ operator: 'Ana', role: 'admin' });
    expect(await codeOf(handlers().makeFirstAdmin({ name: 'Eve', pin: pins.Tom }, context))).toBe('operator-exists');
  });

  it('makes no record by being looked at', async () => {
    await presence.begin(false);
    expect(await handlers(false).operators({}, context)).toEqual({ mode: 'undecided', idleMinutes: 10, operators: [] });
  });

  it('leaves their PIN to everybody, and changes nobody else’s', async () => {
    await withOperators();
    await signIn('Aud');
    expect(await refusalOf('changeMyPin')).toBeUndefined();
    expect(await codeOf(handlers().changeMyPin({ pin: pins.Ana, newPin: '864213' }, context))).toBe('sign-in-refused');
    await handlers().changeMyPin({ pin: pins.Aud, newPin: '864213' }, context);
    await expect(signIn('Aud')).rejects.toMatchObject({ code: 'sign-in-refused' });
    await presence.signIn({ name: 'Aud' }, '864213');
    await signIn('Ana');
    presence.lock();
    expect(await codeOf(handlers().changeMyPin({ pin: pins.Ana, newPin: '975318' }, context))).toBe('no-such-operator');
  });

  it('has no PIN where nobody signs in', async () => {
    await presence.begin(true);
    await presence.setUp(undefined);
    expect(await codeOf(handlers().changeMyPin({ pin: pins.Ana, newPin: '864213' }, context))).toBe('no-such-operator');
  });
});

describe('the first start', () => {
  it('asks at a new station, and nothing else answers meanwhile', async () => {
    await presence.begin(true);
    expect((await presence.view([])).state).toBe('set-up');
    expect(await refusalOf('bench')).toBe('sign-in-needed');
  });

  it('makes the admin and lets them in', async () => {
    await presence.begin(true);
    await expect(presence.setUp({ name: 'Ana', pin: '123456' })).rejects.toMatchObject({ code: 'operator-invalid' });
    await presence.setUp({ name: 'Ana', pin: pins.Ana });
    expect(await presence.view([])).toMatchObject({ state: 'open', mode: 'operators', operator: 'Ana', role: 'admin' });
    await expect(presence.setUp({ name: 'Eve', pin: pins.Tom })).rejects.toMatchObject({ code: 'operator-exists' });
    await expect(presence.setUp(undefined)).rejects.toMatchObject({ code: 'operator-exists' });
  });

  it('of a single person is in the log: who began to work, at the real bench alone', async () => {
    await presence.begin(false);
    expect(await signIns(store)).toEqual([]);
    await presence.begin(true);
    await presence.setUp(undefined);
    expect(await signIns(store)).toEqual([{ operator: 'root', role: 'lab', method: 'single-person' }]);
  });

  it('asks neither at the practice bench, nor where devices were made before, nor a second time', async () => {
    await presence.begin(false);
    expect(presence.who).toEqual({ operator: 'root', role: 'lab' });
    await store.reserve(reservation(1));
    const used = make();
    await used.begin(true);
    expect((await used.view([])).state).toBe('open');
    await presence.begin(true);
    expect((await presence.view([])).state).toBe('open');
  });

  it('asks nothing of a record that is not there', async () => {
    await store.close();
    const fresh = make(false);
    await fresh.begin(true);
    expect((await fresh.view([])).state).toBe('set-up');
    const practice = make(false);
    await practice.begin(false);
    expect(await refusalOf('start', practice)).toBeUndefined();
  });

  it('of a command locks a window that is open', async () => {
    await presence.begin(false);
    expect(await refusalOf('start')).toBeUndefined();
    await makeFirstAdmin(doors, { name: 'Ana', pin: pins.Ana });
    expect(await refusalOf('start')).toBe('sign-in-needed');
    await signIn('Ana');
    expect(await refusalOf('start')).toBeUndefined();
  });
});

describe('commands', () => {
  const bare = { values: {}, positionals: [] };

  it('that an auditor may run change nothing', () => {
    const open = commandNames.filter((name) => ['anybody', 'look'].includes(requirementOf(name, bare)));
    expect(open).toEqual(['inspect', 'verify-card', 'doctor', 'diagnostics', 'drives', 'slots', 'command-codes', 'status', 'list', 'outbox', 'batch', 'label', 'certificates', 'audit', 'report', 'dashboard', 'export', 'verify-export', 'verify-proof', 'log', 'practice', 'practice-server', 'update', 'language', 'hooks']);
  });

  it('take more where they do more', () => {
    expect(requirementOf('drives', { values: { reset: 'Slot 1' }, positionals: [] })).toBe('provision');
    expect(requirementOf('slots', { values: {}, positionals: ['clear'] })).toBe('provision');
    expect(requirementOf('slots', { values: {}, positionals: ['layout'] })).toBe('provision');
    expect(requirementOf('slots', { values: {}, positionals: ['health'] })).toBe('look');
    expect(requirementOf('status', { values: { watch: true }, positionals: [] })).toBe('ask-server');
    expect(requirementOf('outbox', { values: { profile: 'p.json' }, positionals: [] })).toBe('provision');
    expect(requirementOf('label', { values: {}, positionals: ['print'] })).toBe('provision');
    expect(requirementOf('label', { values: { profile: 'p.json' }, positionals: ['queue'] })).toBe('provision');
    expect(requirementOf('label', { values: { decide: '1' }, positionals: ['queue'] })).toBe('provision');
    for (const name of ['status', 'key', 'check', 'receipt', 'nonsense']) expect(requirementOf('log', { values: {}, positionals: [name] })).toBe('look');
    for (const name of ['checkpoint', 'anchor', 'cosign']) expect(requirementOf('log', { values: {}, positionals: [name] })).toBe('keep-log');
    expect(requirementOf('log', { values: {}, positionals: ['renew-key'] })).toBe('renew-log-key');
    for (const name of ['list', 'show']) expect(requirementOf('batch', { values: {}, positionals: [name] })).toBe('look');
    for (const name of ['create', 'import', 'pause', 'resume', 'close', 'nonsense']) expect(requirementOf('batch', { values: {}, positionals: [name] })).toBe('manage-batches');
    expect(requirementOf('report', { values: { anchor: true }, positionals: [] })).toBe('keep-log');
    expect(requirementOf('restore', bare)).toBe('restore');
    expect(requirementOf('update', { values: {}, positionals: ['check', 'FILE'] })).toBe('anybody');
    for (const name of ['apply', 'roll-back', 'nonsense']) expect(requirementOf('update', { values: {}, positionals: [name] })).toBe('update');
    for (const name of ['test', 'retry', 'skip']) expect(requirementOf('hooks', { values: {}, positionals: [name] })).toBe('integrate');
    expect(requirementOf('integrate', bare)).toBe('integrate');
    expect(requirementOf('operators', { values: {}, positionals: ['init'] })).toBe('anybody');
    for (const name of ['list', 'add', 'pin', 'nonsense']) expect(requirementOf('operators', { values: {}, positionals: [name] })).toBe('manage-operators');
    expect(requirementOf('operators', bare)).toBe('manage-operators');
    expect(requirementOf('operators', { values: {}, positionals: ['my-pin'] })).toBe('own-account');
  });

  it('take nothing for the practice bench, which opens no other command', () => {
    const practice = { values: { practice: true }, positionals: [] };
    const eased = commandNames.filter((name) => requirementOf(name, practice) !== requirementOf(name, bare));
    expect(eased.sort()).toEqual(['backup', 'batch', 'certificates', 'dashboard', 'export', 'export-key', 'hooks', 'integrate', 'list', 'log', 'recover', 'report', 'restore', 'status']);
    expect(requirementOf('status', { values: { practice: true, watch: true }, positionals: [] })).toBe('ask-server');
  });
});
