/** Updates from a stick at the command line: made by the tool that publishes them, refused where they do not fit, applied, and taken back with the record from before. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCommandLine, type CommandLine } from '../support/line-commands';
import { environment, imprintCommand, type CommandResult } from '../support/station';
import { writePackage, writeUpdate } from '../support/update-files';

let line: CommandLine;
const root = resolve(import.meta.dirname, '../..');
const at = (name: string): string => join(line.folder, name);
const update = (...words: string[]): Promise<CommandResult> => line.run(['update', ...words, '--install', at('app'), '--json']);
const ended = ({ exitCode, events }: CommandResult): unknown[] => [exitCode, events.at(-1)?.['code'], events.at(-1)?.['field']];
const result = ({ events }: CommandResult): Readonly<Record<string, unknown>> => events.findLast((event) => event['event'] === 'result') ?? {};

beforeAll(async () => {
  line = await openCommandLine();
  for (const version of ['0.1.0', '0.2.0', '0.3.0']) {
    writePackage(at(`package-${version}`), version);
    const script = ['scripts/update/make-update.mjs', '--development', '--version', version, '--package', at(`package-${version}`), '--from', '0.1.0', '--out', at(`${version}.update`)];
    execFileSync('node', version === '0.2.0' ? [...script, '--record-schema', '99'] : script, { cwd: root });
  }
});
afterAll(async () => {
  await line.close();
});

it('begins an installation, with the program behind one link', async () => {
  expect(ended(await line.run(['update', 'apply', at('0.1.0.update'), '--json']))).toEqual([4, 'update-refused', '--install']);
  expect((await update('apply', at('0.1.0.update'))).exitCode).toBe(0);
  expect(execFileSync(join(at('app'), 'current/imprint'), { encoding: 'utf8' })).toBe('imprint 0.1.0 (build 0123456789ab)\n');
});

it('looks at an update before it is applied', async () => {
  const checked = await update('check', at('0.2.0.update'));
  expect(result(await update('status'))).toMatchObject({ installed: '0.1.0', trusts: ['imprint-development-updates'], changes: [{ to: '0.1.0' }] });
  expect([checked.exitCode, result(checked)]).toMatchObject([0, { version: '0.2.0', signedBy: 'imprint-development-updates', refusals: [], files: 3 }]);
  await writeUpdate(at('other.update'), '0.0.9', { manifest: { target: { platform: 'linux', architecture: 'riscv64' } } });
  const other = await update('check', at('other.update'));
  expect([other.exitCode, result(other)]).toMatchObject([4, { refusals: [{ field: 'target' }, { field: 'version' }] }]);
  expect(readlinkSync(join(at('app'), 'current'))).toBe('versions/0.1.0');
});

it('is refused while a card is made, and by a profile that is in use', async () => {
  const pinned = line.profileFile('pinned', { name: 'pinned', station: { atMost: '0.1' } });
  const mac = '02:61:00:00:00:01';
  const running = line.start(['provision', '--profile', pinned, '--identity', `mac=${mac}`, '--target', line.card(mac)], { IMPRINT_STOP_AT: 'write:started' });
  while (!/T/.test(stateOf(running.child.pid ?? 0))) await new Promise((done) => setTimeout(done, 50));
  const before = readlinkSync(join(at('app'), 'current'));
  expect(ended(await update('apply', at('0.2.0.update'), '--override', 'pinned is tried'))).toEqual([4, 'slot-busy', 'jobs']);
  process.kill(running.child.pid ?? 0, 'SIGCONT');
  expect((await running.done).exitCode).toBe(0);
  expect(ended(await update('apply', at('0.2.0.update')))).toEqual([3, 'station-version', 'station.atMost']);
  expect(readlinkSync(join(at('app'), 'current'))).toBe(before);
});

it('is applied with the record backed up, and ends at the next command what a kill left', async () => {
  const killed = await line.run(['update', 'apply', at('0.2.0.update'), '--install', at('app'), '--override', 'pinned is gone'], { IMPRINT_KILL_AT: 'update:placed' });
  expect(killed.signal).toBe('SIGKILL');
  expect(readlinkSync(join(at('app'), 'current'))).toBe('versions/0.1.0');
  // Whoever wants the version from before has it: an interrupted update never came so far.
  const back = await update('roll-back');
  expect([back.exitCode, result(back)]).toMatchObject([0, { version: '0.1.0', mustRestore: false }]);
  expect((await line.run(['update', 'apply', at('0.2.0.update'), '--install', at('app'), '--override', 'pinned is gone'], { IMPRINT_KILL_AT: 'update:unpacking' })).signal).toBe('SIGKILL');
  expect(result(await update('status'))).toMatchObject({ installed: '0.1.0', unfinished: { to: '0.2.0' } });
  const applied = await update('apply', at('0.2.0.update'), '--override', 'pinned is gone');
  expect([applied.exitCode, applied.events[0]]).toMatchObject([0, { event: 'notice', sentence: expect.stringMatching(/interrupted update to 0\.2\.0: it was taken back/) as string }]);
  const { backup } = result(applied)['previous'] as { backup: string };
  expect(statSync(backup).mode & 0o777).toBe(0o600);
  expect(new Database(backup, { readonly: true }).prepare('SELECT count(*) AS devices FROM devices').get()).toEqual({ devices: 1 });
  expect(execFileSync(join(at('app'), 'current/imprint'), { encoding: 'utf8' })).toBe('imprint 0.2.0 (build 0123456789ab)\n');
  expect(readdirSync(join(at('app'), 'versions')).sort()).toEqual(['0.1.0', '0.2.0']);
});

it('goes back no further than to before an interrupted update', async () => {
  const killed = await line.run(['update', 'apply', at('0.3.0.update'), '--install', at('app'), '--override', 'pinned is gone'], { IMPRINT_KILL_AT: 'update:unpacking' });
  expect(killed.signal).toBe('SIGKILL');
  const back = await update('roll-back');
  expect([back.exitCode, result(back)]).toMatchObject([0, { version: '0.2.0', sentence: `Imprint 0.2.0 is what ${at('app')}/current/imprint starts from now on.` }]);
  expect(result(await update('status'))).toMatchObject({ installed: '0.2.0', previous: { version: '0.1.0' } });
});

it('goes back, with the record from before where the newer version has changed it', async () => {
  const record = join(line.folder, 'data/station/record.sqlite');
  // As a newer version leaves it.
  const database = new Database(record);
  database.pragma('user_version = 99');
  database.close();
  expect(ended(await update('roll-back'))).toEqual([4, 'update-refused', 'recordSchema']);
  const back = await update('roll-back', '--override', 'the new one loses cards');
  expect([back.exitCode, result(back)]).toMatchObject([0, { version: '0.1.0', mustRestore: true, sentence: expect.stringMatching(/current\/imprint restore --from .*record-before-0\.2\.0/) as string }]);
  expect(execFileSync(join(at('app'), 'current/imprint'), { encoding: 'utf8' })).toBe('imprint 0.1.0 (build 0123456789ab)\n');
  const backup = String(result(back)['backup']);
  expect((await line.run(['restore', '--from', backup, '--json'])).events.at(-1)).toMatchObject({ code: 'restore-older', field: '--override' });
  expect((await line.run(['restore', '--from', backup, '--override', 'back to 0.1.0'])).exitCode).toBe(0);
  expect((await line.run(['list', '--json'])).events).toHaveLength(1);
});

it('makes nothing but a smoke package a smoke package', async () => {
  const smoke = async (version: string): Promise<string> => writeUpdate(at(`smoke-${version}.update`), version, { says: `imprint ${version}-smoke.unofficial-runtime (build 0123456789ab)` });
  const [older, newer] = [await smoke('0.1.1'), await smoke('0.2.1')];
  const into = (folder: string, file: string): Promise<CommandResult> => line.run(['update', 'apply', file, '--install', at(folder), '--override', 'pinned is gone', '--json']);
  expect(ended(await into('app', older))).toEqual([4, 'update-refused', 'program']);
  expect(readlinkSync(join(at('app'), 'current'))).toBe('versions/0.1.0');
  expect((await into('smoke-app', older)).exitCode).toBe(0);
  expect((await into('smoke-app', newer)).exitCode).toBe(0);
  expect(readlinkSync(join(at('smoke-app'), 'current'))).toBe('versions/0.2.1');
});

it('is taken by a smoke package, and by no release: the bundle knows which it is', async () => {
  // Below the checkout, where its packages are found.
  const folder = mkdtempSync(join(root, '.cache/made-for-'));
  const made = (madeFor: string, ...words: string[]): CommandResult['events'] => {
    const dist = join(folder, madeFor);
    execFileSync('node', ['--input-type=module', '--eval', `import { build } from ${JSON.stringify(join(root, 'scripts/build.mjs'))}; await build(() => undefined, ${JSON.stringify({ version: '0.1.0', madeFor, folder: dist })});`]);
    const { program, rest } = imprintCommand(['update', ...words, '--data', join(folder, 'data'), '--json'], { script: join(dist, 'main/cli.cjs') });
    // Nothing beside the program, and nothing in its environment, makes a release something else.
    writeFileSync(join(dist, 'SMOKE-BUILD.txt'), '');
    const { stdout } = spawnSync(program, rest, { encoding: 'utf8', env: environment({ IMPRINT_MADE_FOR: 'smoke', IMPRINT_UNOFFICIAL_RUNTIME: '1' }) });
    return stdout.trim().split('\n').map((text) => JSON.parse(text) as CommandResult['events'][number]);
  };
  try {
    expect(made('release', 'status')).toMatchObject([{ trusts: [] }]);
    expect(made('release', 'apply', at('0.2.0.update'), '--install', join(folder, 'app')).at(-1)).toMatchObject({ code: 'update-invalid', sentence: expect.stringContaining('knows no publisher') as string });
    expect(made('smoke', 'status')).toMatchObject([{ trusts: ['imprint-development-updates'] }]);
    expect(made('smoke', 'check', at('0.2.0.update')).at(-1)).toMatchObject({ version: '0.2.0', signedBy: 'imprint-development-updates' });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('is made of a package that is what it is said to be', async () => {
  writePackage(at('packed'), '0.4.0');
  const make = (...words: string[]): string => spawnSync('node', ['scripts/update/make-update.mjs', '--package', at('packed'), '--from', '0.1.0', '--out', at('packed.update'), ...words], { cwd: root, encoding: 'utf8' }).stderr;
  const says = (facts: object): void => { writeFileSync(at('packed/resources/build.json'), JSON.stringify(facts)); };
  says({ version: '0.4.0-smoke.unofficial-runtime', recordSchema: 42 });
  execFileSync('node', ['scripts/update/make-key.mjs', at('other.pem')], { cwd: root });
  expect(make('--key', at('other.pem'))).toMatch(/is a smoke package: no publisher signs it/);
  expect(make('--development', '--version', '0.5.0')).toMatch(/is version 0\.4\.0, and not 0\.5\.0/);
  expect(make('--development', '--program', 'other')).toMatch(/has no program "other"/);
  expect(existsSync(at('packed.update'))).toBe(false);
  expect(make('--development')).toBe('');
  expect(result(await update('check', at('packed.update')))).toMatchObject({ version: '0.4.0', recordSchema: 42 });
  expect(make('--development')).toMatch(/is there already; nothing is replaced/);
});

it('is signed by nobody else: the tools make a key and replace none', () => {
  const key = at('publisher.pem');
  const made = spawnSync('node', ['scripts/update/make-key.mjs', key], { cwd: root, encoding: 'utf8' });
  expect([made.status, statSync(key).mode & 0o777]).toEqual([0, 0o600]);
  expect(made.stdout).toMatch(/^ {2}'imprint-updates\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+',$/m);
  const before = readFileSync(key);
  expect(spawnSync('node', ['scripts/update/make-key.mjs', key], { cwd: root }).status).toBe(1);
  expect(readFileSync(key).equals(before)).toBe(true);
  mkdirSync(at('linked'));
  writeFileSync(at('linked/imprint'), '');
  execFileSync('ln', ['-s', '/etc/passwd', at('linked/passwd')]);
  expect(spawnSync('node', ['scripts/update/make-update.mjs', '--development', '--package', at('linked'), '--from', '0.1.0', '--out', at('linked.update')], { cwd: root, encoding: 'utf8' }).stderr).toMatch(/has no links/);
  expect(existsSync(at('linked.update'))).toBe(false);
});

/** The state of a process (proc(5)); T is stopped. */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
}
