import { asImprintError, ImprintError } from '../domain/errors';
import { describeIdentity } from '../domain/identity';
import { factsOfPrint, layOutLabel, type LabelPress, type LaidOutLabel } from '../domain/label-layout';
import { describePrinter, type LabelPrint, type LabelSettings, type LabelStore } from '../domain/labels';
import type { Profile } from '../domain/profile';
import { assertMay } from '../domain/roles';
import { now, type Station } from './station';

/** What printing needs. */
export interface LabelTools {
  readonly station: Station;
  readonly labels: LabelStore;
  readonly press: LabelPress;
}

/**
 * One attempt to print a label that waits.
 *
 * @param profile what is open: its printer and template count for the devices of its name, so that a printer that moved or a template
 *   that was mended serves those that wait
 * @returns the label as it is then; undefined where another process was faster
 */
export async function printLabel(tools: LabelTools, print: LabelPrint, profile: Profile | undefined, signal: AbortSignal): Promise<LabelPrint | undefined> {
  const { station, labels, press } = tools;
  const { printId } = print;
  let settings: LabelSettings;
  let label: LaidOutLabel;
  try {
    settings = await settingsOf(tools, print, profile);
    label = layOutLabel(settings, factsOfPrint(print), press.codes);
  } catch (thrown) {
    return keepWaiting(tools, print, asImprintError(thrown).message);
  }
  // CRASH: durable before the first byte. A kill from here on leaves it as sending: a person is asked, and no label comes twice by itself.
  if (!(await labels.startLabel(printId, station.processes.self, now(station)))) return undefined;
  station.faults.reached('label:started');
  try {
    await press.print(settings.printer, label, nameOf(print), signal);
  } catch (thrown) {
    const error = asImprintError(thrown);
    const certainlyNot = error.code === 'printer-unreachable' || error.code === 'cancelled';
    return labels.endLabel(printId, { state: certainlyNot ? 'waiting' : 'doubtful', sentence: error.message }, now(station));
  }
  station.faults.reached('label:sent');
  return labels.endLabel(printId, { state: 'printed', sentence: `Given to ${describePrinter(settings.printer)}.`, printer: settings.printer.kind, copies: settings.copies }, now(station));
}

async function keepWaiting({ station, labels }: LabelTools, print: LabelPrint, sentence: string): Promise<LabelPrint> {
  return print.sentence === sentence ? print : labels.endLabel(print.printId, { state: 'waiting', sentence }, now(station));
}

/** `label-17-02-00-00-00-00-01`: the number makes it one of a kind in this record. */
function nameOf({ printId, identity }: LabelPrint): string {
  return `label-${String(printId)}-${Object.values(identity).join('-')}`.replace(/[^A-Za-z0-9-]+/g, '-').slice(0, 120);
}

/** @throws ImprintError label-invalid where neither profile has a label */
export async function settingsOf({ station }: LabelTools, { profileName, profileSha256 }: Pick<LabelPrint, 'profileName' | 'profileSha256'>, profile: Profile | undefined): Promise<LabelSettings> {
  if (profile?.name === profileName && profile.label !== undefined) return profile.label;
  const json = await station.record.keptProfile(profileSha256);
  const kept = json === undefined ? undefined : station.readKeptProfile(json).label;
  if (kept !== undefined) return kept;
  throw new ImprintError('label-invalid', `The profile ${profileName} prints no labels.`, { field: 'label', expected: 'a profile with a label' });
}

