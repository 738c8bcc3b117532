import { basename, join } from 'node:path';
import type { BenchView, DeviceView, SlotsView, SlotView } from '../contract/window-channel';
import { asImprintError } from '../domain/errors';
import type { DeviceDetails } from '../domain/ports';
import type { SlotSettings } from '../domain/profile';
import { systemDrives } from '../flash/drives';
import { Bench, type BenchSlot } from '../station/bench';
import { recover, type RecoveryReport } from '../station/recover';
import { withServer, type LoadedProfile, type Station } from '../station/station';
import { loadProfile } from './load-profile';
import { openStation, stationFolder } from './open-station';
import { openPracticeBench } from './practice';
import { Keyring, stationSecrets, type AskForSecret } from './secrets';
import { SessionSlots, stationSlots } from './session-slots';
import { SlotsStore } from './slots-store';

export interface SessionListeners {
  readonly slot: (slot: SlotView) => void;
  /** The drives or what is being bound are new. */
  readonly slots: (slots: SlotsView) => void;
  /** The day's list or the counts are new. */
  readonly bench: (bench: BenchView) => void;
  readonly recovered: (reports: readonly RecoveryReport[]) => void;
}

/** One open bench, practice or real, as the window sees it. */
export class BenchSession {
  readonly station: Station;
  readonly bench: Bench;
  /** The drives of this computer and the slots that were bound; the practice bench has neither. */
  readonly slots: SessionSlots | undefined;
  readonly #loaded: LoadedProfile;
  readonly #warnings: readonly string[];
  readonly #listeners: SessionListeners;
  readonly #close: () => Promise<void>;

  private constructor(station: Station, loaded: LoadedProfile, warnings: readonly string[], listeners: SessionListeners, makeBench: (changed: (slot: BenchSlot) => void) => Bench, own: StationSlots | undefined, close: () => Promise<void>) {
    this.station = station;
    this.#loaded = loaded;
    this.#warnings = warnings;
    this.#listeners = listeners;
    this.#close = close;
    this.bench = makeBench((slot) => {
      this.#slotChanged(slot);
    });
    if (own === undefined) return;
    this.slots = new SessionSlots({
      ...own,
      bench: this.bench,
      drives: systemDrives,
      changed: (view) => {
        listeners.slots(view);
      },
      benchChanged: () => void this.tellBench().catch(() => undefined),
    });
  }

