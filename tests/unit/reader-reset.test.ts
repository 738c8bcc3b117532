/* resetReader on trees that stand for /sys and /proc; the device behind them is a stand-in. A real USB bus is in scripts/qemu/cases/resets.mjs. */
import { mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cancelled, ImprintError } from '../../main/domain/errors';
import { resetReader, type OpenReader, type ReaderAccess, type ReaderResetOptions } from '../../main/flash/reader-reset';
import { rightsAdvice } from '../../main/flash/rights';
import { deviceNumber } from '../../main/flash/system-disks';
import { writtenTargets } from '../../main/station/written-targets';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { jobOwner, reservation } from '../support/reservations';
import { SysfsTree } from '../support/sysfs';

const hub = 'pci0000:00/0000:00:14.0/usb1';
const reader = `${hub}/1-2`;
const portOf = (unit: number): string => `pci-0000:00:14.0-usbv2-0:2:1.0-scsi-0:0:0:${String(unit)}`;
const port = portOf(1);

let tree: SysfsTree;
let did: string[];

beforeEach(() => {
  tree = new SysfsTree();
  did = [];
  tree.put(`sys/devices/${hub}/version`, ' 2.00\n');
});
afterEach(() => rmSync(tree.root, { recursive: true }));

/** A USB device with one interface of each of these classes. */
function usbDevice(at: string, { deviceClass = '00', interfaces = ['08'], address = 7 } = {}): void {
  const name = at.slice(at.lastIndexOf('/') + 1);
  for (const [file, value] of Object.entries({ busnum: '1', devnum: String(address), bDeviceClass: deviceClass })) tree.put(`sys/devices/${at}/${file}`, `${value}\n`);
  interfaces.forEach((each, index) => {
    tree.put(`sys/devices/${at}/${name}:1.${String(index)}/bInterfaceClass`, `${each}\n`);
    tree.put(`sys/devices/${at}/${name}:1.${String(index)}/bInterfaceNumber`, `0${String(index)}\n`);
  });
  mkdirSync(join(tree.root, 'sys/bus/usb/devices'), { recursive: true });
  rmSync(join(tree.root, 'sys/bus/usb/devices', name), { force: true });
  symlinkSync(join(tree.root, 'sys/devices', at), join(tree.root, 'sys/bus/usb/devices', name));
}

const folderOf = (unit: number): string => `${reader}/1-2:1.0/host6/target6:0:0/6:0:0:${String(unit)}/block/sd${'bcd'[unit] ?? ''}`;

function drive(unit: number, state = 'running'): void {
  tree.disk(folderOf(unit), `8:${String(16 * (unit + 1))}`, { removable: '1', size: '62333952', 'device/state': state });
}

function removeDrive(unit: number): void {
  rmSync(join(tree.root, 'sys/block', `sd${'bcd'[unit] ?? ''}`));
  rmSync(join(tree.root, 'sys/dev/block', `8:${String(16 * (unit + 1))}`));
  rmSync(join(tree.root, 'sys/devices', folderOf(unit)), { recursive: true });
}

/** A reader with two slots. */
function readerOfTwo(): void {
  usbDevice(reader);
  drive(0);
  drive(1);
}

/** A device that does as it is told, but for what a test gives. */
function access(device: Partial<OpenReader> = {}, more: Partial<ReaderAccess> = {}): ReaderAccess {
  const note =
    (word: string) =>
    (number?: number): Promise<void> => {
      did.push(number === undefined ? word : `${word} ${String(number)}`);
      return Promise.resolve();
    };
  return {
    open(bus, address) {
      did.push(`open ${String(bus)}/${String(address)}`);
      return Promise.resolve({ reset: note('reset'), detachKernelDriver: note('detach'), attachKernelDriver: note('attach'), close: note('close'), ...device });
    },
    answers: () => Promise.resolve(true),
    ...more,
  };
}

const reset = (portPath: string, options: ReaderResetOptions = {}): ReturnType<typeof resetReader> => resetReader(portPath, { roots: tree.roots, access: access(), resetPatience: 500, returnPatience: 400, ...options });

async function refusal(portPath: string, options: ReaderResetOptions = {}): Promise<ImprintError> {
  const thrown: unknown = await reset(portPath, options).catch((error: unknown) => error);
  if (!(thrown instanceof ImprintError)) throw new Error(`no refusal: ${String(thrown)}`);
  return thrown;
}

