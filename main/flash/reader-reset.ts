import { access, constants, open, readdir, realpath } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describePort } from '../domain/drives';
import { cancelled, ImprintError } from '../domain/errors';
import { attributeOf, deviceNumbersOf, holdersOf } from './block-attributes';
import { givenUpAfter } from './patience';
import { drivePlace, usbDevicePlace } from './port-path';
import { rightsAdvice } from './rights';
import { readMounts, systemDevices, systemRoots, type SystemRoots } from './system-disks';

/** A USB device that was opened, as `usb` has it. */
export interface OpenReader {
  reset(): Promise<void>;
  detachKernelDriver(interfaceNumber: number): Promise<void>;
  attachKernelDriver(interfaceNumber: number): Promise<void>;
  close(): Promise<void>;
}

/** The device itself, where what sysfs says is not enough. Tests without hardware pass their own. */
export interface ReaderAccess {
  /** @throws an error whose code is EACCES or EPERM where this user may not */
  open(bus: number, address: number): Promise<OpenReader>;
  /** Whether a drive answers the kernel. One that hangs leaves this open for as long as the kernel waits. */
  answers(drive: string): Promise<boolean>;
}

export interface ReaderResetOptions {
  /** Paths of the drives that are being written; asked for last, when all else is in order. */
  readonly beingWritten?: () => Promise<readonly string[]>;
  /** Ends the waiting; a reset that was begun takes place. */
  readonly signal?: AbortSignal;
  readonly roots?: SystemRoots;
  readonly access?: ReaderAccess;
  /** For the reset itself, in milliseconds: the kernel lets a command that hangs run for 30 s, and the reset waits for it. */
  readonly resetPatience?: number;
  /** For the drives to be there and to answer again, in milliseconds. */
  readonly returnPatience?: number;
}

export interface ReaderReset {
  readonly portPath: string;
  /** Where the drive is now; it may have another name than before. */
  readonly path: string;
  /** Whether the kernel had given the drives up, so that its driver had to begin anew with the reader. */
  readonly driverRestarted: boolean;
}

/**
 * Resets the USB reader that has this port, with all its slots, as pulling its plug would do, and waits until it answers.
 *
 * @param portPath as `imprint drives` prints it
 * @throws ImprintError target-not-found, target-not-a-card, target-system-disk, target-mounted, slot-busy, target-not-permitted:
 *   nothing was done; target-read-failed where the reader does not come back; cancelled
 */
export async function resetReader(portPath: string, options: ReaderResetOptions = {}): Promise<ReaderReset> {
  const { beingWritten = () => Promise.resolve([]), roots = systemRoots, access: through = kernelAccess, resetPatience = 45_000, returnPatience = 10_000, signal } = options;
  const name = describePort(portPath);
  const work = async (): Promise<ReaderReset> => {
    const reader = await findReader(portPath, roots);
    await assertFree(reader, name, roots);
    const written = new Set(await beingWritten());
    const busy = reader.disks.filter(({ path }) => written.has(path));
    if (busy.length > 0) {
      throw new ImprintError('slot-busy', `A card is being written in the reader of ${name} (${busy.map(({ path }) => path).join(', ')}): wait until it has ended, or cancel it.`, { field: 'port' });
    }
    if (signal?.aborted === true) throw cancelled();
    const gone = await within(resetPatience, resetDevice(reader, name, through), name);
    return within(returnPatience, comeBack(reader, { portPath, name, roots, through, gone, returnPatience, signal }), name);
  };
  return signal === undefined ? work() : Promise.race([work(), givenUpAfter(signal)]);
}

/** Whether this is a port of a USB device, so that there may be a reader to reset. */
export function isUsbPort(portPath: string): boolean {
  return devicePart(portPath) !== undefined;
}

/** `pci-0000:00:14.0-usbv2-0:2.3` of `pci-0000:00:14.0-usbv2-0:2.3:1.0-scsi-0:0:0:1`. */
function devicePart(portPath: string): string | undefined {
  return /^(.+-usb(?:v\d+)?-0:\d+(?:\.\d+)*):\d+\.\d+(?:-scsi-\d+:\d+:\d+:\d+)?$/.exec(portPath)?.[1];
}

interface Reader {
  /** Its place in sysfs. */
  readonly folder: string;
  readonly bus: number;
  /** The kernel gives another one each time that it finds the device anew. */
  readonly address: number;
  /** Numbers of its mass-storage interfaces. */
  readonly interfaces: readonly number[];
  readonly disks: readonly ReaderDisk[];
}

interface ReaderDisk {
  readonly folder: string;
  readonly path: string;
  readonly portPath: string | undefined;
  /** `running`; `offline` where the kernel has given it up. */
  readonly state: string | undefined;
}

const massStorage = '08';
const hub = '09';

