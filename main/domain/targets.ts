import { ImprintError } from './errors';

/** What the operating system says about a place that could be written. */
export interface TargetFacts {
  readonly path: string;
  /** After symbolic links: `/dev/disk/by-path/…` → `/dev/sdb`. */
  readonly realPath: string;
  readonly kind: 'block-device' | 'file' | 'missing';
  readonly bytes: number;
  readonly readOnly: boolean;
  readonly removable: boolean;
  /** A loop device: it stands for a file, no hardware is behind it. */
  readonly loop: boolean;
  /** A whole disk; a partition is never a card. */
  readonly wholeDisk: boolean;
  /** Mount points of the device and of its partitions, active swap as `[swap]`, other users such as `dm-0`. */
  readonly usedBy: readonly string[];
  /** Holds the running system's root, boot or swap. */
  readonly systemDisk: boolean;
  readonly model?: string | undefined;
  readonly serial?: string | undefined;
  /** Where the device is plugged in, as in Drive. */
  readonly portPath?: string | undefined;
  /** What tells this medium from the one that could be swapped in: size, serial, model, device number, port. */
  readonly identity: string;
  /** For a file: whether its first bytes look like a card (all zero, or an MBR/GPT signature). */
  readonly looksLikeCard: boolean;
}

export interface TargetLimits {
  readonly minimumBytes?: number | undefined;
  readonly maximumBytes?: number | undefined;
}

/**
 * How the target was chosen. listed: from a slot or a list, so it must be removable. typed: a person wrote this very path
 * on the command line, which also allows a loop device. fixed-disk: a person said in so many words that it is a fixed disk.
 */
export type TargetNaming = 'listed' | 'typed' | 'fixed-disk';

/**
 * Whether this target may be overwritten. Refuses in the order of the harm that a mistake would do.
 *
 * @param neededBytes size of the decoded image
 * @throws ImprintError target-*
 */
export function assertTargetAllowed(facts: TargetFacts, neededBytes: number, limits: TargetLimits, naming: TargetNaming): void {
  const { path } = facts;
  if (facts.kind === 'missing') {
    // A device path that is missing is an empty reader; a missing file is a card image still to be made.
    if (path.startsWith('/dev/')) {
      throw new ImprintError('target-not-found', `There is no card at ${path}: put one in, or choose another slot.`, { field: 'target' });
    }
    return;
  }
  if (facts.kind === 'block-device' && facts.bytes === 0) {
    throw new ImprintError('target-not-found', `There is no card in ${path}: put one in, or choose another slot.`, { field: 'target' });
  }
  if (facts.systemDisk) {
    throw new ImprintError('target-system-disk', `${path} is the disk that this computer runs from; it is never written.`, { field: 'target', expected: 'a card' });
  }
  if (facts.kind === 'block-device' && !facts.wholeDisk) {
    throw new ImprintError('target-not-a-card', `${path} is a partition; a card is written as a whole.`, { field: 'target', expected: 'the device itself, such as /dev/sdb' });
  }
  if (facts.usedBy.length > 0) {
    throw new ImprintError('target-mounted', `${path} is in use (${facts.usedBy.join(', ')}): unmount it first.`, { field: 'target', expected: 'a card that nothing has mounted' });
  }
  const allowed = facts.removable || naming === 'fixed-disk' || (naming === 'typed' && facts.loop);
  if (facts.kind === 'block-device' && !allowed) {
    throw new ImprintError('target-not-removable', `${path} is not a removable drive and was not named by hand.`, {
      field: 'target',
      expected: 'a removable drive, or "fixedDisk": true for this slot in the profile (--fixed-disk on the command line)',
    });
  }
  if (facts.readOnly) {
    throw new ImprintError('target-read-only', `${path} is read-only: slide the lock of the card, or take another one.`, { field: 'target', expected: 'a card that can be written' });
  }
  if (facts.kind === 'file' && !facts.looksLikeCard) {
    throw new ImprintError('target-not-a-card', `${path} exists and is not a card image; it was not touched.`, { field: 'target', expected: 'a new file, an empty one or an earlier card image' });
  }
  const growable = facts.kind === 'file' && facts.bytes === 0;
  if (!growable && facts.bytes < neededBytes) {
    throw new ImprintError('target-too-small', `The card at ${path} has ${describeBytes(facts.bytes)}, the image needs ${describeBytes(neededBytes)}.`, {
      field: 'target',
      expected: `at least ${String(neededBytes)} bytes`,
    });
  }
  if (facts.kind === 'block-device') {
    const { minimumBytes, maximumBytes } = limits;
    if ((minimumBytes !== undefined && facts.bytes < minimumBytes) || (maximumBytes !== undefined && facts.bytes > maximumBytes)) {
      throw new ImprintError('target-out-of-range', `The card at ${path} has ${describeBytes(facts.bytes)}, which this profile does not allow.`, {
        field: 'targets',
        expected: `${minimumBytes === undefined ? 'at most' : `${describeBytes(minimumBytes)} to`} ${maximumBytes === undefined ? 'any size' : describeBytes(maximumBytes)}`,
      });
    }
  }
}

/** 2147483648 → `2.1 GB`: decimal units, as cards are sold. */
export function describeBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? String(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
}
