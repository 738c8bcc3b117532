import type { LabelPreview, LabelsView } from '../contract/label-channel';
import type { DayRowView } from '../contract/window-channel';
import { asImprintError, ImprintError } from '../domain/errors';
import { describeIdentity } from '../domain/identity';
import { factsOfPrint, layOutLabel, localDay, sampleFacts, type LabelFacts, type LaidOutLabel } from '../domain/label-layout';
import { describePrinter, type LabelPrint, type LabelSettings, type LabelStore } from '../domain/labels';
import type { Profile } from '../domain/profile';
import { assertMay } from '../domain/roles';
import { labelPress } from '../labels/label-press';
import { svgOf } from '../labels/svg';
import type { Bench, BenchSlot } from '../station/bench';
import { LabelQueue } from '../station/label-queue';
import { askReprint, decideLabel, printLabel, settingsOf, type LabelDecision, type LabelTools } from '../station/labels';
import { scanBack } from '../station/scan-back';
import { asNow, type Station } from '../station/station';

interface SessionLabelsParts {
  readonly station: Station;
  readonly labels: LabelStore;
  readonly profile: Profile;
  readonly bench: Bench;
  /** What the bench shows of labels is new. */
  readonly changed: () => void;
  readonly notice: (sentence: string, success: boolean) => void;
}

/** Labels as the window sees them: what waits, the preview, the reprint, and the scan that closes a job. */
export class SessionLabels {
  readonly #parts: SessionLabelsParts;
  readonly #tools: LabelTools;
  readonly #queue: LabelQueue;