describe('a reader', () => {
  it('is opened by its numbers, reset and left, and its drives are there', async () => {
    readerOfTwo();
    expect(await reset(port)).toEqual({ portPath: port, path: '/dev/sdc', driverRestarted: false });
    expect(did).toEqual(['open 1/7', 'reset', 'close']);
  });

  it('whose storage is one of several interfaces, behind a hub, is found by its port', async () => {
    const behind = `${hub}/1-3/1-3.4`;
    usbDevice(`${hub}/1-3`, { deviceClass: '09', interfaces: ['09'], address: 2 });
    usbDevice(behind, { interfaces: ['03', '08'], address: 9 });
    tree.disk(`${behind}/1-3.4:1.1/host7/target7:0:0/7:0:0:0/block/sdx`, '65:112', { removable: '1', 'device/state': 'running' });
    expect(await reset('pci-0000:00:14.0-usbv2-0:3.4:1.1-scsi-0:0:0:0')).toMatchObject({ path: '/dev/sdx' });
    expect(did).toEqual(['open 1/9', 'reset', 'close']);
  });

  it('that has no drive any more gets one by its driver', async () => {
    usbDevice(reader);
    const attachKernelDriver = (number: number): Promise<void> => {
      did.push(`attach ${String(number)}`);
      drive(1);
      return Promise.resolve();
    };
    expect(await reset(port, { access: access({ attachKernelDriver }) })).toEqual({ portPath: port, path: '/dev/sdc', driverRestarted: true });
    expect(did).toEqual(['open 1/7', 'reset', 'close', 'open 1/7', 'detach 0', 'attach 0', 'close']);
  });

  it('whose drives the kernel has given up gets its driver restarted at once', async () => {
    usbDevice(reader);
    drive(0, 'offline');
    drive(1, 'offline');
    const attachKernelDriver = (): Promise<void> => {
      for (const unit of [0, 1]) {
        removeDrive(unit);
        drive(unit);
      }
      return Promise.resolve();
    };
    expect(await reset(port, { access: access({ attachKernelDriver }), returnPatience: 60_000 })).toMatchObject({ driverRestarted: true });
  });

  it('that leaves the bus is waited for: the drives of before do not count', async () => {
    readerOfTwo();
    const came = { done: false };
    const leave = (): Promise<void> => {
      setTimeout(() => {
        usbDevice(reader, { address: 8 });
        came.done = true;
      }, 60);
      return Promise.reject(new Error('reset error: device disconnected (errno 19)'));
    };
    await reset(port, { access: access({ reset: leave }) });
    expect(came.done).toBe(true);
  });

  it.each([
    ['that has no drive after the reset', { reset: () => Promise.resolve(removeDrive(1)) }, {}],
    ['of which another slot is missing', { reset: () => Promise.resolve(removeDrive(0)) }, {}],
    ['whose drive does not answer', {}, { answers: () => Promise.resolve(false) }],
    ['whose drive hangs', {}, { answers: () => new Promise<boolean>(() => undefined) }],
    ['that never ends its reset', { reset: () => new Promise<void>(() => undefined) }, {}],
  ])('%s does not come back', async (_, device, more) => {
    readerOfTwo();
    const error = await refusal(port, { access: access(device, more) });
    expect(error.code).toBe('target-read-failed');
    expect(error.message).toBe('The reader of USB 2, slot 2 does not come back: pull its plug and put it in again.');
  });

  it('that cannot be reset is told as such', async () => {
    readerOfTwo();
    const error = await refusal(port, { access: access({ reset: () => Promise.reject(new Error('reset error: failed to reset device (errno 5)')) }) });
    expect(error).toMatchObject({ code: 'target-read-failed', message: 'The reader of USB 2, slot 2 cannot be reset from here: pull its plug and put it in again.' });
    expect(did).toEqual(['open 1/7', 'close']);
  });

  it('is left alone by a user without rights, who is told what to have done', async () => {
    readerOfTwo();
    const open = (): Promise<OpenReader> => Promise.reject(Object.assign(new Error('EACCES'), { code: 'EACCES' }));
    const error = await refusal(port, { access: access({}, { open }) });
    expect(error.code).toBe('target-not-permitted');
    expect(error.message).toBe(`This user may not reset the reader of USB 2, slot 2: ${rightsAdvice}.`);
  });

  it('is not reset after a cancel', async () => {
    readerOfTwo();
    expect((await refusal(port, { signal: AbortSignal.abort() })).toReport()).toEqual(cancelled().toReport());
    expect(did).toEqual([]);
  });

  it('that hangs in its reset is waited for no longer after a cancel', async () => {
    readerOfTwo();
    const cancellation = new AbortController();
    const hang = (): Promise<void> => {
      cancellation.abort();
      return new Promise(() => undefined);
    };
    const error = await refusal(port, { signal: cancellation.signal, resetPatience: 20_000, access: access({ reset: hang }) });
    expect(error.toReport()).toEqual(cancelled().toReport());
  });
});

