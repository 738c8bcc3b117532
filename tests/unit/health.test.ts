/** What the doctor reads of a system, which is a folder here, and what it thinks of every state that this can have. */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Drive } from '../../main/domain/drives';
import { healthChecks, judge, lockedKeyBytes, worstState, type HealthCheck, type HealthFinding, type StationFacts } from '../../main/domain/health';
import { coreDumpFacts, dataFolderFacts, diskFacts, memoryFacts, swapAreas, udevRule, userFacts, type HealthRoots } from '../../main/health/system-facts';
import { SysfsTree } from '../support/sysfs';

const card: StationFacts['readers']['drives'][number] = {
  path: '/dev/sdb', bytes: 31_914_983_424, mediaPresent: true, model: 'READER', vendor: 'Generic', bus: 'usb', portPath: 'pci-0000:00:14.0-usbv2-0:2:1.0-scsi-0:0:0:0', removable: true, readOnly: false, usedBy: [], systemDisk: false, permitted: true,
};
const slot = { name: 'Left', port: 'pci-0000:00:14.0-usbv2-0:2:1.0-scsi-0:0:0:0' };

const sound: StationFacts = {
  memory: { lockLimit: 8 * 1024 * 1024, unlimited: false },
  swap: [],
  coreDumps: { limit: 0, pattern: 'core' },
  user: { name: 'kim', root: false, groupExists: true, member: true, active: true },
  udevRule: { path: '/etc/udev/rules.d/70-imprint.rules', grants: true },
  readers: { drives: [card], slots: [slot] },
  keyring: { available: true },
  clock: { server: 'https://mender.example.com', aheadSeconds: 0.4 },
  disks: { record: { path: '/d', freeBytes: 50e9 }, images: { path: '/d/images', freeBytes: 50e9 } },
  folder: { path: '/d', exists: true, own: true, writable: true, open: [] },
  record: { state: 'readable', entries: 12, checked: true },
  runtime: { station: '0.1.0', electron: '45.4.1', installed: { by: 'dpkg' }, unofficial: false },
  updates: { offer: { version: '0.1.0', newer: false, file: 'imprint.update', bytes: 1 } },
};

/** From the .tar.gz, or by an update. */
const unpacked: StationFacts['runtime'] = { ...sound.runtime, installed: { by: 'folder', rights: '/home/kim/imprint/current/resources/rights/install-rights' } };

function finding(check: HealthCheck, change: Partial<StationFacts>): HealthFinding {
  const found = judge({ ...sound, ...change }).find((each) => each.check === check);
  if (found === undefined) throw new Error(`${check} was not looked at`);
  return found;
}

