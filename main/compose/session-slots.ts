import type { SlotBindings } from '../contract/slots-file';
import type { SlotsView } from '../contract/window-channel';
import { canBeSlot, describeCard, describePort, driveName, type Drive, type Drives } from '../domain/drives';
import { asImprintError, ImprintError } from '../domain/errors';
import type { SlotSettings } from '../domain/profile';
import type { SlotLayout } from '../domain/slot-layout';
import { watchDrives, type DriveWatch } from '../flash/drive-watch';
import type { Bench } from '../station/bench';
import { SlotBinding } from '../station/slot-binding';
import type { SlotsStore } from './slots-store';

export interface SessionSlotsOptions {
  readonly bench: Bench;
  readonly drives: Drives;
  readonly store: SlotsStore;
  /** The profile names its slots, so those of the station are not used with it. */
  readonly profileHasSlots: boolean;
  readonly changed: (view: SlotsView) => void;
  /** The bench has other slots than before. */
  readonly benchChanged: () => void;
}

/** Bound slots as the bench takes them. */
export function stationSlots(bindings: SlotBindings): readonly SlotSettings[] {
  return bindings.map(({ name, port }) => ({ name, port, fixedDisk: false }));
}

/** Follows the drives for a bench, and binds slots with the person at the window. */
export class SessionSlots {
  readonly #options: SessionSlotsOptions;
  readonly #watch: DriveWatch;
  #drives: readonly Drive[] = [];
  #binding: SlotBinding | undefined;

  constructor(options: SessionSlotsOptions) {
    this.#options = options;
    this.#watch = watchDrives((drives) => {
      this.#see(drives);
    }, { list: () => options.drives.list() });
  }

  view(): SlotsView {
    const bound = this.#binding?.bound ?? this.#kept();
    const slotAt = (port: string | undefined): string | undefined => bound.find((slot) => slot.port === port)?.name;
    return {
      profileHasSlots: this.#options.profileHasSlots,
      layout: this.#layout(),
      slots: bound.map(({ name, port }) => ({ name, port: describePort(port) })),
      // An empty loop device is one of many that stand for nothing.
      drives: this.#drives.filter((drive) => canBeSlot(drive) && (drive.mediaPresent || drive.bus !== 'loop')).map((drive) => ({
        path: drive.path,
        name: driveName(drive),
        description: describeCard(drive.mediaPresent ? drive : undefined),
        ...(drive.mediaPresent ? { bytes: drive.bytes } : {}),
        port: describePort(drive.portPath ?? ''),
        slot: slotAt(drive.portPath),
      })),
      binding: this.#binding === undefined ? undefined : { next: this.#binding.next, sentence: this.#binding.sentence },
    };
  }

  /** @throws ImprintError slot-busy while a card is written, or awaited: plugging one in would start it */
  async beginBinding(): Promise<SlotsView> {
    const { bench, drives } = this.#options;
    if (bench.busy || bench.slots.some((slot) => slot.state === 'ready')) throw new ImprintError('slot-busy', 'A slot is ready or at work: wait until it has ended, or cancel it with Escape.');
    this.#drives = await drives.list();
    this.#binding = new SlotBinding(this.#drives);
    return this.view();
  }

  /** @throws ImprintError slot-busy, record-unavailable: the binding goes on */
  endBinding(keep: boolean): SlotsView {
    const binding = this.#binding;
    if (binding !== undefined && keep && binding.bound.length > 0) {
      const { bench, store, profileHasSlots, benchChanged } = this.#options;
      store.write([...binding.bound]);
      if (!profileHasSlots) bench.setSlots(stationSlots([...binding.bound]));
      benchChanged();
    }
    this.#binding = undefined;
    void this.#options.bench.showDrives(this.#drives);
    return this.view();
  }

  close(): void {
    this.#watch.close();
  }

  #layout(): SlotLayout | undefined {
    try {
      return this.#options.store.layout();
    } catch {
      return undefined;
    }
  }

  #kept(): SlotBindings {
    try {
      return this.#options.store.read();
    } catch {
      // Told when the bench was opened; binding anew writes the file again.
      return [];
    }
  }

  #see(drives: readonly Drive[]): void {
    this.#drives = drives;
    this.#binding?.see(drives);
    // Whoever binds slots plugs in cards to show where they are, not to have them written.
    if (this.#binding === undefined) void this.#options.bench.showDrives(drives);
    this.#options.changed(this.view());
  }
}

export interface StationSlots {
  readonly store: SlotsStore;
  readonly profileHasSlots: boolean;
}

/** A file that cannot be read must not keep the record and the devices out of reach. */
export function boundSlots(store: SlotsStore): { readonly slots: readonly SlotSettings[] } | { readonly slots: readonly never[]; readonly warning: string } {
  try {
    return { slots: stationSlots(store.read()) };
  } catch (thrown) {
    return { slots: [], warning: asImprintError(thrown).message };
  }
}