/** What a killed process left: a file can be written again under its name, anything else only a person knows. */
export async function settleKilled(tools: LabelTools, profile: Profile | undefined): Promise<readonly LabelPrint[]> {
  const { station, labels } = tools;
  const settled: LabelPrint[] = [];
  for (const print of await labels.unfinishedLabels()) {
    if (print.state !== 'sending' || print.owner === undefined || station.processes.alive(print.owner)) continue;
    const settings = await settingsOf(tools, print, profile).catch(() => undefined);
    const again = settings?.printer.kind === 'pdf';
    const sentence = again ? 'The station stopped while the file was written: it is written again.' : `The station stopped while the label of ${describeIdentity(print.identity)} was sent: look whether it was printed.`;
    settled.push(await labels.endLabel(print.printId, { state: again ? 'waiting' : 'doubtful', sentence }, now(station)));
  }
  return settled;
}

/** Every label that waits, in order. An unreachable printer ends the round; a label that cannot be laid out does not. */
export async function printWaiting(tools: LabelTools, profile: Profile | undefined, concerns: (print: LabelPrint) => boolean, ended: (print: LabelPrint) => void, signal: AbortSignal): Promise<void> {
  for (const settled of await settleKilled(tools, profile)) ended(settled);
  for (const print of await tools.labels.unfinishedLabels()) {
    if (signal.aborted) return;
    if (print.state !== 'waiting' || !concerns(print)) continue;
    const result = await printLabel(tools, print, profile, signal);
    if (result === undefined) continue;
    ended(result);
    // It was begun and is waiting again: nobody is there.
    if (result.state === 'waiting' && result.attempts > print.attempts) return;
  }
}

/** What a person who looked at the printer says. */
export type LabelDecision = 'printed' | 'again' | 'give-up';

/** @throws ImprintError not-allowed, usage where there is nothing to decide */
export async function decideLabel(tools: LabelTools, printId: number, decision: LabelDecision, profile: Profile | undefined): Promise<LabelPrint> {
  const { station, labels } = tools;
  assertMay(station.role, 'provision');
  await settleKilled(tools, profile);
  const print = (await labels.unfinishedLabels()).find((each) => each.printId === printId);
  if (print === undefined || print.state === 'sending') throw new ImprintError('usage', 'This label is not waiting for anybody’s word any more.', { field: 'printId' });
  const settings = await settingsOf(tools, print, profile).catch(() => undefined);
  switch (decision) {
    case 'printed':
      if (print.state !== 'doubtful') throw new ImprintError('usage', 'This label was not sent yet: it waits for its printer.', { field: 'decision', expected: 'again or give-up' });
      return labels.endLabel(printId, { state: 'printed', sentence: `${station.operator} saw that it was printed.`, printer: settings?.printer.kind ?? 'zpl', copies: settings?.copies ?? 1 }, now(station));
    case 'again':
      return labels.endLabel(printId, { state: 'waiting', sentence: `${station.operator} says that it was not printed.` }, now(station));
    case 'give-up':
      return labels.endLabel(printId, { state: 'failed', sentence: `${station.operator} gave it up.` }, now(station));
  }
}

const longestReason = 200;

/**
 * Asks for the label of a finished device once more; it is printed like any other.
 *
 * @throws ImprintError not-allowed, usage where the reason is missing, no-such-device, label-invalid where its profile prints none
 */
export async function askReprint(tools: LabelTools, deviceId: string, reason: string, profile: Profile | undefined): Promise<LabelPrint> {
  const { station, labels } = tools;
  assertMay(station.role, 'provision');
  const why = reason.trim();
  if (why === '' || why.length > longestReason || /\p{Cc}/u.test(why)) throw new ImprintError('usage', 'Say why the label is printed again.', { field: 'reason', expected: `a few words, at most ${String(longestReason)} characters` });
  const device = await station.record.device(deviceId);
  const job = device?.jobs.find(({ state }) => state === 'done');
  if (device === undefined || job === undefined || (device.state !== 'preauthorized' && device.state !== 'accepted')) {
    throw new ImprintError('no-such-device', 'Only a finished device has a label: this one is not expected by its server.', { field: 'identity' });
  }
  await settingsOf(tools, job, profile);
  return labels.askLabel({ deviceId, reason: why, by: station.operator, at: now(station) });
}
