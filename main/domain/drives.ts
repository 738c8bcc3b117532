import { describeBytes } from './targets';

export const driveBuses = ['usb', 'mmc', 'nvme', 'ata', 'loop', 'virtio', 'other'] as const;
export type DriveBus = (typeof driveBuses)[number];

/** A whole block device of this computer, as the system describes it. */
export interface Drive {
  /** `/dev/sdb`; may be another drive after a restart. */
  readonly path: string;
  /** 0 where no medium is in it. */
  readonly bytes: number;
  readonly mediaPresent: boolean;
  readonly model?: string | undefined;
  readonly vendor?: string | undefined;
  /** The card's where it can be read (CID of an SD card in a reader without USB), else the reader's. */
  readonly serial?: string | undefined;
  readonly bus: DriveBus;
  /**
   * Where it is plugged in: stable over restarts and for whatever is put in there.
   * `pci-0000:00:14.0-usbv2-0:2.3:1.0-scsi-0:0:0:1` is slot 1 (from 0) of the reader at port 2.3 of a USB 2 bus.
   */
  readonly portPath?: string | undefined;
  readonly removable: boolean;
  readonly readOnly: boolean;
  /** As in TargetFacts. */
  readonly usedBy: readonly string[];
  readonly systemDisk: boolean;
}

/** The drives of this computer. */
export interface Drives {
  list(): Promise<readonly Drive[]>;
  /** Where a path leads, links followed; undefined where nothing is there. */
  realPath(path: string): Promise<string | undefined>;
  /** Resolves once this user may open the drive: rights are set a moment after it has come. At the latest after 3 s. */
  settled(drive: Drive): Promise<void>;
}

/** The drive at a port that has a medium in it; undefined where there is none, or where two claim to be there. */
export function cardAtPort(drives: readonly Drive[], port: string): Drive | undefined {
  const found = drives.filter((drive) => drive.portPath === port);
  return found.length === 1 && found[0]?.mediaPresent === true ? found[0] : undefined;
}

/** Drives that have a medium now and had none, or were not there, before. */
export function arrivedCards(before: readonly Drive[], now: readonly Drive[]): readonly Drive[] {
  return now.filter((drive) => drive.mediaPresent && !before.some((old) => old.mediaPresent && samePlace(old, drive)));
}

function samePlace(one: Drive, other: Drive): boolean {
  return one.portPath === undefined ? one.path === other.path : one.portPath === other.portPath;
}

/** Whether a slot may be bound to where this drive is. Loop devices are for trying things out; they stand for files. */
export function canBeSlot(drive: Drive): drive is Drive & { readonly portPath: string } {
  return drive.portPath !== undefined && !drive.systemDisk && (drive.removable || drive.bus === 'loop');
}

/** `Card 31.9 GB`, or `No card`. */
export function describeCard(card: Drive | undefined): string {
  return card === undefined ? 'No card' : `Card ${describeBytes(card.bytes)}`;
}

/** `Generic STORAGE DEVICE`; the path where the drive has no name. */
export function driveName(drive: Drive): string {
  const words = [drive.vendor, drive.model].filter((word) => word !== undefined);
  return words.length === 0 ? drive.path : words.join(' ');
}

/** A port as a person at the bench may find it again: `USB 2.3, slot 2`. */
export function describePort(port: string): string {
  const usb = /-usb(?:v\d)?-0:([\d.]+):[\d.]+(?:-scsi-0:\d+:(\d+):(\d+))?/.exec(port);
  if (usb !== null) return `USB ${usb[1] ?? ''}${usb[3] === undefined ? '' : `, slot ${String(Number(usb[3]) + 1)}`}`;
  const mmc = /-mmc-(\d+)$/.exec(port);
  if (mmc !== null) return `SD reader ${String(Number(mmc[1]) + 1)}`;
  return port;
}