describe('what the doctor thinks', () => {
  it('has nothing to say against a sound station', () => {
    const findings = judge(sound);
    expect(findings.map(({ check }) => check)).toEqual(healthChecks.filter((check) => check !== 'station-version'));
    expect(findings.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(findings.filter(({ command }) => command !== undefined)).toEqual([]);
    expect(worstState(findings)).toBe('ok');
  });

  const drive: Drive = card;
  const swapFile = { path: '/swapfile', kind: 'plain' } as const;
  const cases: readonly (readonly [string, HealthCheck, Partial<StationFacts>, 'ok' | 'warning' | 'stop', RegExp, RegExp | undefined])[] = [
    ['a small lock limit', 'memory-lock', { memory: { lockLimit: 65_536, unlimited: false } }, 'warning', /65\.5 kB .* 2\.1 MB: the kernel may put a key into the swap space/, /kim - memlock 65536.*limits\.d/],
    ['the limit that just suffices', 'memory-lock', { memory: { lockLimit: lockedKeyBytes, unlimited: false } }, 'ok', /locked memory/, undefined],
    ['one byte too little', 'memory-lock', { memory: { lockLimit: lockedKeyBytes - 1, unlimited: false } }, 'warning', /swap/, /memlock/],
    ['a small limit that does not count', 'memory-lock', { memory: { lockLimit: 0, unlimited: true } }, 'ok', /no limit/, undefined],
    ['plain swap, keys locked', 'swap', { swap: [swapFile] }, 'warning', /keys are locked and stay out of it, but not out of a hibernation image/, /swapoff -a/],
    ['plain swap, keys not locked', 'swap', { swap: [swapFile], memory: { lockLimit: 0, unlimited: false } }, 'warning', /a private key may be written to that disk/, /swapoff -a/],
    ['swap in memory and encrypted', 'swap', { swap: [{ path: '/dev/zram0', kind: 'memory' }, { path: '/dev/dm-1', kind: 'encrypted' }] }, 'ok', /in memory or encrypted/, undefined],
    ['core dumps to a file', 'core-dumps', { coreDumps: { limit: Infinity, pattern: 'core' } }, 'warning', /written to a file/, /core_pattern/],
    ['core dumps to a program', 'core-dumps', { coreDumps: { limit: 0, pattern: '|/usr/lib/systemd/systemd-coredump %P' } }, 'warning', /go to a program \(\/usr\/lib\/systemd\/systemd-coredump\)/, /core_pattern/],
    ['core dumps to nowhere', 'core-dumps', { coreDumps: { limit: Infinity, pattern: '|/bin/false' } }, 'ok', /off/, undefined],
    ['root', 'group', { user: { ...sound.user, root: true } }, 'warning', /every disk/, /usermod/],
    ['no group', 'group', { user: { ...sound.user, groupExists: false, member: false, active: false } }, 'warning', /no group imprint/, /dpkg/],
    ['no group in a checkout', 'group', { user: { ...sound.user, groupExists: false, member: false, active: false }, runtime: { ...sound.runtime, installed: { by: 'checkout' } } }, 'warning', /no group imprint/, /install-udev-rule\.mjs kim$/],
    ['no group in a folder of versions', 'group', { user: { ...sound.user, groupExists: false, member: false, active: false }, runtime: unpacked }, 'warning', /no group imprint/, /^sudo \/home\/kim\/imprint\/current\/resources\/rights\/install-rights kim$/],
    ['no rule there', 'udev-rule', { udevRule: undefined, runtime: unpacked }, 'warning', /not installed/, /install-rights kim$/],
    ['a reader that may not be written there', 'readers', { readers: { drives: [{ ...drive, permitted: false }], slots: [] }, runtime: unpacked }, 'stop', /may not write/, /install-rights kim$/],
    ['a small lock limit there', 'memory-lock', { memory: { lockLimit: 65_536, unlimited: false }, runtime: unpacked }, 'warning', /Sign in again/, /install-rights kim$/],
    ['a folder whose name a shell would read', 'udev-rule', { udevRule: undefined, runtime: { ...sound.runtime, installed: { by: 'folder', rights: '/home/kim/my imprint/install-rights' } } }, 'warning', /not installed/, /^sudo '\/home\/kim\/my imprint\/install-rights' kim$/],
    ['not a member', 'group', { user: { ...sound.user, member: false, active: false } }, 'warning', /not in the group/, /usermod --append --groups imprint kim$/],
    ['a member since today', 'group', { user: { ...sound.user, active: false } }, 'warning', /sign out and in again/, /loginctl/],
    ['a name that a shell would read', 'group', { user: { ...sound.user, name: "k'im x", member: false, active: false } }, 'warning', /not in the group/, /imprint 'k'\\''im x'$/],
    ['no rule', 'udev-rule', { udevRule: undefined }, 'warning', /not installed/, /dpkg/],
    ['another rule', 'udev-rule', { udevRule: { path: '/etc/udev/rules.d/70-imprint.rules', grants: false } }, 'warning', /another rule, or was changed/, /dpkg/],
    ['a reader that may not be written', 'readers', { readers: { drives: [{ ...drive, permitted: false }], slots: [] } }, 'stop', /\/dev\/sdb \(Generic READER\)/, /dpkg/],
    ['the same for somebody outside of the group', 'readers', { readers: { drives: [{ ...drive, permitted: false }], slots: [] }, user: { ...sound.user, member: false, active: false } }, 'stop', /may not write/, /usermod/],
    ['the system disk that may not be written', 'readers', { readers: { drives: [{ ...drive, permitted: false, systemDisk: true }], slots: [] } }, 'warning', /No card reader/, /imprint drives/],
    ['a slot without its reader', 'readers', { readers: { drives: [card], slots: [{ name: 'Right', port: 'pci-0000:00:14.0-usbv2-0:7:1.0-scsi-0:0:0:1' }] } }, 'warning', /Right \(USB 7, slot 2\)/, /slots list/],
    ['no reader', 'readers', { readers: { drives: [], slots: [] } }, 'warning', /No card reader/, /imprint drives/],
    ['a reader and no slot', 'readers', { readers: { drives: [card], slots: [] } }, 'ok', /no slot is bound/, undefined],
    ['no keyring', 'keyring', { keyring: { available: false } }, 'warning', /no desktop keyring.*lies in a file/, /gnome-keyring/],
    ['no profile', 'clock', { clock: undefined }, 'warning', /no profile/, /doctor --profile/],
    ['a server that is away', 'clock', { clock: { server: 'https://x', trouble: 'no such host is known' } }, 'warning', /could not be compared with https:\/\/x: no such host is known\.$/, /timedatectl/],
    ['a clock half a minute off', 'clock', { clock: { server: 'https://x', aheadSeconds: -30 } }, 'ok', /agrees/, undefined],
    ['a clock a minute behind', 'clock', { clock: { server: 'https://x', aheadSeconds: -61 } }, 'warning', /61 s behind/, /set-ntp/],
    ['a clock an hour ahead', 'clock', { clock: { server: 'https://x', aheadSeconds: 3600 } }, 'stop', /3600 s ahead of/, /set-ntp/],
    ['little room for the record', 'disk-record', { disks: { ...sound.disks, record: { path: '/d', freeBytes: 900e6 } } }, 'warning', /900\.0 MB|900 MB/, /df -h \/d/],
    ['no room for the record', 'disk-record', { disks: { ...sound.disks, record: { path: '/d', freeBytes: 90e6 } } }, 'stop', /full disk/, /df -h/],
    ['little room for images', 'disk-images', { disks: { ...sound.disks, images: { path: '/d/images', freeBytes: 7e9 } } }, 'warning', /too little soon/, /du -h/],
    ['no room for images', 'disk-images', { disks: { ...sound.disks, images: { path: '/d/images', freeBytes: 1e6 } } }, 'stop', /full disk/, /du -h/],
    ['no folder yet', 'data-folder', { folder: { ...sound.folder, exists: false } }, 'ok', /not there yet/, undefined],
    ["another user's folder", 'data-folder', { folder: { ...sound.folder, own: false } }, 'stop', /another user/, /chown/],
    ['a folder that cannot be written', 'data-folder', { folder: { ...sound.folder, writable: false } }, 'stop', /may not write/, /chmod -R u\+rwX/],
    ['a folder that others may read', 'data-folder', { folder: { ...sound.folder, open: ['/d', '/d/a', '/d/b', '/d/c'] } }, 'stop', /\/d, \/d\/a, \/d\/b and 1 more/, /chmod -R go= \/d/],
    ['no record yet', 'record', { record: { state: 'none' } }, 'ok', /no record yet/, undefined],
    ['a damaged record', 'record', { record: { state: 'unreadable', code: 'record-corrupt', sentence: 'It is damaged.' } }, 'stop', /It is damaged/, /imprint restore/],
    ["a newer version's record", 'record', { record: { state: 'unreadable', code: 'record-from-the-future', sentence: 'It is newer.' } }, 'stop', /It is newer/, /imprint update/],
    ['a log that is too long to be checked', 'record', { record: { state: 'readable', entries: 3_000_000, checked: false } }, 'ok', /3000000 entries takes too long .*imprint log check/, undefined],
    ['a broken log', 'record', { record: { state: 'readable', entries: 3, checked: true, broken: 'The log is broken.' } }, 'stop', /The log is broken\. No card is made/, /imprint log check/],
    ['the development runtime', 'runtime', { runtime: { ...sound.runtime, installed: { by: 'checkout' }, unofficial: true } }, 'warning', /make no cards for customers/, /npm run setup/],
    ['a smoke package', 'runtime', { runtime: { ...sound.runtime, unofficial: true } }, 'warning', /smoke package.*make no cards for customers/, undefined],
    ['a newer version', 'updates', { updates: { offer: { version: '0.2.0', newer: true, file: 'imprint.update', bytes: 1 } } }, 'warning', /0\.2\.0 is offered, and 0\.1\.0 is installed/, /^imprint update fetch$/],
    ['a feed that is away', 'updates', { updates: { trouble: 'The feed of updates at u.example cannot be reached (ECONNREFUSED).' } }, 'warning', /cannot be reached/, /^imprint update feed$/],
    ['a version that the profile does not take', 'station-version', { versionRefused: 'The profile "A" wants 0.3.' }, 'stop', /wants 0\.3/, /imprint update/],
  ];
  it.each(cases)('%s', (_, check, change, state, sentence, command) => {
    const found = finding(check, change);
    expect([found.state, found.sentence]).toEqual([state, expect.stringMatching(sentence)]);
    if (command === undefined) expect(found.command).toBeUndefined();
    else expect(found.command).toMatch(command);
  });

  it('calls a station by its worst finding', () => {
    expect(worstState(judge({ ...sound, keyring: { available: false } }))).toBe('warning');
    expect(worstState(judge({ ...sound, keyring: { available: false }, record: { state: 'unreadable', code: 'record-corrupt', sentence: 'x' } }))).toBe('stop');
  });
});

describe('what the doctor reads', () => {
  let tree: SysfsTree;
  let roots: HealthRoots;
  beforeEach(() => {
    tree = new SysfsTree();
    roots = { ...tree.roots, etc: join(tree.root, 'etc'), udevRules: [join(tree.root, 'etc/udev/rules.d'), join(tree.root, 'usr/lib/udev/rules.d')] };
  });
  afterEach(() => rmSync(tree.root, { recursive: true }));

  it('limits and capabilities', async () => {
    tree.put('proc/self/limits', 'Limit                     Soft Limit           Hard Limit           Units     \nMax core file size        0                    unlimited            bytes     \nMax locked memory         65536                unlimited            bytes     \n');
    tree.put('proc/self/status', 'Name:\timprint\nCapEff:\t0000000000000000\n');
    tree.put('proc/sys/kernel/core_pattern', '|/usr/share/apport/apport %p\n');
    expect(await memoryFacts(roots)).toEqual({ lockLimit: 65_536, unlimited: false });
    expect(await coreDumpFacts(roots)).toEqual({ limit: 0, pattern: '|/usr/share/apport/apport %p' });
    tree.put('proc/self/limits', 'Max core file size        unlimited            unlimited            bytes     \nMax locked memory         unlimited            unlimited            bytes     \n');
    tree.put('proc/self/status', 'CapEff:\t0000000000004000\n');
    expect(await memoryFacts(roots)).toEqual({ lockLimit: Infinity, unlimited: true });
    expect((await coreDumpFacts(roots)).limit).toBe(Infinity);
  });

  it('no limit where there is nothing to read, which is no good news', async () => {
    expect(await memoryFacts(roots)).toEqual({ lockLimit: 0, unlimited: false });
  });

  it('swap on a disk, in memory and encrypted', async () => {
    tree.put('proc/swaps', 'Filename\tType\tSize\tUsed\tPriority\n/swap\\040file file\t4194300\t0\t-2\n/dev/zram0 partition\t100\t0\t5\n/dev/dm-1 partition\t100\t0\t-3\n/dev/dm-2 partition\t100\t0\t-3\n');
    tree.put('sys/block/dm-1/dm/uuid', 'CRYPT-PLAIN-swap\n');
    tree.put('sys/block/dm-2/dm/uuid', 'LVM-abcdef\n');
    expect(await swapAreas(roots)).toEqual([
      { path: '/swap file', kind: 'plain' },
      { path: '/dev/zram0', kind: 'memory' },
      { path: '/dev/dm-1', kind: 'encrypted' },
      { path: '/dev/dm-2', kind: 'plain' },
    ]);
  });

  it('who is in the group, and who will be', async () => {
    const kim = { name: 'kim', uid: 1000, groups: [1000] };
    tree.put('etc/group', 'root:x:0:\nimprinters:x:7:kim\n');
    expect(await userFacts(roots, kim)).toEqual({ name: 'kim', root: false, groupExists: false, member: false, active: false });
    tree.put('etc/group', 'root:x:0:\nimprint:x:998:lee,kim\n');
    expect(await userFacts(roots, kim)).toMatchObject({ groupExists: true, member: true, active: false });
    expect(await userFacts(roots, { ...kim, groups: [1000, 998] })).toMatchObject({ member: true, active: true });
    expect(await userFacts(roots, { ...kim, name: 'ki' })).toMatchObject({ groupExists: true, member: false });
  });

  it("the administrator's rule before the package's, and whether it grants anything", async () => {
    expect(await udevRule(roots)).toBeUndefined();
    tree.put('usr/lib/udev/rules.d/70-imprint.rules', 'ENV{DEVTYPE}=="disk", GROUP="imprint", MODE="0660"\n');
    expect(await udevRule(roots)).toEqual({ path: join(tree.root, 'usr/lib/udev/rules.d/70-imprint.rules'), grants: true });
    tree.put('etc/udev/rules.d/70-imprint.rules', '# GROUP="imprint"\n');
    expect(await udevRule(roots)).toEqual({ path: join(tree.root, 'etc/udev/rules.d/70-imprint.rules'), grants: false });
  });

  it('a data folder for its user alone, and one that is open', async () => {
    const own = process.getuid?.() ?? 0;
    const folder = join(tree.root, 'station');
    expect(await dataFolderFacts(folder, own)).toEqual({ path: folder, exists: false, own: true, writable: true, open: [] });
    mkdirSync(join(folder, 'keyring'), { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, 'record.sqlite'), '', { mode: 0o644 });
    writeFileSync(join(folder, 'keyring/log-key.pem'), '', { mode: 0o600 });
    expect(await dataFolderFacts(folder, own)).toEqual({ path: folder, exists: true, own: true, writable: true, open: [] });
    chmodSync(folder, 0o755);
    expect((await dataFolderFacts(folder, own)).open).toEqual([folder, join(folder, 'record.sqlite')]);
    expect((await dataFolderFacts(folder, own + 1)).own).toBe(false);
  });

  it('the room where a folder will be', async () => {
    const { path, freeBytes } = await diskFacts(join(tree.root, 'a/b/c'));
    expect(path).toBe(join(tree.root, 'a/b/c'));
    expect(freeBytes).toBeGreaterThan(0);
  });
});
