/** The package as a factory gets it: installed by dpkg into a Debian of its own, used by an ordinary user, removed again. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assertContents, filesOfAsar } from '../../scripts/package/contents.mjs';
import { readCommandTable } from '../../scripts/package/command-table.mjs';
import { assertFuses } from '../../scripts/package/fuses.mjs';
import { deb, filesOf, openDebian, renderersOf, type Debian } from './debian';
import { openLine } from './line';

const mebibyte = 2 ** 20;

// These tests run in Electron, which would show archives as folders.
process.noAsar = true;
const root = resolve(import.meta.dirname, '../..');

describe('an installed station', () => {
  let debian: Debian;
  const inDebian = (path: string): string => join(debian.root, path);

  beforeAll(() => {
    debian = openDebian(true);
  });

  afterAll(() => {
    debian.close();
  });

  it('has the fuses that it must have, read back from the program', async () => {
    expect(await assertFuses(inDebian('opt/imprint/imprint'))).toEqual({
      RunAsNode: false,
      EnableCookieEncryption: true,
      EnableNodeOptionsEnvironmentVariable: false,
      EnableNodeCliInspectArguments: false,
      EnableEmbeddedAsarIntegrityValidation: true,
      OnlyLoadAppFromAsar: true,
      LoadBrowserProcessSpecificV8Snapshot: false,
      GrantFileProtocolExtraPrivileges: false,
    });
  });

  it('holds what runs and nothing else, and the mark of a smoke build', () => {
    const resources = inDebian('opt/imprint/resources');
    const files = filesOfAsar(join(resources, 'app.asar'));
    assertContents(files);
    expect(readdirSync(resources).sort()).toEqual(['SMOKE-BUILD.txt', 'app.asar', 'app.asar.unpacked', 'build.json', 'rights', 'sbom.cdx.json', 'third-party-licences.txt']);
    // The check itself must be able to find.
    expect(() => assertContents([...files, { path: 'node_modules/vitest/index.js', size: 1, unpacked: false }])).toThrow('vitest');
    expect(() => assertContents(files.filter(({ path }) => path !== 'dist/main/index.cjs'))).toThrow('dist/main/index.cjs');
    expect(deb).toContain('SMOKE');
  });

  it('lists every package that runs, with its licence', () => {
    const bill = JSON.parse(readFileSync(inDebian('opt/imprint/resources/sbom.cdx.json'), 'utf8')) as { bomFormat: string; components: { name: string; version: string }[] };
    const licences = readFileSync(inDebian('opt/imprint/resources/third-party-licences.txt'), 'utf8');
    const named = new Set(bill.components.map(({ name }) => name));
    const inside = new Set(filesOfAsar(inDebian('opt/imprint/resources/app.asar')).flatMap(({ path }) => /(?:^|.*\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
    expect(bill.bomFormat).toBe('CycloneDX');
    expect(inside.size).toBeGreaterThan(50);
    expect([...inside].filter((name) => !named.has(name))).toEqual([]);
    expect([...inside].filter((name) => !licences.includes(`\n${name} `))).toEqual([]);
    expect(named.has('electron')).toBe(true);
  });

  it('answers at the prompt without a display, in a second or two, as any command does', async () => {
    const started = Date.now();
    const version = await debian.ana('imprint --version');
    expect(version.stdout).toMatch(/^imprint \d+\.\d+\.\d+-smoke\.unofficial-runtime \(build [0-9a-f]{12}\)\n$/);
    expect(version.stderr).toBe(`Smoke build ${version.stdout.split(' ')[1] ?? ''} on an unofficial runtime: this is not a release of Imprint.\n`);
    expect(Date.now() - started).toBeLessThan(20_000);
    expect((await debian.ana('imprint --help | head -1')).stdout).toBe('imprint: a key of its own for every device\n');
    expect(await debian.ana('imprint frobnicate')).toMatchObject({ code: 2, stdout: '' });
    expect(await debian.ana('imprint list')).toEqual({ code: 0, stdout: '', stderr: '' });
    const bare = await debian.ana('imprint');
    expect([bare.code, bare.stderr]).toEqual([2, 'There is no display here, and the window needs one. Expected: a desktop session, or a command: see "imprint --help".\n']);
  });

  it('works for root at the prompt, and opens no window for root', async () => {
    expect((await debian.root_('imprint list --data /tmp/of-root')).code).toBe(0);
    const window = await debian.root_(`DISPLAY=${process.env['DISPLAY'] ?? ''} imprint`);
    expect([window.code, window.stderr]).toEqual([2, expect.stringContaining('no sandbox')]);
  });

  it('goes through the practice run', async () => {
    const practice = await debian.ana('imprint practice');
    expect(practice.stdout + practice.stderr).toContain('Accepted:');
    expect(practice.code).toBe(0);
    expect((await debian.ana('imprint export --practice --to ~/export && imprint verify-export ~/export')).stdout).toContain('Nothing is wrong');
    expect(existsSync(inDebian('home/ana/export/summary.pdf'))).toBe(true);
    // Which program made the entries stands before them.
    const first = JSON.parse(readFileSync(inDebian('home/ana/export/entries.jsonl'), 'utf8').split('\n').find((line) => line.includes('station-build')) ?? '{}') as { data: { version: string; build: string } };
    const { version, build } = JSON.parse(readFileSync(inDebian('opt/imprint/resources/build.json'), 'utf8')) as { version: string; build: string };
    expect(first.data).toEqual({ version, build });
  });

  it('provisions a card on a block device, asks for a hidden password, and stops on Ctrl-C', async () => {
    const { folder, env, password, close } = await openLine(debian);
    const backing = join(folder, 'card.img');
    writeFileSync(backing, '');
    truncateSync(backing, 128 * mebibyte);
    const device = execFileSync('losetup', ['--find', '--show', backing], { encoding: 'utf8' }).trim();
    try {
      // As the rule does it for cards.
      execFileSync('chroot', [debian.root, 'sh', '-c', `chgrp imprint ${device} && chmod 660 ${device}`]);
      const made = await debian.ana(`imprint provision --profile ~/line/profile.json --identity mac=02:00:00:00:00:01 --target ${device}`, env);
      expect(made.stderr).not.toContain('rror');
      expect(made.stdout).toContain('Preauthorized');
      expect(made.code).toBe(0);
      expect(await debian.ana(`imprint verify-card --profile ~/line/profile.json --target ${device}`, env)).toMatchObject({ code: 0 });
      expect((await debian.ana('imprint list')).stdout).toContain('02:00:00:00:00:01');

      // A person at a terminal: the password is not shown, Ctrl-C cancels.
      const atTerminal = async (mac: string, typed: string): Promise<string> => {
        const terminal = debian.start(`exec script --quiet --return --command 'imprint provision --profile ~/line/asked.json --identity mac=${mac} --target ${device}; echo code=$?' /dev/null`);
        await expect.poll(() => terminal.said(), { timeout: 60_000 }).toContain('line password: ');
        terminal.child.stdin?.write(typed);
        return (await terminal.done).stdout;
      };
      const typed = await atTerminal('02:00:00:00:00:02', `${password}\r`);
      expect(typed).not.toContain(password);
      expect(typed).toMatch(/Preauthorized[\s\S]*code=0/);
      const given = await atTerminal('02:00:00:00:00:03', 'half-typed\u0003');
      expect(given).not.toContain('half-typed');
      expect(given).toMatch(/Cancelled\.[\s\S]*code=9/);

      // A signal reaches it, under the pid that was started, and ends its processes too; a watch has then done its work.
      const running = debian.start('exec imprint status --watch --profile ~/line/profile.json --interval 1', env);
      await expect.poll(() => running.said(), { timeout: 60_000 }).not.toBe('');
      running.child.kill('SIGINT');
      expect((await running.done).code).toBe(0);
    } finally {
      await close();
      execFileSync('losetup', ['--detach', device]);
    }
  });

  it('cannot be made into something else by its environment or its arguments', async () => {
    writeFileSync(inDebian('tmp/evil.js'), 'require("fs").writeFileSync("/tmp/evil-ran", "x")');
    await debian.ana('ELECTRON_RUN_AS_NODE=1 imprint /tmp/evil.js');
    await debian.ana('NODE_OPTIONS="--require /tmp/evil.js" imprint --version');
    await debian.ana('imprint --require /tmp/evil.js --version');
    await debian.ana('imprint -r /tmp/evil.js --version');
    await debian.ana('imprint --js-flags=--eval list');
    expect(existsSync(inDebian('tmp/evil-ran'))).toBe(false);
    for (const door of ['--inspect=127.0.0.1:9229', '--inspect-brk', '--remote-debugging-port=9222', '--remote-debugging-pipe', '--js-flags=--expose-gc']) {
      const said = await debian.ana(`imprint ${door} list`);
      expect([door, said.code, said.stdout]).toEqual([door, 2, '']);
    }
    // The signal that opens a debugger in Node.
    const server = debian.start('exec imprint practice-server --port 0 --json --data ~/signalled');
    await expect.poll(() => server.said(), { timeout: 60_000 }).toContain('certificateAuthority');
    server.child.kill('SIGUSR1');
    await new Promise((later) => setTimeout(later, 2000));
    expect(await fetch('http://127.0.0.1:9229/json/version').then(() => 'a debugger', () => 'nobody')).toBe('nobody');
    server.child.kill('SIGTERM');
    await server.done;
    // A folder beside the archive would be taken first, were it not for the fuse.
    mkdirSync(inDebian('opt/imprint/resources/app'));
    writeFileSync(inDebian('opt/imprint/resources/app/package.json'), JSON.stringify({ name: 'evil', main: '/tmp/evil.js' }));
    expect((await debian.ana('imprint --version')).stdout).toContain('imprint ');
    rmSync(inDebian('opt/imprint/resources/app'), { recursive: true });
    expect(existsSync(inDebian('tmp/evil-ran'))).toBe(false);
    // Faults are for tests: here the card is made.
    expect((await debian.ana('imprint practice', { IMPRINT_KILL_AT: 'write:acted' })).code).toBe(0);
  });

  it('opens its window for an ordinary user, with the sandbox of Chromium', async () => {
    const window = debian.start('exec imprint --data ~/window', { DISPLAY: process.env['DISPLAY'] ?? '' });
    const renderers = (): readonly string[] => renderersOf('/opt/imprint/imprint');
    try {
      await expect.poll(renderers, { timeout: 60_000 }).not.toEqual([]);
      await expect.poll(() => existsSync(inDebian('home/ana/window/practice/record.sqlite')), { timeout: 60_000 }).toBe(true);
      for (const pid of renderers()) {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        expect(status).toMatch(/^Seccomp:\s+2$/m);
        expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain('--no-sandbox');
      }
    } finally {
      window.child.kill('SIGTERM');
      await window.done;
    }
  });

  it('has what belongs to a command and an application of Debian', async () => {
    const table = await readCommandTable();
    for (const path of ['usr/share/bash-completion/completions/imprint', 'usr/share/zsh/vendor-completions/_imprint', 'usr/share/fish/vendor_completions.d/imprint.fish']) {
      const text = readFileSync(inDebian(path), 'utf8');
      for (const { name } of table.commands) expect(text, path).toContain(name);
    }
    const offered = execFileSync('bash', ['-c', `source ${inDebian('usr/share/bash-completion/completions/imprint')}; COMP_WORDS=(imprint provision --id); COMP_CWORD=2; _imprint; echo "\${COMPREPLY[@]}"`], { encoding: 'utf8' });
    expect(offered).toBe('--identity\n');
    const page = await debian.root_('man --warnings --local-file /usr/share/man/man1/imprint.1.gz');
    expect(page.stderr).toBe('');
    expect(page.stdout).toContain('imprint provision');
    expect(existsSync(inDebian('usr/share/applications/imprint.desktop'))).toBe(true);
    expect(existsSync(inDebian('usr/share/icons/hicolor/256x256/apps/imprint.png'))).toBe(true);
    expect(readFileSync(inDebian('etc/udev/rules.d/70-imprint.rules'), 'utf8')).toBe(readFileSync(join(root, 'scripts/udev/70-imprint.rules'), 'utf8'));
    expect(readFileSync(inDebian('etc/security/limits.d/imprint.conf'), 'utf8')).toContain('@imprint - memlock 16384');
    expect((await debian.root_('getent group imprint')).stdout).toMatch(/^imprint:x:\d+:ana\n$/);
    // Nobody but root may write what everybody runs.
    expect((await debian.root_('find /opt/imprint /usr/bin/imprint ! -user root -o -perm /022 ! -type l')).stdout).toBe('');
    expect(statSync(inDebian('opt/imprint/chrome-sandbox')).mode & 0o7777).toBe(0o4755);
    expect((await debian.root_('dpkg --verify imprint')).stdout).toBe('');
  });
});

describe('a package that is removed', () => {
  it('leaves nothing behind but the data of the stations', async () => {
    const debian = openDebian(false);
    try {
      const before = filesOf(debian.root);
      expect((await debian.root_('dpkg --install /root/imprint.deb')).code).toBe(0);
      expect(filesOf(debian.root).length).toBeGreaterThan(before.length + 50);
      expect((await debian.ana('imprint list && imprint practice')).code).toBe(0);
      // The same version once more, as an update does it.
      expect((await debian.root_('dpkg --install /root/imprint.deb')).code).toBe(0);
      expect((await debian.root_('dpkg --remove imprint')).code).toBe(0);
      expect(existsSync(join(debian.root, 'etc/udev/rules.d/70-imprint.rules'))).toBe(false);
      expect(existsSync(join(debian.root, 'home/ana/.local/share/imprint/practice/record.sqlite'))).toBe(true);
      expect((await debian.root_('dpkg --purge imprint')).code).toBe(0);
      expect(filesOf(debian.root)).toEqual(before);
      expect((await debian.root_('getent group imprint')).code).toBe(2);
      expect(existsSync(join(debian.root, 'home/ana/.local/share/imprint/practice/record.sqlite'))).toBe(true);
    } finally {
      debian.close();
    }
  });

  it('gives card readers to nobody on a computer that runs from a card itself', async () => {
    const debian = openDebian(false);
    try {
      // Stand-ins for the two programs that say what this computer runs from.
      writeFileSync(join(debian.root, 'usr/local/bin/findmnt'), '#!/bin/sh\necho /dev/mmcblk0p2\n', { mode: 0o755 });
      writeFileSync(join(debian.root, 'usr/local/bin/lsblk'), '#!/bin/sh\nprintf "mmcblk0p2 part \\nmmcblk0 disk mmc\\n"\n', { mode: 0o755 });
      const { code, stderr } = await debian.root_('dpkg --install /root/imprint.deb');
      expect(code).toBe(0);
      expect(stderr).toContain('runs from mmcblk0');
      expect(existsSync(join(debian.root, 'etc/udev/rules.d/70-imprint.rules'))).toBe(false);
    } finally {
      debian.close();
    }
  });
});

describe('npm run package', () => {
  it('refuses the unofficial runtime, in one sentence that says what is needed', () => {
    let said = '';
    try {
      execFileSync('node', [join(root, 'scripts/package.mjs')], { stdio: 'pipe', encoding: 'utf8', env: { ...process.env, ELECTRON_RUN_AS_NODE: undefined } });
    } catch (thrown) {
      said = (thrown as { stderr: string }).stderr;
    }
    expect(said).toMatch(/No package is made with this Electron: it is the unofficial development runtime\. Needed is the official Electron \d+\.\d+\.\d+: .*package:smoke/);
  });
});