  constructor(parts: SessionLabelsParts) {
    const { station, labels, profile, bench, changed } = parts;
    this.#parts = parts;
    this.#tools = { station, labels, press: labelPress };
    this.#queue = new LabelQueue(this.#tools, profile, {
      changed,
      label: (print) => {
        bench.showLabel(print);
        changed();
      },
    });
  }

  start(): void {
    this.#queue.start();
  }

  /** A device is finished; its label may be printed already. */
  async finished(jobId: string): Promise<void> {
    this.#queue.wake();
    for (const print of await this.#parts.labels.labelsOfJobs([jobId])) if (print.state !== 'waiting') this.#parts.bench.showLabel(print);
  }

  wake(): void {
    this.#queue.wake();
  }

  close(): Promise<void> {
    return this.#queue.close();
  }

  get view(): LabelsView {
    const { unfinished, nextTryAt, sentence } = this.#queue.state;
    return {
      on: this.#parts.profile.label !== undefined,
      unfinished: unfinished.map(({ printId, deviceId, jobId, identity, state, reprint, sentence, askedAt }) => ({ printId, deviceId, jobId, identity: { ...identity }, state, reprint, sentence, askedAt })),
      nextTryAt,
      sentence,
    };
  }

  /** What the day's list says of the labels of these jobs; nothing of those that are done with. */
  async marksOf(jobIds: readonly string[]): Promise<ReadonlyMap<string, NonNullable<DayRowView['label']>>> {
    const prints = jobIds.length === 0 ? [] : await this.#parts.labels.labelsOfJobs(jobIds);
    return new Map(prints.flatMap((print) => {
      const mark = markOf(print);
      return mark === undefined ? [] : [[print.jobId, mark]];
    }));
  }

  /**
   * A scanned code as a printed label.
   *
   * @param slot that is selected
   * @returns the slot that is closed now; undefined where the code is none of a label
   * @throws ImprintError label-differs
   */
  async scanBack(slot: string, text: string): Promise<BenchSlot | undefined> {
    const { station, labels, profile, bench } = this.#parts;
    const print = await scanBack(asNow(station), labels, profile, text, bench.awaitingLabels(slot));
    if (print === undefined) return undefined;
    const shown = bench.showLabel(print);
    this.#parts.changed();
    if (shown !== undefined) return shown;
    // Its card was taken out before: the day's list has it, and the slot that is selected stays as it is.
    this.#parts.notice(`The label of ${describeIdentity(print.identity)} was scanned: its job is closed.`, true);
    const selected = bench.slots.find(({ name }) => name === slot);
    if (selected === undefined) throw new ImprintError('no-such-slot', `There is no slot "${slot}" on this bench.`);
    return selected;
  }

  async decide(printId: number, decision: LabelDecision): Promise<void> {
    const print = await decideLabel({ ...this.#tools, station: asNow(this.#parts.station) }, printId, decision, this.#parts.profile);
    this.#parts.bench.showLabel(print);
    this.#queue.wake();
    this.#parts.changed();
  }

  ofDevice(deviceId: string): Promise<readonly LabelPrint[]> {
    return this.#parts.labels.labelsOfDevice(deviceId);
  }

  /** Printed at once where the printer is there; else it waits like any other. */
  async reprint(deviceId: string, reason: string): Promise<{ readonly sentence: string; readonly printed: boolean }> {
    const { station, profile } = this.#parts;
    const asked = await askReprint({ ...this.#tools, station: asNow(station) }, deviceId, reason, profile);
    const print = await printLabel(this.#tools, asked, profile, new AbortController().signal);
    this.#queue.wake();
    const who = describeIdentity(asked.identity);
    if (print?.state === 'printed') return { sentence: `The label of ${who} was printed again. ${print.sentence ?? ''}`, printed: true };
    return { sentence: `The label of ${who} waits for its printer. ${print?.sentence ?? ''}`, printed: false };
  }

  /** @throws ImprintError no-such-device */
  async preview(deviceId: string | undefined): Promise<LabelPreview | undefined> {
    const { profile } = this.#parts;
    const found = deviceId === undefined ? await this.#lastDevice() : await this.#device(deviceId);
    const settings = found === undefined ? profile.label : await settingsOf(this.#tools, found, profile).catch(() => profile.label);
    if (settings === undefined) return undefined;
    const shown = laidOut(settings, found === undefined ? this.#sample() : factsOfPrint(found));
    return {
      svg: shown.label === undefined ? undefined : svgOf(shown.label),
      ...settings.size,
      printer: describePrinter(settings.printer),
      identity: found === undefined ? undefined : { ...found.identity },
      problems: shown.label === undefined ? [shown.problem] : shown.label.problems,
    };
  }

  /** Sample values: a second label of a real device would be one too many. */
  async printTest(): Promise<{ readonly sentence: string }> {
    const { station, profile } = this.#parts;
    assertMay(station.role, 'provision');
    if (profile.label === undefined) throw new ImprintError('label-invalid', `The profile ${profile.name} prints no labels.`, { field: 'label', expected: 'a profile with a label' });
    const label = layOutLabel({ ...profile.label, copies: 1 }, this.#sample(), labelPress.codes);
    await labelPress.print(profile.label.printer, label, 'label-test', AbortSignal.timeout(60_000));
    return { sentence: `A test label with sample values went to ${describePrinter(profile.label.printer)}.` };
  }

  #sample(): LabelFacts {
    const { station, profile } = this.#parts;
    return sampleFacts(profile.name, profile.identity, localDay(station.clock.now()));
  }

  async #lastDevice(): Promise<LabelledDevice | undefined> {
    const { record } = this.#parts.station;
    for (const state of ['preauthorized', 'accepted'] as const) {
      const { devices } = await record.list({ state, limit: 1, offset: 0 });
      const [device] = devices;
      if (device?.profileName === this.#parts.profile.name) return this.#device(device.deviceId);
    }
    return undefined;
  }

  async #device(deviceId: string): Promise<LabelledDevice> {
    const device = await this.#parts.station.record.device(deviceId);
    const job = device?.jobs.find(({ state }) => state === 'done');
    if (device?.fingerprint === undefined || job === undefined) throw new ImprintError('no-such-device', 'Only a finished device has a label.', { field: 'deviceId' });
    return { ...device, fingerprint: device.fingerprint, profileSha256: job.profileSha256, madeAt: job.endedAt ?? device.createdAt };
  }
}

type LabelledDevice = Pick<LabelPrint, 'identity' | 'fingerprint' | 'batch' | 'profileName' | 'profileSha256' | 'madeAt'>;

function laidOut(settings: LabelSettings, facts: LabelFacts): { readonly label: LaidOutLabel; readonly problem?: undefined } | { readonly label: undefined; readonly problem: string } {
  try {
    return { label: layOutLabel(settings, facts, labelPress.codes) };
  } catch (thrown) {
    const error = asImprintError(thrown);
    return { label: undefined, problem: `${error.message}${error.field === undefined ? '' : ` (${error.field})`}` };
  }
}

function markOf({ state, scanBack, scannedAt }: LabelPrint): DayRowView['label'] {
  if (state === 'printed') return scanBack && scannedAt === undefined ? 'scan' : undefined;
  return state === 'sending' ? 'waiting' : state;
}