describe('left alone is', () => {
  afterEach(() => {
    expect(did).toEqual([]);
  });

  it('a port without a reader', async () => {
    readerOfTwo();
    expect(await refusal('pci-0000:00:14.0-usbv2-0:3:1.0-scsi-0:0:0:0')).toMatchObject({ code: 'target-not-found', field: 'port' });
    // The same number at the other half of the controller is another socket.
    expect(await refusal('pci-0000:00:14.0-usbv3-0:2:1.0-scsi-0:0:0:1')).toMatchObject({ code: 'target-not-found' });
  });

  it('a reader that has no such slot', async () => {
    readerOfTwo();
    expect(await refusal(portOf(2))).toMatchObject({ code: 'target-not-found', expected: `${portOf(0)}, ${portOf(1)}` });
  });

  it.each(['loop-3', 'pci-0000:00:1e.4-mmc-0', 'pci-0000:00:17.0-ata-1', 'Slot 1', '', '../../etc'])('"%s", which is no USB port', async (portPath) => {
    readerOfTwo();
    expect(await refusal(portPath)).toMatchObject({ code: 'target-not-a-card', field: 'port' });
  });

  it('a hub', async () => {
    readerOfTwo();
    usbDevice(`${hub}/1-3`, { deviceClass: '09', interfaces: ['09'] });
    const error = await refusal('pci-0000:00:14.0-usbv2-0:3:1.0');
    expect(error.code).toBe('target-not-a-card');
    expect(error.message).toContain('is a hub');
  });

  it('a device that is no mass storage', async () => {
    usbDevice(reader, { interfaces: ['03', 'ff'] });
    expect(await refusal('pci-0000:00:14.0-usbv2-0:2:1.0')).toMatchObject({ code: 'target-not-a-card' });
  });

  it.each([
    ['the root of this computer', '/', 'target-system-disk'],
    ['a mounted card', '/media/card', 'target-mounted'],
  ])('a reader with %s in another of its slots', async (_, place, code) => {
    readerOfTwo();
    tree.partition(`${folderOf(0)}/sdb1`, '8:17');
    tree.mount('8:17', place, '/dev/sdb1');
    const error = await refusal(port);
    expect(error.code).toBe(code);
    expect(error.message).toContain('/dev/sdb');
  });

  it('a reader with swap, or with a volume on top', async () => {
    readerOfTwo();
    tree.put(`sys/devices/${folderOf(0)}/holders/dm-0/dev`, '254:0\n');
    expect(await refusal(port)).toMatchObject({ code: 'target-mounted' });
    rmSync(join(tree.root, 'sys/devices', folderOf(0), 'holders'), { recursive: true });
    // A swap file stands for the device that it lies on, here whatever holds the tree.
    const swap = join(tree.root, 'swap');
    writeFileSync(swap, '');
    tree.put('proc/swaps', `Filename\tType\tSize\tUsed\tPriority\n${swap} file 8 0 -2\n`);
    tree.put(`sys/devices/${folderOf(0)}/dev`, `${deviceNumber(statSync(swap).dev)}\n`);
    expect(await refusal(port)).toMatchObject({ code: 'target-system-disk' });
  });

  it('a reader in which a card is being written, in whatever slot', async () => {
    readerOfTwo();
    const error = await refusal(port, { beingWritten: () => Promise.resolve(['/dev/sdb']) });
    expect(error.code).toBe('slot-busy');
    expect(error.message).toContain('/dev/sdb');
  });

  it('one of two devices that claim the same port', async () => {
    readerOfTwo();
    usbDevice(`pci0000:00/0000:00:14.0/usb3/3-2`);
    tree.put('sys/devices/pci0000:00/0000:00:14.0/usb3/version', ' 2.00\n');
    expect(await refusal(port)).toMatchObject({ code: 'target-not-found' });
  });
});

it('cards that are being written are those of open jobs whose process lives', async () => {
  const record = SqliteRecordStore.open(join(tree.root, 'record.sqlite'));
  const dead = { pid: 1, started: 'long ago' };
  await record.reserve(reservation(1, { targetPath: '/dev/sdb' }));
  await record.reserve(reservation(2, { targetPath: '/dev/sdc', owner: dead }));
  await record.reserve(reservation(3, { targetPath: '/dev/sdd' }));
  await record.endJob('job-3', 'cancelled', 'released', 'Cancelled at the bench.', reservation(3).at);
  expect(await writtenTargets({ record, processes: { self: dead, alive: ({ pid }) => pid === jobOwner.pid } })).toEqual(['/dev/sdb']);
  await record.close();
});