  static async openPractice(dataFolder: string, runtimeWarnings: readonly string[], listeners: SessionListeners): Promise<BenchSession> {
    const practice = await openPracticeBench(dataFolder);
    const { station } = practice.open;
    return BenchSession.#start(
      station,
      practice.loaded,
      runtimeWarnings,
      listeners,
      (changed) => new Bench(station, practice.loaded, changed, { powerOn: (slot, identity, signal) => practice.powerOn(slot, identity, signal) }),
      undefined,
      () => practice.close(),
    );
  }

  /** @throws ImprintError profile-unreadable, profile-invalid: the bench that was open stays open */
  static async openProfile(path: string, dataFolder: string, ask: AskForSecret, runtimeWarnings: readonly string[], listeners: SessionListeners): Promise<BenchSession> {
    const loaded = loadProfile(path);
    const folder = stationFolder(dataFolder, false);
    const open = openStation(folder, stationSecrets(new Keyring(join(folder.root, 'keyring')), ask));
    const { station } = open;
    const store = new SlotsStore(folder.root);
    const profileHasSlots = loaded.profile.targets.slots.length > 0;
    const bound = boundSlots(store);
    return BenchSession.#start(
      station,
      loaded,
      'warning' in bound ? [...runtimeWarnings, bound.warning] : runtimeWarnings,
      listeners,
      (changed) => new Bench(station, loaded, changed, { drives: systemDrives, slots: profileHasSlots ? undefined : bound.slots }),
      { store, profileHasSlots },
      () => open.close(),
    );
  }

  static async #start(
    station: Station,
    loaded: LoadedProfile,
    runtimeWarnings: readonly string[],
    listeners: SessionListeners,
    makeBench: (changed: (slot: BenchSlot) => void) => Bench,
    own: StationSlots | undefined,
    close: () => Promise<void>,
  ): Promise<BenchSession> {
    try {
      const { warning } = await station.custody.status();
      const session = new BenchSession(station, loaded, warning === undefined ? runtimeWarnings : [...runtimeWarnings, warning], listeners, makeBench, own, close);
      // In the background: a server that does not answer must not keep the bench closed.
      void recover(station, new AbortController().signal).then(
        (reports) => {
          listeners.recovered(reports);
          if (reports.length > 0) void session.tellBench();
        },
        () => undefined,
      );
      return session;
    } catch (thrown) {
      await close();
      throw thrown;
    }
  }

  async view(): Promise<BenchView> {
    const { profile } = this.#loaded;
    const midnight = this.station.clock.now();
    midnight.setHours(0, 0, 0, 0);
    const today = await this.station.record.jobsSince(midnight.toISOString(), 500);
    return {
      practice: profile.practice,
      profileName: profile.name,
      scanAttribute: profile.identity.find((attribute) => attribute.scan)?.name ?? '',
      otherAttributes: profile.identity.filter((attribute) => !attribute.scan && attribute.constant === undefined).map((attribute) => attribute.name),
      serverKind: profile.server.kind,
      serverUrl: profile.server.url,
      imageName: basename(profile.image.path),
      keyType: profile.keyType,
      warnings: [...this.#warnings],
      slots: this.bench.slots.map(slotView),
      today: today.map((job) => ({ ...job, identity: { ...job.identity } })),
      counts: {
        done: today.filter((job) => job.state === 'done').length,
        failed: today.filter((job) => job.state === 'failed' || job.state === 'compensated').length,
        accepted: today.filter((job) => job.deviceState === 'accepted').length,
      },
    };
  }

  /** How the server sees a device now; a server that cannot be asked is a sentence, not an error. */
  async askServer(device: DeviceDetails): Promise<NonNullable<DeviceView['server']>> {
    const { profile } = this.#loaded;
    if (device.serverUrl !== profile.server.url) return { sentence: `This device belongs to ${device.serverUrl}; open its profile to ask that server.`, authSets: [] };
    try {
      const signal = AbortSignal.timeout(15_000);
      const found = await withServer(this.station, profile, signal, (connection) => connection.findDevice(device.identity, signal));
      if (found === undefined) return { sentence: 'The server does not know this identity.', authSets: [] };
      return {
        status: found.status,
        sentence: found.decommissioning ? `The server is decommissioning device ${found.id}.` : `Device ${found.id} is ${found.status} at the server.`,
        authSets: found.authSets.map((set) => ({ id: set.id, status: set.status, fingerprint: set.fingerprint, ours: set.fingerprint !== undefined && set.fingerprint === device.fingerprint })),
      };
    } catch (thrown) {
      return { sentence: asImprintError(thrown).message, authSets: [] };
    }
  }

  async tellBench(): Promise<void> {
    this.#listeners.bench(await this.view());
  }

  /** Cancels what runs, waits until every card is in a defined state, and closes. */
  async close(): Promise<void> {
    this.slots?.close();
    this.bench.cancelAll();
    while (this.bench.busy) await new Promise((resolve) => setTimeout(resolve, 50));
    await this.#close();
  }

  #slotChanged(slot: BenchSlot): void {
    this.#listeners.slot(slotView(slot));
    if (slot.state !== 'running' && slot.state !== 'ready' && slot.state !== 'free') void this.tellBench().catch(() => undefined);
  }
}

interface StationSlots {
  readonly store: SlotsStore;
  readonly profileHasSlots: boolean;
}

/** A file that cannot be read must not keep the record and the devices out of reach. */
function boundSlots(store: SlotsStore): { readonly slots: readonly SlotSettings[] } | { readonly slots: readonly never[]; readonly warning: string } {
  try {
    return { slots: stationSlots(store.read()) };
  } catch (thrown) {
    return { slots: [], warning: asImprintError(thrown).message };
  }
}

function slotView(slot: BenchSlot): SlotView {
  return { ...slot, identity: slot.identity === undefined ? undefined : { ...slot.identity } };
}
