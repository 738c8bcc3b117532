import type { Acceptance, AcceptanceState, Finding, WatchedDevice } from '../domain/acceptance';
import { diagnose, Strangers } from '../domain/diagnosis';
import { asImprintError, cancelled, ImprintError } from '../domain/errors';
import type { KeyHolder, ServerCapacity, ServerConnection, ServerDevice } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { Backoff, chance, realPause, type Pause } from './pauses';
import { now, withServer, type Station } from './station';

/** What one round found; the counts are of the devices that it asked for. */
export interface WatchReport {
  readonly checked: number;
  /** Devices whose state or diagnosis is another one than before. */
  readonly changed: number;
  readonly accepted: number;
  readonly waiting: number;
  readonly stuck: number;
  readonly missing: number;
  readonly at: string;
}

export type ChangeListener = (device: WatchedDevice, acceptance: Acceptance) => void;

export interface WatchOptions {
  /** Also the accepted devices that were asked for today. */
  readonly everything?: boolean | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly onChanged?: ChangeListener | undefined;
}

/** What the server is asked for in one request, and what is kept in one transaction. */
const portionSize = 500;
/** Most pending devices of nobody that are compared with ours; a server with more has another problem. */
const mostStrangers = 2000;
const mostHolders = 1000;
/** Accepted devices are looked at once a day, and not all in one round. */
const acceptedEvery = 24 * 3_600_000;
const mostAcceptedInRound = 5000;
/** Look-ups by identity of devices that the server does not have under their id, in one round. */
const mostLookUps = 100;
/** … and of devices that were missing before. */
const mostLookUpsAgain = 20;

const unsettled: readonly AcceptanceState[] = ['unchecked', 'waiting', 'stuck', 'missing'];

/**
 * Asks the server about every recorded device that is due, and keeps what it says.
 *
 * CRASH: each portion is kept when it was asked for, so a kill loses one portion, which the next round asks for again.
 *
 * @throws ImprintError server-*, record-*, cancelled; what was kept before stays
 */
export async function watchOnce(station: Station, profile: Profile, options: WatchOptions, signal: AbortSignal): Promise<WatchReport> {
  const startedAt = station.clock.now();
  const before = options.everything === true ? startedAt : new Date(startedAt.getTime() - acceptedEvery);
  const due = (states: readonly AcceptanceState[], checkedBefore: Date, limit: number): Promise<readonly WatchedDevice[]> =>
    station.record.devicesToWatch({ serverUrl: profile.server.url, states, checkedBefore: checkedBefore.toISOString(), limit });
  const nothingDue = (await due(unsettled, startedAt, 1)).length === 0 && (await due(['accepted'], before, 1)).length === 0;
  if (nothingDue) return { checked: 0, changed: 0, accepted: 0, waiting: 0, stuck: 0, missing: 0, at: startedAt.toISOString() };
  return withServer(station, profile, signal, async (connection) => {
    const round = await WatchRound.begin(station, profile, connection, options, startedAt, signal);
    await round.askInPortions((limit) => due(unsettled, startedAt, limit), Infinity);
    await round.askSuspects();
    await round.askInPortions((limit) => due(['accepted'], before, limit), options.everything === true ? Infinity : mostAcceptedInRound);
    return round.report();
  });
}

class WatchRound {
  readonly #station: Station;
  readonly #profile: Profile;
  readonly #connection: ServerConnection;
  readonly #options: WatchOptions;
  readonly #startedAt: string;
  readonly #signal: AbortSignal;
  readonly #counts: Record<AcceptanceState, number> = { unchecked: 0, waiting: 0, accepted: 0, stuck: 0, missing: 0 };
  readonly #strangers: Strangers;
  /** Of the keys that strangers came with. */
  #strangersHolders: ReadonlyMap<string, KeyHolder> = new Map();
  /** Pending devices whose identity was looked up in the record, with the device that has it. */
  readonly #lookedUp = new Map<string, string | undefined>();
  #capacity: ServerCapacity | undefined;
  #lookUps = 0;
  #lookUpsAgain = 0;
  #checked = 0;
  #changed = 0;
  #total = 0;

