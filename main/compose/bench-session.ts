import { basename, join } from 'node:path';
import type { ExportView, LogHealthView } from '../contract/evidence-channel';
import { rightSchema, type BenchView, type DeviceView, type OutboxView, type SlotsView, type SlotView, type WatchView } from '../contract/window-channel';
import { asImprintError, type ErrorReport } from '../domain/errors';
import { describeIdentity, type Identity } from '../domain/identity';
import type { DeviceDetails } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { attributesOf, rulesOf, type ReadPattern, type ScanRule } from '../domain/scan-rules';
import { may } from '../domain/roles';
import type { SlotLayout } from '../domain/slot-layout';
import { versionRefusal } from '../domain/version';
import { systemDrives } from '../flash/drives';
import { finishActions, possibleActs } from '../station/administration';
import { Bench, type BenchSlot } from '../station/bench';
import { Outbox } from '../station/outbox';
import { recover, type RecoveryReport } from '../station/recover';
import { serverKindOf, withServer, type LoadedProfile, type Station } from '../station/station';
import type { Examined } from './health/station-health';
import { Integration } from './integration';
import { loadProfile } from './load-profile';
import { openStation, type OpenStation, type WhoIsAtWork } from './open-station';
import { stationFolder } from './station-folder';
import { openPracticeBench } from './practice';
import { ReportDesk } from './report-desk';
import { SessionLabels } from './session-labels';
import { Keyring, stationSecrets, unattended, type AskForCode, type AskForSecret } from './secrets';
import { serverView, SessionAcceptance } from './session-acceptance';
import { SessionAudit } from './session-audit';
import { SessionBatch } from './session-batch';
import { SessionOrders } from './session-orders';
import { SessionDesk } from './session-desk';
import { renewsCards, SessionCertificates } from './session-certificates';
import { SessionExport } from './session-export';
import { SessionLog } from './session-log';
import { boundSlots, SessionSlots, type StationSlots } from './session-slots';
import { SessionWatch } from './session-watch';
import { SlotsStore } from './slots-store';

export interface SessionListeners {
  readonly slot: (slot: SlotView) => void;
  /** A card ended with this error. */
  readonly jobFailed: (slot: string, error: ErrorReport, identity: Identity | undefined) => void;
  /** The drives or what is being bound are new. */
  readonly slots: (slots: SlotsView) => void;
  /** The day's list or the counts are new. */
  readonly bench: (bench: BenchView) => void;
  /** After a restart. */
  readonly recovered: (reports: readonly RecoveryReport[]) => void;
  /** A card that waited for the server, or an action that a killed station left, has ended. */
  readonly notice: (sentence: string, success: boolean) => void;
  readonly outbox: (outbox: OutboxView) => void;
  readonly watch: (watch: WatchView) => void;
  readonly logHealth: (health: LogHealthView) => void;
  readonly exports: (exports: ExportView) => void;
}

/** How the person at the window is asked. */
export interface SessionQuestions {
  readonly secret: AskForSecret;
  readonly code: AskForCode;
}

interface SessionParts {
  readonly open: OpenStation;
  readonly reports: ReportDesk;
  readonly loaded: LoadedProfile;
  readonly warnings: readonly string[];
  readonly renews?: boolean;
  readonly listeners: SessionListeners;
  readonly batch: SessionBatch;
  readonly makeBench: (changed: (slot: BenchSlot) => void) => Bench;
  readonly own: StationSlots | undefined;
  readonly store: SlotsStore;
  readonly close: () => Promise<void>;
}

/** One open bench, practice or real, as the window sees it. */
export class BenchSession {
  readonly station: Station;
  readonly bench: Bench;
  /** The drives of this computer and the slots that were bound; the practice bench has neither. */
  readonly slots: SessionSlots | undefined;
  readonly acceptance: SessionAcceptance;
  readonly certificates: SessionCertificates;
  readonly orders: SessionOrders;
  readonly audit: SessionAudit;
  readonly log: SessionLog;
  readonly exports: SessionExport;
  readonly reports: ReportDesk;
  readonly labels: SessionLabels;
  readonly watch: SessionWatch;
  readonly desk: SessionDesk;
  readonly #loaded: LoadedProfile;
  readonly #warnings: readonly string[];
  readonly #renews: boolean;
  readonly #open: OpenStation;
  readonly #listeners: SessionListeners;
  readonly #batch: SessionBatch;
  /** How each slot stood last. */
  readonly #states = new Map<string, BenchSlot['state']>();
  /** The job that each slot began last. */
  readonly #begun = new Map<string, string>();
  readonly #outbox: Outbox;
  readonly #integration: Integration;
  readonly #closing = new AbortController();
  readonly #close: () => Promise<void>;

