/** An update that is killed at each of its steps: the version before or the new one is what starts, and the next command puts the rest in order. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { putFile } from '../../main/compose/durable-file';
import { asImprintError } from '../../main/domain/errors';
import { applyUpdate, previousOf, recoverUpdate, rollBack, type UpdateDoors } from '../../main/update/apply';
import { Installation } from '../../main/update/installation';
import { developmentKey } from '../../main/update/keys';
import { UpdateFile } from '../../main/update/update-file';
import { projectRoot } from '../support/native-bundle';
import { writeUpdate } from '../support/update-files';

const folder = mkdtempSync(join(tmpdir(), 'imprint-update-faults-'));
const bundle = join(folder, 'update.cjs');
const updates = { older: join(folder, '0.1.0.update'), newer: join(folder, '0.2.0.update') };
let count = 0;
let root: string;

beforeAll(async () => {
  await writeUpdate(updates.older, '0.1.0');
  await writeUpdate(updates.newer, '0.2.0', { manifest: { recordSchema: 9 } });
  // The real code in a process that can be killed; only the way in is this test's.
  const entry = join(folder, 'entry.ts');
  const path = (file: string): string => JSON.stringify(join(projectRoot, 'main', file));
  writeFileSync(
    entry,
    `import { putFile } from ${path('compose/durable-file.ts')};
     import { faultPoints } from ${path('compose/fault-points.ts')};
     import { applyUpdate, rollBack } from ${path('update/apply.ts')};
     import { Installation } from ${path('update/installation.ts')};
     import { UpdateFile } from ${path('update/update-file.ts')};
     const [root, file, key] = process.argv.slice(2);
     const installation = new Installation(root, (path, text) => putFile(path, text, true));
     const who = { at: '2026-11-26T01:00:00.000Z', by: 'kim' };
     const faults = faultPoints(false);
     (async () => {
       if (file === 'roll-back') return rollBack({ installation, faults }, who);
       const update = await UpdateFile.open(file, [key]);
       await applyUpdate({ installation, faults, backUp: async () => '/backup.sqlite', versionOf: async (program) => 'imprint ' + program.split('/').at(-2), takesSmoke: false, signal: new AbortController().signal }, update, who);
     })().catch((thrown) => { console.error(thrown); process.exit(3); });`,
  );
  buildSync({ entryPoints: [entry], outfile: bundle, bundle: true, format: 'cjs', platform: 'node', logLevel: 'silent', nodePaths: [join(projectRoot, 'node_modules')] });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const installation = (): Installation => new Installation(root, (path, text) => { putFile(path, text, true); });
/** Each program says what a package says of itself, and then this. */
const says =
  (more = ' (build 0123456789ab)', only?: string): UpdateDoors['versionOf'] =>
  (program) => {
    const version = program.split('/').at(-2) ?? '';
    return Promise.resolve(`imprint ${version}${only === undefined || only === version ? more : ''}`);
  };
const smoke = '-smoke.unofficial-runtime (build 0123456789ab)';
const doors = (change: Partial<UpdateDoors> = {}): UpdateDoors => ({
  installation: installation(),
  faults: { reached: () => undefined },
  backUp: () => Promise.resolve('/backup.sqlite'),
  versionOf: says(),
  takesSmoke: false,
  signal: new AbortController().signal,
  ...change,
});
const who = { at: '2026-11-26T00:00:00.000Z', by: 'kim' };

async function apply(path: string, change: Partial<UpdateDoors> = {}): Promise<void> {
  const update = await UpdateFile.open(path, [developmentKey]);
  try {
    await applyUpdate(doors(change), update, who);
  } finally {
    update.close();
  }
}