  private constructor(station: Station, profile: Profile, connection: ServerConnection, options: WatchOptions, startedAt: Date, signal: AbortSignal) {
    this.#station = station;
    this.#profile = profile;
    this.#connection = connection;
    this.#options = options;
    this.#startedAt = startedAt.toISOString();
    this.#signal = signal;
    this.#strangers = new Strangers(profile.identity.filter((attribute) => attribute.constant !== undefined).map((attribute) => attribute.name));
  }

  /** Asks once for what every device is compared with. */
  static async begin(station: Station, profile: Profile, connection: ServerConnection, options: WatchOptions, startedAt: Date, signal: AbortSignal): Promise<WatchRound> {
    const round = new WatchRound(station, profile, connection, options, startedAt, signal);
    const { counts } = await station.record.acceptancePage({ limit: 1, offset: 0 });
    round.#total = unsettled.reduce((sum, state) => sum + counts[state], 0);
    // A kind that judges by itself compares with nothing of this.
    if (connection.judge !== undefined) return round;
    round.#capacity = await askCapacity(connection, signal);
    await round.#meetStrangers();
    return round;
  }

  async #meetStrangers(): Promise<void> {
    let met = 0;
    for await (const devices of this.#connection.devices({ statuses: ['pending'] }, this.#signal)) {
      for (const device of devices) this.#strangers.add(device);
      met += devices.length;
      if (met >= mostStrangers) break;
    }
    this.#strangersHolders = await this.#holders(this.#strangers.fingerprints);
  }

  async askInPortions(due: (limit: number) => Promise<readonly WatchedDevice[]>, most: number): Promise<void> {
    let asked = 0;
    let first: string | undefined;
    while (asked < most) {
      const devices = await due(Math.min(portionSize, most - asked));
      // What was kept must be out of the way, or this would go on for ever.
      if (devices.length === 0 || devices[0]?.deviceId === first) return;
      first = devices[0]?.deviceId;
      await this.#askPortion(devices);
      asked += devices.length;
    }
  }

  /** Accepted devices whose key came a second time: they are not due, but they are not well either. */
  async askSuspects(): Promise<void> {
    const suspects: WatchedDevice[] = [];
    for (const { deviceId } of this.#strangersHolders.values()) {
      const device = deviceId === undefined ? undefined : await this.#station.record.device(deviceId);
      const accepted = device?.state === 'accepted' && device.acceptance?.state === 'accepted' && device.serverUrl === this.#profile.server.url;
      if (accepted && device.fingerprint !== undefined) suspects.push({ ...device, fingerprint: device.fingerprint, acceptance: 'accepted' });
      if (suspects.length === portionSize) break;
    }
    if (suspects.length > 0) await this.#askPortion(suspects);
  }

  report(): WatchReport {
    const { accepted, waiting, stuck, missing } = this.#counts;
    return { checked: this.#checked, changed: this.#changed, accepted, waiting, stuck, missing, at: now(this.#station) };
  }

  async #askPortion(devices: readonly WatchedDevice[]): Promise<void> {
    this.#signal.throwIfAborted();
    if (this.#connection.judge !== undefined) {
      await this.#keep(devices, await this.#connection.judge(devices, this.#signal));
      return;
    }
    const servers = await this.#serverDevices(devices);
    const keys = new Set(devices.flatMap(({ deviceId, fingerprint }) => (servers.get(deviceId)?.authSets ?? []).flatMap((set) => (set.fingerprint === undefined || set.fingerprint === fingerprint ? [] : [set.fingerprint]))));
    const holders = new Map([...this.#strangersHolders, ...(await this.#holders([...keys]))]);
    const findings: Finding[] = [];
    for (const device of devices) {
      await this.#dismissAcquaintances(device, holders);
      findings.push(diagnose(device, servers.get(device.deviceId), { holders, strangers: this.#strangers, capacity: this.#capacity }));
    }
    await this.#keep(devices, findings);
  }

  async #keep(devices: readonly WatchedDevice[], findings: readonly Finding[]): Promise<void> {
    // A clock that was set back must not make devices due again in the same round.
    const at = now(this.#station);
    const checkedAt = at > this.#startedAt ? at : this.#startedAt;
    const acceptances = findings.map((finding): Acceptance => ({ ...finding, checkedAt }));
    await this.#station.record.saveAcceptances(acceptances);
    this.#count(devices, acceptances);
  }

  #count(devices: readonly WatchedDevice[], acceptances: readonly Acceptance[]): void {
    for (const [index, acceptance] of acceptances.entries()) {
      const device = devices[index];
      this.#checked += 1;
      this.#counts[acceptance.state] += 1;
      if (device === undefined || (device.acceptance === acceptance.state && device.diagnosis === acceptance.diagnosis)) continue;
      this.#changed += 1;
      this.#options.onChanged?.(device, acceptance);
    }
    this.#options.onProgress?.(this.#checked, Math.max(this.#total, this.#checked));
  }

  /** By our device ids. */
  async #serverDevices(devices: readonly WatchedDevice[]): Promise<ReadonlyMap<string, ServerDevice>> {
    const byServerId = new Map(devices.flatMap((device) => (device.serverDeviceId === undefined ? [] : [[device.serverDeviceId, device.deviceId] as const])));
    const found = new Map<string, ServerDevice>();
    if (byServerId.size > 0) {
      for await (const portion of this.#connection.devices({ ids: [...byServerId.keys()] }, this.#signal)) {
        for (const server of portion) {
          const deviceId = byServerId.get(server.id);
          if (deviceId !== undefined) found.set(deviceId, server);
        }
      }
    }
    // It may be there under another id: preauthorized again by another tool, or by a reply whose id was lost.
    for (const device of this.#worthALook(devices.filter(({ deviceId }) => !found.has(deviceId)))) {
      const server = await this.#connection.findDevice(device.identity, this.#signal);
      if (server !== undefined) found.set(device.deviceId, server);
    }
    return found;
  }

  /** Those that were there at the last look, and some of those that were not: others in each round. */
  #worthALook(missing: readonly WatchedDevice[]): readonly WatchedDevice[] {
    const lost = missing.filter(({ acceptance }) => acceptance !== 'missing').slice(0, mostLookUps - this.#lookUps);
    const known = missing.filter(({ acceptance }) => acceptance === 'missing');
    const start = Math.floor(chance(this.#station.randomness) * known.length);
    const again = [...known.slice(start), ...known.slice(0, start)].slice(0, Math.max(0, mostLookUpsAgain - this.#lookUpsAgain));
    this.#lookUps += lost.length;
    this.#lookUpsAgain += again.length;
    return [...lost, ...again];
  }

  /** A pending device that only looks like this one may be another device of the record. */
  async #dismissAcquaintances(device: WatchedDevice, holders: ReadonlyMap<string, KeyHolder>): Promise<void> {
    for (;;) {
      const near = this.#strangers.near(device, holders);
      if (near === undefined || near.how === 'same-key') return;
      const { id, identity } = near.stranger;
      if (!this.#lookedUp.has(id)) {
        const recorded = await this.#station.record.findByIdentity(identity);
        this.#lookedUp.set(id, recorded === undefined || recorded.state === 'released' || recorded.state === 'decommissioned' ? undefined : recorded.deviceId);
      }
      const holder = this.#lookedUp.get(id);
      if (holder === undefined || holder === device.deviceId) return;
      this.#strangers.drop(id);
    }
  }

  async #holders(fingerprints: readonly string[]): Promise<ReadonlyMap<string, KeyHolder>> {
    const holders = new Map<string, KeyHolder>();
    for (let at = 0; at < fingerprints.length; at += mostHolders) {
      for (const holder of await this.#station.record.keyHolders(fingerprints.slice(at, at + mostHolders))) holders.set(holder.fingerprint, holder);
    }
    return holders;
  }
}

/** A server that does not say how many devices it takes is as good as one without a limit. */
async function askCapacity(connection: ServerConnection, signal: AbortSignal): Promise<ServerCapacity | undefined> {
  try {
    return await connection.capacity(signal);
  } catch (thrown) {
    const { code } = asImprintError(thrown);
    if (code === 'server-refused' || code === 'server-reply-invalid') return undefined;
    throw thrown;
  }
}

export interface WatchListeners {
  changed(report: WatchReport): void;
  trouble(sentence: string, nextTryAt: string): void;
  /** A round is under way: how far it is. */
  progress?(done: number, total: number): void;
  /** The next round by itself begins then. */
  scheduled?(at: string): void;
  device?: ChangeListener;
}

export interface AcceptanceWatchOptions {
  /** Milliseconds between two rounds while something changes. */
  readonly interval?: number | undefined;
  readonly pause?: Pause | undefined;
}

const usualInterval = 60_000;
const longestInterval = 15 * 60_000;

/** Looks at one profile's server again and again. There are never two rounds at once. */
export class AcceptanceWatch {
  readonly #station: Station;
  readonly #profile: Profile;
  readonly #listeners: WatchListeners;
  readonly #backoff: Backoff;
  readonly #pause: Pause;
  readonly #abort = new AbortController();
  #round: Promise<WatchReport> | undefined;
  #loop: Promise<void> | undefined;

  constructor(station: Station, profile: Profile, listeners: WatchListeners, { interval = usualInterval, pause = realPause }: AcceptanceWatchOptions = {}) {
    this.#station = station;
    this.#profile = profile;
    this.#listeners = listeners;
    this.#backoff = new Backoff(interval, Math.max(interval, longestInterval), station.randomness);
    this.#pause = pause;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** A round now, or the one that is under way. @throws ImprintError as watchOnce */
  askNow(): Promise<WatchReport> {
    if (this.#isClosed()) return Promise.reject(cancelled());
    this.#round ??= this.#ask().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  async close(): Promise<void> {
    this.#abort.abort(new ImprintError('cancelled', 'The watch was closed.'));
    await Promise.allSettled([this.#round, this.#loop]);
  }

  #isClosed(): boolean {
    return this.#abort.signal.aborted;
  }

  async #ask(): Promise<WatchReport> {
    const options: WatchOptions = {
      onProgress: (done, total) => this.#listeners.progress?.(done, total),
      onChanged: (device, acceptance) => this.#listeners.device?.(device, acceptance),
    };
    const report = await watchOnce(this.#station, this.#profile, options, this.#abort.signal);
    if (report.changed > 0) this.#backoff.reset();
    else if (report.waiting + report.stuck + report.missing === 0) this.#backoff.exhaust();
    this.#listeners.changed(report);
    return report;
  }

  async #run(): Promise<void> {
    while (!this.#isClosed()) {
      let trouble: ImprintError | undefined;
      try {
        await this.askNow();
      } catch (thrown) {
        if (this.#isClosed()) return;
        trouble = asImprintError(thrown);
        // A person has to see to it: asking for a password every minute would not help.
        if (trouble.code === 'server-sign-in-refused' || trouble.code === 'credential-missing') this.#backoff.exhaust();
      }
      const milliseconds = this.#backoff.take();
      const next = new Date(this.#station.clock.now().getTime() + milliseconds).toISOString();
      if (trouble !== undefined) this.#listeners.trouble(trouble.message, next);
      this.#listeners.scheduled?.(next);
      await this.#pause(milliseconds, this.#abort.signal).catch(() => undefined);
    }
  }
}
