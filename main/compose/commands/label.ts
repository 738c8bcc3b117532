import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { exitCodes, ImprintError } from '../../domain/errors';
import { describeIdentity, readIdentity, type Identity } from '../../domain/identity';
import { factsOfPrint, layOutLabel, localDay, sampleFacts, type LabelFacts, type LaidOutLabel } from '../../domain/label-layout';
import { describePrinter, type LabelPrint, type LabelSettings } from '../../domain/labels';
import type { Profile } from '../../domain/profile';
import { labelPress } from '../../labels/label-press';
import { pdfOf } from '../../labels/pdf';
import { svgOf } from '../../labels/svg';
import { zplOf } from '../../labels/zpl';
import { askReprint, decideLabel, printLabel, printWaiting, type LabelTools } from '../../station/labels';
import type { OpenStation } from '../open-station';
import { identityPairs, required, text, usage, wrongOption, type Command, type CommandContext } from './arguments';
import { profileOf, withStation } from './context';

/** `label preview | print | queue` */
export const labelCommand: Command = (context) => {
  const [what, ...positionals] = context.positionals;
  const rest = { ...context, positionals };
  switch (what) {
    case 'preview':
      return preview(rest);
    case 'print':
      return print(rest);
    case 'queue':
      return queue(rest);
    case undefined:
    default:
      throw usage(what === undefined ? 'What is to be done with labels?' : `There is no "label ${what}".`, 'preview, print or queue');
  }
};

const toolsOf = ({ station, labels }: OpenStation): LabelTools => ({ station, labels, press: labelPress });

function identityOf(context: CommandContext, { identity: scheme }: Profile): Identity {
  const pairs = identityPairs(context);
  if (pairs === undefined) throw usage('This command needs --identity.', '--identity mac=02:00:00:00:00:01');
  return readIdentity(scheme, pairs);
}

function labelOf({ label, name }: Profile): LabelSettings {
  if (label !== undefined) return label;
  throw new ImprintError('label-invalid', `The profile ${name} prints no labels.`, { field: 'label', expected: 'a profile with a label' });
}

const writers: Readonly<Record<string, (label: LaidOutLabel) => Promise<string | Uint8Array> | string>> = { '.svg': svgOf, '.pdf': (label) => pdfOf(label, label.copies), '.zpl': (label) => zplOf(label) };

/** Of a device that nobody made yet the fingerprint, the batch and the day are samples. Nothing is recorded. */
async function preview(context: CommandContext): Promise<number> {
  const { profile } = profileOf(context);
  const settings = labelOf(profile);
  const identity = identityOf(context, profile);
  const to = required(context, 'output');
  const write = writers[extname(to).toLowerCase()];
  if (write === undefined) throw wrongOption('output', `The format of ${to} is not known.`, 'a name that ends in .svg, .pdf or .zpl');
  return withStation(context, async ({ station }) => {
    const device = await station.record.findByIdentity(identity);
    const job = device?.jobs.find(({ state }) => state === 'done');
    const made = device?.fingerprint !== undefined && job !== undefined ? { ...device, fingerprint: device.fingerprint, madeAt: job.endedAt ?? device.createdAt } : undefined;
    const facts: LabelFacts = made === undefined ? { ...sampleFacts(profile.name, profile.identity, localDay(station.clock.now())), identity } : factsOfPrint(made);
    const label = layOutLabel(settings, facts, labelPress.codes);
    const content = await write(label);
    try {
      writeFileSync(to, content);
    } catch (thrown) {
      throw new ImprintError('export-unwritable', `The file ${to} cannot be written.`, { field: '--output', expected: 'a place that this user may write', cause: thrown });
    }
    for (const sentence of label.problems) context.output.emit({ event: 'warning', sentence });
    const sentence = `The label of ${describeIdentity(identity)} was written to ${to}${made === undefined ? ', with sample values: the record has no such finished device' : ''}.`;
    context.output.emit({ event: 'result', to, recorded: made !== undefined, width: settings.size.width, height: settings.size.height, printer: describePrinter(settings.printer), sentence });
    context.output.print(sentence);
    return 0;
  });
}

/** The label of a finished device, printed again; recorded with who and why. */
async function print(context: CommandContext): Promise<number> {
  const { profile } = profileOf(context);
  labelOf(profile);
  const identity = identityOf(context, profile);
  const reason = required(context, 'reason');
  return withStation(context, async (open) => {
    const device = await open.station.record.findByIdentity(identity);
    if (device === undefined) throw new ImprintError('no-such-device', `The record does not know ${describeIdentity(identity)}.`, { field: 'identity' });
    const asked = await askReprint(toolsOf(open), device.deviceId, reason, profile);
    const label = (await printLabel(toolsOf(open), asked, profile, context.signal)) ?? asked;
    tell(context, label);
    return label.state === 'printed' ? 0 : exitCodes.label;
  });
}

async function queue(context: CommandContext): Promise<number> {
  const profile = text(context, 'profile') === undefined ? undefined : profileOf(context).profile;
  const decided = text(context, 'decide');
  return withStation(context, async (open) => {
    if (decided !== undefined) return decide(context, open, decided, profile);
    if (profile !== undefined) {
      await printWaiting(toolsOf(open), profile, ({ profileName }) => profileName === profile.name, (label) => {
        if (label.state === 'printed') tell(context, label);
      }, context.signal);
    }
    const left = (await open.labels.unfinishedLabels()).filter(({ profileName }) => profile === undefined || profileName === profile.name);
    for (const label of left) tell(context, label);
    if (left.length === 0) context.output.print('No label waits.');
    return profile !== undefined && left.length > 0 ? exitCodes.label : 0;
  });
}

async function decide(context: CommandContext, open: OpenStation, number: string, profile: Profile | undefined): Promise<number> {
  if (!/^[1-9][0-9]{0,14}$/.test(number)) throw wrongOption('decide', `"${number}" is no number of a label.`, 'a number as "imprint label queue" shows it');
  const answer = required(context, 'answer');
  if (answer !== 'printed' && answer !== 'again' && answer !== 'give-up') throw wrongOption('answer', `"${answer}" is no answer.`, 'printed, again or give-up');
  tell(context, await decideLabel(toolsOf(open), Number(number), answer, profile));
  return 0;
}

function tell({ output }: CommandContext, { owner: _owner, ...label }: LabelPrint): void {
  output.emit({ event: 'result', ...label });
  output.print(`${String(label.printId)}  ${label.state.padEnd(9)} ${describeIdentity(label.identity)}${label.reprint ? `, again: ${label.reason ?? ''}` : ''}  ${label.sentence ?? ''}`);
}
