/** An update of a real package, by a real package, as the ordinary user who unpacked the first one: applied, killed, damaged, taken back. */
import { execFileSync } from 'node:child_process';
import { closeSync, copyFileSync, createReadStream, existsSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDebian, packed, renderersOf, type Debian, type Said } from './debian';
import { openLine, type Line } from './line';

// These tests run in Electron, which would show archives as folders.
process.noAsar = true;
const root = resolve(import.meta.dirname, '../..');
const { version: first } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const { next } = packed;
const stick = '/media/stick';
const update = `${stick}/${basename(packed.update)}`;
const display = { DISPLAY: process.env['DISPLAY'] ?? '' };

function withStick(debian: Debian): Debian {
  mkdirSync(join(debian.root, stick), { recursive: true });
  for (const path of [packed.archive, packed.update]) copyFileSync(path, join(debian.root, stick, basename(path)));
  return debian;
}

describe('a station that a user unpacked', () => {
  let debian: Debian;
  let line: Line;
  /** As `update` tells a person to type it. */
  const imprint = '/home/ana/imprint/current/imprint';
  const home = (path: string): string => join(debian.root, 'home/ana', path);
  const ana = (words: string, env?: Readonly<Record<string, string>>): Promise<Said> => debian.ana(`${imprint} ${words}`, env);
  const current = (): string => basename(readlinkSync(home('imprint/current')));
  const everything = (): string => execFileSync('find', [home('imprint'), '-printf', '%P %y %s %T@ %l\n'], { encoding: 'utf8', maxBuffer: 2 ** 26 }).split('\n').sort().join('\n');
  const make = (mac: string): Promise<Said> => debian.ana(`truncate -s 128M ~/card-${mac.slice(-2)}.img && ${imprint} provision --profile ~/line/profile.json --identity mac=${mac} --target ~/card-${mac.slice(-2)}.img`, line.env);
  const version = async (): Promise<string> => (await ana('--version')).stdout;
  const says = (which: string): unknown => expect.stringMatching(new RegExp(`^imprint ${which.replaceAll('.', '\\.')}-smoke\\.unofficial-runtime \\(build [0-9a-f]{12}\\)\n$`));

  beforeAll(async () => {
    debian = withStick(openDebian(false, { namespaces: true }));
    // As a desktop has it.
    expect(await debian.ana(`umask 002; tar -xzf ${stick}/${basename(packed.archive)} -C ~`)).toEqual({ code: 0, stdout: '', stderr: '' });
    line = await openLine(debian, imprint).catch((thrown: unknown) => {
      debian.close();
      throw thrown;
    });
  });
  afterAll(async () => {
    await line.close();
    debian.close();
  });

  it('starts, makes a device, and says how it is updated', async () => {
    expect(await version()).toEqual(says(first));
    const made = await make('02:00:00:00:00:01');
    expect([made.code, made.stdout]).toEqual([0, expect.stringContaining('Preauthorized')]);
    const practice = await ana('practice');
    expect([practice.code, practice.stdout]).toEqual([0, expect.stringContaining('Accepted:')]);
    const { stdout } = await ana('update status');
    expect(stdout).toContain(`Installed in /home/ana/imprint: ${first}.`);
    expect(stdout).toContain('signed by imprint-development-updates');
    expect((await ana('doctor')).stdout).toContain('a smoke package');
  });

  it('gets its rights from the script that the doctor names', async () => {
    const before = (await ana('doctor')).stdout;
    const command = /^ +sudo (\S+install-rights ana)$/m.exec(before)?.[1] ?? '';
    expect(command).toBe('/home/ana/imprint/current/resources/rights/install-rights ana');
    expect(before).not.toContain('dpkg');
    expect(await debian.ana(command)).toMatchObject({ code: 1, stderr: `Only root may do that. Run: sudo ${command}\n` });
    expect(await debian.root_(command.replace(/ana$/, 'nobody-here'))).toMatchObject({ code: 1, stderr: 'There is no user nobody-here on this computer; nothing was changed.\n' });
    expect(existsSync(join(debian.root, 'etc/udev/rules.d/70-imprint.rules'))).toBe(false);
    expect(await debian.root_(command)).toEqual({ code: 0, stdout: 'ana may write cards, from the next time that they sign in.\n', stderr: '' });
    expect(readFileSync(join(debian.root, 'etc/udev/rules.d/70-imprint.rules'), 'utf8')).toBe(readFileSync(join(root, 'scripts/udev/70-imprint.rules'), 'utf8'));
    expect(readFileSync(join(debian.root, 'etc/security/limits.d/imprint.conf'), 'utf8')).toContain('@imprint - memlock 16384');
    const after = (await ana('doctor')).stdout;
    expect(after).toContain('ana is in the group imprint, which may write cards.');
    expect(after).not.toContain('install-rights');
  });

  it('refuses a damaged update, and nothing is changed', async () => {
    const damaged = join(debian.root, stick, 'damaged.update');
    copyFileSync(packed.update, damaged);
    const file = openSync(damaged, 'r+');
    const byte = Buffer.alloc(1);
    const middle = Math.floor(statSync(damaged).size / 2);
    readSync(file, byte, 0, 1, middle);
    writeSync(file, Buffer.of((byte[0] ?? 0) ^ 0xff), 0, 1, middle);
    closeSync(file);
    const before = everything();
    for (const words of ['check', 'apply']) expect(await ana(`update ${words} ${stick}/damaged.update`)).toMatchObject({ code: 3, stderr: expect.stringMatching(/The update .*damaged\.update cannot be used: \S+ is damaged/) as string });
    expect(everything()).toBe(before);
    expect(existsSync(home('.local/share/imprint/station/backups'))).toBe(false);
  });

  it('opens its window with the sandbox of Chromium, and is not updated meanwhile', async () => {
    const window = debian.start(`exec ${imprint} --profile ~/line/profile.json`, { ...line.env, ...display });
    const renderers = (): readonly string[] => renderersOf(`/home/ana/imprint/versions/${first}/imprint`);
    try {
      await expect.poll(renderers, { timeout: 60_000 }).not.toEqual([]);
      for (const pid of renderers()) {
        expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Seccomp:\s+2$/m);
        expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('--no-sandbox');
      }
      await expect.poll(() => existsSync(home('.local/share/imprint/station/record.sqlite-wal')), { timeout: 60_000 }).toBe(true);
      const refused = await ana(`update apply ${update}`);
      expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('close every window')]);
    } finally {
      window.child.kill('SIGTERM');
      await window.done;
    }
    expect([current(), readdirSync(home('imprint/versions'))]).toEqual([first, [first]]);
  });

  /** Kills an update while it unpacks: its journal is there, and a part of the new version. */
  const killWhileUnpacking = async (): Promise<void> => {
    const applying = debian.start(`exec ${imprint} update apply ${update}`);
    await expect.poll(() => existsSync(home('imprint/versions/.unpacking/icudtl.dat')), { timeout: 120_000, interval: 5 }).toBe(true);
    applying.child.kill('SIGKILL');
    expect((await applying.done).code).toBeNull();
    expect(existsSync(home('imprint/installation-journal.json'))).toBe(true);
    expect([current(), readdirSync(home('imprint/versions'))]).toEqual([first, ['.unpacking', first]]);
  };

  it('that is killed while it unpacks starts as before, and the next command puts it in order', async () => {
    await killWhileUnpacking();
    expect(await version()).toEqual(says(first));
    expect((await ana('update status')).stdout).toContain('A change was interrupted');
    const back = await ana('update roll-back');
    expect([back.code, back.stderr]).toEqual([0, expect.stringContaining(`Found an interrupted update to ${next}: it was taken back`)]);
    expect(back.stdout).toContain(`Imprint ${first} is what ${imprint} starts from now on.`);
    expect([current(), readdirSync(home('imprint/versions')), existsSync(home('imprint/installation-journal.json'))]).toEqual([first, [first], false]);
    await killWhileUnpacking();
  });

  it('is updated: the record is backed up, and carried over', async () => {
    const checked = await ana(`update check ${update}`);
    expect([checked.code, checked.stdout]).toEqual([0, expect.stringMatching(new RegExp(`^Imprint ${next}, \\d+ files, .* signed by imprint-development-updates; every file is as it was signed\\.\nIt can be applied here\\.\n$`))]);
    const applied = await ana(`update apply ${update}`);
    // The second kill above.
    expect([applied.code, applied.stderr]).toEqual([0, expect.stringContaining('it was taken back')]);
    expect(applied.stdout).toContain(`Imprint ${next} is what ${imprint} starts from now on. ${first} stays beside it for "${imprint} update roll-back".`);
    const backup = /The record from before is in (\S+\.sqlite)\./.exec(applied.stdout)?.[1] ?? '';
    expect(statSync(join(debian.root, backup)).mode & 0o777).toBe(0o600);
    expect([current(), readdirSync(home('imprint/versions')).sort()]).toEqual([next, [first, next]]);
    expect(await version()).toEqual(says(next));
    expect((await ana('update status')).stdout).toContain(`Installed in /home/ana/imprint: ${next}, before it ${first}.`);
    expect((await ana('list')).stdout).toContain('02:00:00:00:00:01');
    expect((await make('02:00:00:00:00:02')).stdout).toContain('Preauthorized');
    expect((await ana('practice')).code).toBe(0);
    const again = await ana(`update apply ${update}`);
    expect([again.code, again.stderr]).toEqual([4, expect.stringContaining(`Version ${next} is installed already.`)]);
  });

  it('goes back, and the version before works with what was made since', async () => {
    const back = await ana('update roll-back');
    expect([back.code, back.stdout]).toEqual([0, `Imprint ${first} is what ${imprint} starts from now on.\n`]);
    expect(await version()).toEqual(says(first));
    expect((await ana('list')).stdout).toContain('02:00:00:00:00:02');
    expect((await make('02:00:00:00:00:03')).stdout).toContain('Preauthorized');
    expect((await ana('practice')).code).toBe(0);
    // Which program made which entries stands in the log.
    expect((await ana('export --to ~/export && ' + imprint + ' verify-export ~/export')).stdout).toContain('Nothing is wrong');
    const builds = readFileSync(home('export/entries.jsonl'), 'utf8').split('\n').filter((text) => text.includes('station-build')).map((text) => (JSON.parse(text) as { data: { version: string } }).data.version);
    expect(builds).toEqual([first, next, first].map((each) => `${each}-smoke.unofficial-runtime`));
  });

  it('is updated from a feed', async () => {
    // As a web server of the factory has them.
    const server = createServer((asked, reply) => {
      const path = join(packed.update, '..', basename(asked.url?.split('?')[0] ?? ''));
      if (existsSync(path) && statSync(path).isFile()) createReadStream(path).pipe(reply);
      else reply.writeHead(404).end();
    });
    await new Promise<void>((listens) => server.listen(0, '127.0.0.1', listens));
    try {
      const { port } = server.address() as AddressInfo;
      writeFileSync(home('.local/share/imprint/station/settings.json'), JSON.stringify({ version: 1, updates: { feed: `http://127.0.0.1:${String(port)}/` } }));
      expect((await ana('update feed')).stdout).toContain(`The feed offers Imprint ${next}`);
      const fetched = await ana('update fetch');
      expect([fetched.code, fetched.stdout]).toEqual([0, expect.stringContaining('every file of it is as it was signed')]);
      const applied = await ana('update apply');
      expect([applied.code, applied.stdout]).toEqual([0, expect.stringContaining(`Imprint ${next} is what ${imprint} starts from now on.`)]);
      expect(await version()).toEqual(says(next));
      expect((await ana('update feed')).stdout).toContain('nothing newer');
    } finally {
      server.close();
    }
  });

  it('gives its rights back', async () => {
    expect((await debian.root_('/home/ana/imprint/current/resources/rights/install-rights --remove')).code).toBe(0);
    for (const path of ['etc/udev/rules.d/70-imprint.rules', 'etc/security/limits.d/imprint.conf']) expect(existsSync(join(debian.root, path))).toBe(false);
    expect((await debian.root_('getent group imprint')).code).toBe(2);
    writeFileSync(join(debian.root, 'usr/local/bin/findmnt'), '#!/bin/sh\necho /dev/mmcblk0p2\n', { mode: 0o755 });
    writeFileSync(join(debian.root, 'usr/local/bin/lsblk'), '#!/bin/sh\nprintf "mmcblk0p2 part \\nmmcblk0 disk mmc\\n"\n', { mode: 0o755 });
    expect(await debian.root_('/home/ana/imprint/current/resources/rights/install-rights ana')).toMatchObject({ code: 1, stderr: expect.stringContaining('No rights were given: this computer runs from mmcblk0') as string });
    expect((await debian.root_('getent group imprint')).code).toBe(2);
  });
});

describe('a station that dpkg installed', () => {
  it('is left to dpkg, and puts an update into a folder of its user', async () => {
    const debian = withStick(openDebian(true, { namespaces: true }));
    try {
      const refused = await debian.ana(`imprint update apply ${update}`);
      expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('update it with "sudo dpkg --install FILE.deb"')]);
      expect((await debian.ana('imprint update status')).stdout).toContain('sudo dpkg --install FILE.deb');
      expect((await debian.ana(`imprint update check ${update}`)).stdout).toContain('It fits. This Imprint was installed by the packages of this computer');
      expect((await debian.ana('imprint doctor')).stdout).not.toContain('install-rights');
      const applied = await debian.ana(`imprint update apply ${update} --install ~/imprint`);
      expect([applied.code, applied.stdout]).toEqual([0, `Imprint ${next} is what /home/ana/imprint/current/imprint starts from now on.\n`]);
      expect((await debian.ana('~/imprint/current/imprint --version')).stdout).toContain(`imprint ${next}-smoke`);
      expect((await debian.ana('imprint --version')).stdout).toContain(`imprint ${first}-smoke`);
    } finally {
      debian.close();
    }
  });
});