async function findReader(portPath: string, roots: SystemRoots): Promise<Reader> {
  const place = devicePart(portPath);
  if (place === undefined) throw new ImprintError('target-not-a-card', `${portPath} is no USB port: only a reader at USB can be reset.`, { field: 'port', expected: 'a USB port of "imprint drives"' });
  const name = describePort(portPath);
  const reader = await readerAt(place, name, roots);
  if (reader === undefined) throw new ImprintError('target-not-found', `There is no reader at ${name} (${portPath}): plug it in there, or bind the slots anew.`, { field: 'port', expected: 'a USB port of "imprint drives"' });
  if (reader.disks.length > 0 && !reader.disks.some((disk) => disk.portPath === portPath)) {
    throw new ImprintError('target-not-found', `The reader that is plugged in there has no ${name} (${portPath}): look for its ports with "imprint drives".`, { field: 'port', expected: reader.disks.flatMap((disk) => disk.portPath ?? []).join(', ') });
  }
  return reader;
}

/** @throws ImprintError target-not-a-card */
async function readerAt(place: string, name: string, roots: SystemRoots): Promise<Reader | undefined> {
  const devices = join(roots.sys, 'bus/usb/devices');
  const folders: string[] = [];
  for (const entry of await readdir(devices).catch(() => [])) {
    const folder = await realpath(join(devices, entry)).catch(() => undefined);
    if (folder !== undefined && (await usbDevicePlace(folder)) === place) folders.push(folder);
  }
  const [folder] = folders;
  // SAFETY: two devices that claim one port are in doubt, and neither is reset.
  if (folder === undefined || folders.length > 1) return undefined;
  const [bus, address, deviceClass] = await Promise.all(['busnum', 'devnum', 'bDeviceClass'].map((attribute) => attributeOf(folder, attribute)));
  // SAFETY: a hub would take everything behind it along.
  if (deviceClass === hub) throw new ImprintError('target-not-a-card', `What is plugged in at ${name} is a hub, which is not reset: name the port of the reader behind it.`, { field: 'port', expected: 'the port of a reader' });
  const interfaces: number[] = [];
  for (const entry of await readdir(folder)) {
    if (entry.startsWith(`${basename(folder)}:`) && (await attributeOf(join(folder, entry), 'bInterfaceClass')) === massStorage) {
      interfaces.push(parseInt((await attributeOf(join(folder, entry), 'bInterfaceNumber')) ?? '0', 16));
    }
  }
  if (interfaces.length === 0 && deviceClass !== massStorage) {
    throw new ImprintError('target-not-a-card', `What is plugged in at ${name} is no card reader (USB mass storage), and nothing else is reset.`, { field: 'port', expected: 'the port of a reader' });
  }
  return { folder, bus: Number(bus), address: Number(address), interfaces, disks: await disksBelow(folder, roots) };
}

/** Every block device of a reader, optical ones too: all of them are reset with it. */
async function disksBelow(folder: string, roots: SystemRoots): Promise<readonly ReaderDisk[]> {
  const disks: ReaderDisk[] = [];
  for (const entry of await readdir(join(roots.sys, 'block')).catch(() => [])) {
    const disk = await realpath(join(roots.sys, 'block', entry)).catch(() => undefined);
    if (disk?.startsWith(`${folder}${sep}`) !== true) continue;
    disks.push({ folder: disk, path: `/dev/${entry}`, portPath: (await drivePlace(disk)).portPath, state: await attributeOf(disk, 'device/state') });
  }
  return disks;
}

/** @throws ImprintError target-system-disk, target-mounted */
async function assertFree({ disks }: Reader, name: string, roots: SystemRoots): Promise<void> {
  const mounts = await readMounts(roots);
  const system = await systemDevices(roots, mounts);
  for (const { folder, path } of disks) {
    const own = await deviceNumbersOf(folder);
    if ([...own].some((device) => system.has(device))) throw new ImprintError('target-system-disk', `${path} at ${name} is the disk that this computer runs from; it is never reset.`, { field: 'port', expected: 'a card reader' });
    const users = [...mounts.filter(({ device }) => own.has(device)).map(({ place }) => place), ...(await holdersOf(folder))];
    if (users.length > 0) throw new ImprintError('target-mounted', `${path} in the reader of ${name} is in use (${users.join(', ')}): unmount it first.`, { field: 'port', expected: 'a reader with nothing mounted' });
  }
}

/** @returns whether the device left the bus, so that it will come back as another one */
async function resetDevice(reader: Reader, name: string, through: ReaderAccess): Promise<boolean> {
  const device = await openReader(reader, name, through);
  try {
    await device.reset();
    return false;
  } catch (thrown) {
    if (isGone(thrown)) return true;
    throw notReset(name, thrown);
  } finally {
    await device.close();
  }
}