function killedAt(point: string, file: string): void {
  const { signal, stderr } = spawnSync(process.execPath, [bundle, root, file, developmentKey], { encoding: 'utf8', env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', IMPRINT_KILL_AT: point } });
  expect([signal, stderr]).toEqual(['SIGKILL', '']);
}

/** What a start of the station would run. */
const started = (): string => readFileSync(join(root, 'current/locales/en-US.pak'), 'utf8');
const versions = (): string[] => readdirSync(join(root, 'versions')).sort();

beforeEach(async () => {
  count += 1;
  root = join(folder, `installation-${String(count)}`);
  await apply(updates.older);
});

describe('an update', () => {
  it('takes the place of the version before, which is kept', async () => {
    await apply(updates.newer);
    expect(started()).toBe('words of 0.2.0');
    expect(readlinkSync(join(root, 'current'))).toBe('versions/0.2.0');
    expect(versions()).toEqual(['0.1.0', '0.2.0']);
    expect(installation().state()).toMatchObject({ current: { version: '0.2.0', recordSchema: 9 }, previous: { version: '0.1.0', recordSchema: 8, backup: '/backup.sqlite' }, changes: [{ what: 'apply', to: '0.1.0' }, { what: 'apply', from: '0.1.0', to: '0.2.0', by: 'kim' }] });
    expect(existsSync(join(root, 'installation-journal.json'))).toBe(false);
  });

  it.each(['update:begun', 'update:backed-up', 'update:unpacking', 'update:unpacked', 'update:placing', 'update:placed', 'update:tried'])('killed at %s leaves the version before, and is taken back', async (point) => {
    killedAt(point, updates.newer);
    expect(started()).toBe('words of 0.1.0');
    expect(await recoverUpdate(installation())).toMatchObject({ ended: 'undone', change: { to: '0.2.0' } });
    expect([started(), versions()]).toEqual(['words of 0.1.0', ['0.1.0']]);
    expect(installation().state()).toMatchObject({ current: { version: '0.1.0' }, changes: [{ to: '0.1.0' }] });
    expect(await recoverUpdate(installation())).toBeUndefined();
    // And the same update goes through afterwards.
    await apply(updates.newer);
    expect(started()).toBe('words of 0.2.0');
  });

  it('killed after the switch is the new version, and is ended once', async () => {
    killedAt('update:switched', updates.newer);
    expect(started()).toBe('words of 0.2.0');
    expect(await recoverUpdate(installation())).toMatchObject({ ended: 'done' });
    expect(installation().state()).toMatchObject({ current: { version: '0.2.0' }, previous: { version: '0.1.0', backup: '/backup.sqlite' } });
    expect(installation().state().changes).toHaveLength(2);
    expect(await recoverUpdate(installation())).toBeUndefined();
  });

  it.each(['update:placing', 'update:placed'])('that brings a version anew and is killed at %s gives back the one that lay there', async (point) => {
    await apply(updates.newer);
    await rollBack(doors(), who);
    writeFileSync(join(root, 'versions/0.2.0/mark'), 'the one from before');
    killedAt(point, updates.newer);
    await recoverUpdate(installation());
    expect([started(), versions()]).toEqual(['words of 0.1.0', ['0.1.0', '0.2.0']]);
    expect(readFileSync(join(root, 'versions/0.2.0/mark'), 'utf8')).toBe('the one from before');
  });

  it('of a smoke package is taken by a smoke package', async () => {
    await apply(updates.newer, { versionOf: says(smoke), takesSmoke: true });
    expect(started()).toBe('words of 0.2.0');
  });

  it('makes a smoke package a release', async () => {
    await apply(updates.newer, { versionOf: says(smoke, '0.1.0'), takesSmoke: true });
    expect(started()).toBe('words of 0.2.0');
  });

  it('goes into no folder that others may write', async () => {
    chmodSync(root, 0o777);
    expect(await apply(updates.newer).catch((thrown: unknown) => asImprintError(thrown))).toMatchObject({ code: 'update-refused', field: 'installation' });
    expect([started(), versions(), existsSync(join(root, 'installation-journal.json'))]).toEqual(['words of 0.1.0', ['0.1.0'], false]);
  });

  const failing: readonly (readonly [string, Partial<UpdateDoors>, RegExp])[] = [
    ['whose record cannot be backed up', { backUp: () => Promise.reject(new Error('the disk is full')) }, /the disk is full/],
    ['whose program does not start', { versionOf: () => Promise.reject(new Error('no such library')) }, /does not start on this computer; nothing was changed.*no such library/],
    ['whose program is another one', { versionOf: () => Promise.resolve('imprint 0.1.9') }, /says "imprint 0\.1\.9"/],
    ['whose program is another one of a build', { versionOf: () => Promise.resolve('imprint 0.2.1 (build 0123456789ab)') }, /says "imprint 0\.2\.1/],
    ['whose program is no Imprint', { versionOf: () => Promise.resolve('imprint 0.2.0; rm -rf /') }, /says "imprint 0\.2\.0; rm/],
    ['that would make a release a smoke package', { versionOf: says(smoke, '0.2.0') }, /is a smoke package.* this station is a release.*; nothing was changed/],
    ['that would make an installed release one, brought by a smoke package', { versionOf: says(smoke, '0.2.0'), takesSmoke: true }, /is a smoke package.*installed here.*; nothing was changed/],
  ];
  it.each(failing)('%s is taken back at once', async (_, change, sentence) => {
    const failed = await apply(updates.newer, change).catch((thrown: unknown) => asImprintError(thrown));
    expect(failed).toMatchObject({ message: expect.stringMatching(sentence) as string });
    expect([started(), versions()]).toEqual(['words of 0.1.0', ['0.1.0']]);
    expect(await recoverUpdate(installation())).toBeUndefined();
  });
});

describe('the way back', () => {
  it('is to the version that was kept, once', async () => {
    await apply(updates.newer);
    expect(await rollBack(doors(), who)).toMatchObject({ version: '0.1.0', recordSchema: 8 });
    expect(started()).toBe('words of 0.1.0');
    expect(() => previousOf(installation())).toThrow(/no earlier version/);
    await apply(updates.newer);
    expect(previousOf(installation()).version).toBe('0.1.0');
  });

  it.each([['update:rolling-back', 'words of 0.2.0', 'undone'], ['update:rolled-back', 'words of 0.1.0', 'done']])('killed at %s is put in order', async (point, words, ended) => {
    await apply(updates.newer);
    killedAt(point, 'roll-back');
    expect(await recoverUpdate(installation())).toMatchObject({ ended });
    expect([started(), versions()]).toEqual([words, ['0.1.0', '0.2.0']]);
    expect(await recoverUpdate(installation())).toBeUndefined();
  });

  it('is found from the program itself, where it was installed in this way', async () => {
    await apply(updates.newer);
    expect(Installation.rootOf(realpathSync(join(root, 'current/imprint')))).toBe(root);
    expect(Installation.rootOf('/opt/Imprint/imprint')).toBeUndefined();
    expect(Installation.rootOf(join(folder, 'versions/0.1.0/imprint'))).toBeUndefined();
  });

  it('needs an installation that nobody else has written into', () => {
    writeFileSync(join(root, 'installation.json'), '{"version":1}');
    expect(() => installation().state()).toThrow(/not as this station wrote it/);
  });
});