  private constructor({ open, reports, loaded, warnings, renews = false, listeners, batch, makeBench, own, store, close }: SessionParts) {
    const { profile } = loaded;
    const { station } = open;
    this.station = station;
    this.#loaded = loaded;
    this.#warnings = warnings;
    this.#renews = renews;
    this.#open = open;
    this.#listeners = listeners;
    this.#batch = batch;
    this.#close = close;
    this.acceptance = new SessionAcceptance(station, profile, (identity) => {
      this.bench.decommissioned(identity);
    });
    this.orders = new SessionOrders(station, profile, () => void this.tellBench().catch(() => undefined));
    this.audit = new SessionAudit(open, profile);
    this.reports = reports;
    this.exports = new SessionExport({ folder: open.folder, station, changed: listeners.exports });
    this.log = new SessionLog({
      log: station.log,
      keeper: open.keeper,
      anchors: open.anchors,
      clock: station.clock,
      changed: listeners.logHealth,
      checked: (found) => {
        if (!found.sound) listeners.notice(found.sentence, false);
        // What is found broken stands on the bench too, and stops the next device.
        void this.tellBench().catch(() => undefined);
      },
    });
    this.watch = new SessionWatch({ station, profile, changed: listeners.watch });
    this.#outbox = new Outbox(station, profile, {
      changed: (state) => {
        listeners.outbox({ ...state });
        void this.tellBench().catch(() => undefined);
      },
      sent: (report) => {
        this.bench.settle(report);
        // Finished only now: its label is asked for, and nothing else tells the printer's queue.
        if (report.state === 'done') this.labels.wake();
        listeners.notice(`${describeIdentity(report.identity)}: ${report.sentence}`, report.state === 'done');
      },
    });
    this.#integration = new Integration({
      open,
      profile,
      warned: () => void this.tellBench().catch(() => undefined),
      ordered: () => {
        this.orders.changedElsewhere();
      },
    });
    this.bench = makeBench((slot) => {
      this.#slotChanged(slot);
    });
    this.bench.setBatch(batch.current);
    this.labels = new SessionLabels({ station, labels: open.labels, profile, bench: this.bench, changed: () => void this.tellBench().catch(() => undefined), notice: listeners.notice });
    this.desk = new SessionDesk(station, this.bench, store);
    this.certificates = new SessionCertificates(station, profile, this.bench);
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

  /** @param server which practice server; that of the last time unless told */
  static async openPractice(dataFolder: string, warnings: readonly string[], listeners: SessionListeners, who: WhoIsAtWork, server?: string): Promise<BenchSession> {
    const practice = await openPracticeBench(dataFolder, who, server);
    const { loaded, open } = practice;
    const { station, folder } = open;
    return BenchSession.#start({
      open,
      reports: new ReportDesk(open, () => who().since),
      loaded,
      warnings,
      listeners,
      batch: new SessionBatch(folder.root, loaded.profile.name),
      makeBench: (changed) => new Bench(station, loaded, changed, { powerOn: (slot, identity, signal) => practice.powerOn(slot, identity, signal) }),
      own: undefined,
      store: new SlotsStore(folder.root),
      close: () => practice.close(),
    });
  }

  /** @throws ImprintError profile-unreadable, profile-invalid: the bench that was open stays open */
  static async openProfile(path: string, dataFolder: string, questions: SessionQuestions, runtimeWarnings: readonly string[], listeners: SessionListeners, who: WhoIsAtWork): Promise<BenchSession> {
    const loaded = loadProfile(path);
    const folder = stationFolder(dataFolder, false);
    const secrets = stationSecrets(new Keyring(join(folder.root, 'keyring')), questions.secret, questions.code);
    const open = openStation(folder, secrets, who);
    const { station } = open;
    const store = new SlotsStore(folder.root);
    const profileHasSlots = loaded.profile.targets.slots.length > 0;
    const bound = boundSlots(store);
    return BenchSession.#start({
      open,
      reports: new ReportDesk(open, () => who().since),
      loaded,
      warnings: 'warning' in bound ? [...runtimeWarnings, bound.warning] : runtimeWarnings,
      listeners,
      batch: new SessionBatch(folder.root, loaded.profile.name),
      makeBench: (changed) => new Bench(station, loaded, changed, { drives: systemDrives, slots: profileHasSlots ? undefined : bound.slots }),
      own: { store, profileHasSlots },
      store,
      close: () => open.close(),
    });
  }

  static async #start(parts: SessionParts): Promise<BenchSession> {
    try {
      const { loaded } = parts;
      const { station } = parts.open;
      const { warning } = await station.custody.status();
      const ofServer = serverKindOf(station, loaded.profile).warnings?.(loaded.profile.server) ?? [];
      const refused = versionRefusal(loaded.profile, station.version);
      const warnings = [...parts.warnings, ...(refused === undefined ? [] : [refused.message]), ...(warning === undefined ? [] : [warning]), ...ofServer];
      const session = new BenchSession({ ...parts, warnings, renews: await renewsCards(station, loaded.profile) });
      // In the background: a server that does not answer must not keep the bench closed.
      void session.#begin().catch(() => undefined);
      return session;
    } catch (thrown) {
      await parts.close();
      throw thrown;
    }
  }

  /** What a killed station left is put in order first, then the outbox and the watch begin. */
  async #begin(): Promise<void> {
    const { signal } = this.#closing;
    // Beside the work, however long the log is.
    void this.log.begin().catch(() => undefined);
    const reports = await recover(this.station, signal).catch(() => []);
    this.#listeners.recovered(reports);
    if (reports.length > 0) await this.tellBench();
    for (const action of await unattended(() => finishActions(this.station, this.#loaded.profile, signal)).catch(() => [])) {
      this.#listeners.notice(action.sentence ?? '', action.state === 'done');
    }
    if (signal.aborted) return;
    unattended(() => {
      this.#outbox.start();
    });
    this.watch.start();
    this.#integration.start();
    this.labels.start();
  }

  async view(): Promise<BenchView> {
    const { profile } = this.#loaded;
    const midnight = this.station.clock.now();
    midnight.setHours(0, 0, 0, 0);
    const today = await this.station.record.jobsSince(midnight.toISOString(), 500);
    const labelOf = await this.labels.marksOf(today.map(({ jobId }) => jobId));
    return {
      practice: profile.practice,
      operator: this.station.operator,
      role: this.station.role,
      rights: rightSchema.options.filter((right) => may(this.station.role, right)),
      batch: this.bench.batch,
      order: await this.orders.view(this.bench.batch),
      ordersVersion: this.orders.version,
      outbox: { ...this.#outbox.state },
      labels: this.labels.view,
      profileName: profile.name,
      ...askedAtBench(profile, this.station.readScanPattern),
      serverKind: profile.server.kind,
      serverUrl: profile.server.url,
      imageName: basename(profile.image.path),
      keyType: profile.keyType,
      expectedWords: Object.fromEntries(this.station.servers.map(({ kind, expectedWord }) => [kind, expectedWord])),
      renews: this.#renews,
      warnings: [...this.#warnings, ...this.#open.keeper.warnings(), ...this.#open.anchors.warnings(), ...this.#integration.warnings()],
      slots: this.bench.slots.map(slotView),
      desk: await this.desk.view(),
      today: today.map((job) => ({ ...job, identity: { ...job.identity }, label: labelOf.get(job.jobId) })),
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
      const { found, blind, acts } = await withServer(this.station, profile, signal, async (connection) => ({ found: await connection.findDevice(device.identity, signal), blind: connection.blind, acts: possibleActs(connection) }));
      if (blind !== undefined) return { sentence: blind, authSets: [] };
      if (found === undefined) return { sentence: 'The server does not know this identity.', authSets: [] };
      return serverView(found, device.fingerprint, acts);
    } catch (thrown) {
      return { sentence: asImprintError(thrown).message, authSets: [] };
    }
  }

  /** @throws ImprintError record-corrupt, record-unavailable: it stays as it was */
  async setSlotLayout(layout: SlotLayout | undefined): Promise<void> {
    this.desk.setLayout(layout);
    await this.tellBench();
  }

  /** @throws ImprintError usage, record-unavailable: the batch stays as it was */
  async setBatch(batch: string | undefined): Promise<void> {
    this.#batch.set(batch);
    this.bench.setBatch(this.#batch.current);
    await this.tellBench();
  }

  /** What the doctor looks at here. */
  get examined(): Examined {
    return { folder: this.#open.folder, profile: this.#loaded.profile };
  }

  /** A person knows that the server is back: signed in here, where a password may be asked for. */
  async tryOutbox(): Promise<void> {
    try {
      await withServer(this.station, this.#loaded.profile, AbortSignal.timeout(30_000), () => Promise.resolve());
    } finally {
      this.#outbox.wake();
    }
  }

  async tellBench(): Promise<void> {
    this.#listeners.bench(await this.view());
  }

  /** Cancels what runs, waits until every card is in a defined state, and closes. */
  async close(): Promise<void> {
    this.slots?.close();
    this.acceptance.close();
    this.#closing.abort();
    this.bench.cancelAll();
    while (this.bench.busy) await new Promise((resolve) => setTimeout(resolve, 50));
    await Promise.all([this.watch.close(), this.#outbox.close(), this.log.close(), this.exports.close(), this.#integration.close(), this.labels.close()]);
    await this.#close();
  }

  #slotChanged(slot: BenchSlot): void {
    this.#listeners.slot(slotView(slot));
    const failed = slot.state === 'failed' && this.#states.get(slot.name) !== 'failed';
    this.#states.set(slot.name, slot.state);
    if (failed && slot.errorCode !== undefined) this.#listeners.jobFailed(slot.name, { code: slot.errorCode, sentence: slot.sentence }, slot.identity);
    // Its job ended without the server: the outbox takes it from here.
    if (slot.state === 'waiting') this.#outbox.wake();
    if (slot.state === 'done') this.watch.serverAnswered();
    // What is at work is not left to be made any more.
    const begins = slot.jobId !== undefined && this.#begun.get(slot.name) !== slot.jobId;
    if (slot.jobId !== undefined) this.#begun.set(slot.name, slot.jobId);
    if (slot.state === 'running' && begins && this.bench.batch !== undefined) void this.tellBench().catch(() => undefined);
    if (slot.state === 'done' && slot.jobId !== undefined && slot.label?.state === 'waiting') void this.labels.finished(slot.jobId).catch(() => undefined);
    if (slot.state !== 'running' && slot.state !== 'ready' && slot.state !== 'free') void this.tellBench().catch(() => undefined);
  }
}

/** What the scan field asks for, and what must be typed besides: all that is not in every label. */
function askedAtBench(profile: Profile, readPattern: ReadPattern): Pick<BenchView, 'scanAttribute' | 'otherAttributes'> {
  const varying = profile.identity.filter(({ constant }) => constant === undefined);
  const filled = rulesWhereAny(profile).map((rule) => attributesOf(rule, readPattern));
  return {
    scanAttribute: varying.find(({ scan }) => scan)?.name ?? filled[0]?.[0] ?? '',
    otherAttributes: varying.map(({ name }) => name).filter((name) => !(filled.length > 0 && filled.every((names) => names.includes(name)))),
  };
}

/** None where the profile has nothing to scan: everything is typed then. */
function rulesWhereAny(profile: Profile): readonly ScanRule[] {
  return profile.scan === undefined && !profile.identity.some(({ scan }) => scan) ? [] : rulesOf(profile);
}

/** A slot as the window sees it. */
export function slotView(slot: BenchSlot): SlotView {
  const { errorCode } = slot;
  return { ...slot, identity: slot.identity === undefined ? undefined : { ...slot.identity }, hasConflict: slot.state === 'failed' && (errorCode === 'identity-at-server' || errorCode === 'identity-recorded') };
}