async function openReader({ bus, address }: Reader, name: string, through: ReaderAccess): Promise<OpenReader> {
  try {
    return await through.open(bus, address);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === 'EACCES' || code === 'EPERM') throw new ImprintError('target-not-permitted', `This user may not reset the reader of ${name}: ${rightsAdvice}.`, { field: 'port', cause: thrown });
    throw notReset(name, thrown);
  }
}

/** ENODEV: the kernel found another device behind the port than before the reset, and finds it anew. */
function isGone(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.message.includes('(errno 19)');
}

interface Return {
  readonly portPath: string;
  readonly name: string;
  readonly roots: SystemRoots;
  readonly through: ReaderAccess;
  readonly gone: boolean;
  readonly returnPatience: number;
  readonly signal: AbortSignal | undefined;
}

/** Waits until every drive that the reader had is there again, and the one at this port answers. */
async function comeBack(before: Reader, { portPath, name, roots, through, gone, returnPatience, signal }: Return): Promise<ReaderReset> {
  const place = devicePart(portPath) ?? '';
  const expected = new Set([portPath, ...before.disks.flatMap((disk) => disk.portPath ?? [])]);
  const started = performance.now();
  let driverRestarted = false;
  for (;;) {
    const reader = await readerAt(place, name, roots);
    const again = reader !== undefined && (!gone || reader.address !== before.address) ? reader : undefined;
    const there = again?.disks.filter((disk) => disk.state === undefined || disk.state === 'running') ?? [];
    const own = there.find((disk) => disk.portPath === portPath);
    const complete = [...expected].every((port) => there.some((disk) => disk.portPath === port));
    // One is enough: a reader obeys one command at a time, so one that hangs hangs in all its slots.
    if (complete && own !== undefined && (await through.answers(own.path))) return { portPath, path: own.path, driverRestarted };
    const elapsed = performance.now() - started;
    // What hung may return when nobody waits for it any more; then nothing is touched again.
    if (signal?.aborted === true) throw cancelled();
    if (elapsed > returnPatience) throw noReturn(name);
    // The kernel never asks a drive again that it has given up. Nobody loses anything by it: the reader serves nobody now.
    if (again !== undefined && !driverRestarted && (elapsed > returnPatience / 4 || again.disks.some((disk) => disk.state === 'offline'))) {
      await assertFree(again, name, roots);
      await restartDriver(again, name, through);
      driverRestarted = true;
    }
    await sleep(100);
  }
}

/** The kernel's driver lets the reader go and takes it up again, as if it had just been plugged in. */
async function restartDriver(reader: Reader, name: string, through: ReaderAccess): Promise<void> {
  const device = await openReader(reader, name, through);
  try {
    for (const number of reader.interfaces) {
      // There may be no driver at it; then it is only taken up. What does not succeed shows in the drives.
      await device.detachKernelDriver(number).catch(() => undefined);
      await device.attachKernelDriver(number).catch(() => undefined);
    }
  } finally {
    await device.close();
  }
}

function notReset(name: string, cause: unknown): ImprintError {
  return new ImprintError('target-read-failed', `The reader of ${name} cannot be reset from here: pull its plug and put it in again.`, { field: 'port', cause });
}

function noReturn(name: string): ImprintError {
  return new ImprintError('target-read-failed', `The reader of ${name} does not come back: pull its plug and put it in again.`, { field: 'port' });
}

/** @throws ImprintError target-read-failed when the time is over; what hangs in the kernel is left behind */
async function within<T>(milliseconds: number, work: Promise<T>, name: string): Promise<T> {
  const over = new AbortController();
  const late = sleep(milliseconds, undefined, { signal: over.signal }).then(() => {
    throw noReturn(name);
  });
  // It is aborted when the work has ended.
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
  }
}

const kernelAccess: ReaderAccess = {
  async open(bus, address) {
    const digits = (number: number): string => String(number).padStart(3, '0');
    // `usb` says this in words only.
    await access(`/dev/bus/usb/${digits(bus)}/${digits(address)}`, constants.R_OK | constants.W_OK);
    // Loaded here, so that a computer for which there is no such binary does all else.
    const { usb } = await import('usb');
    const device = (await usb.getDevices()).find((each) => Number(each.bus) === bus && each.address === address);
    if (device === undefined) throw new Error(`no USB device ${digits(bus)}/${digits(address)}`);
    await device.open();
    return device;
  },
  async answers(drive) {
    try {
      // Opening a drive without waiting for a medium makes the kernel ask it whether it is ready.
      const handle = await open(drive, constants.O_RDONLY | constants.O_NONBLOCK);
      await handle.close();
      return true;
    } catch (thrown) {
      // Who may not open it has to believe the kernel.
      return thrown instanceof Error && 'code' in thrown && thrown.code === 'EACCES';
    }
  },
};
