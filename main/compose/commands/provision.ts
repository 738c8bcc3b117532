import { ImprintError } from '../../domain/errors';
import { describeIdentity, readIdentity } from '../../domain/identity';
import type { JobOutcome } from '../../domain/job';
import { labelPress } from '../../labels/label-press';
import { printWaiting } from '../../station/labels';
import { provision, type ProvisionRequest } from '../../station/provision';
import type { Profile } from '../../domain/profile';
import type { OpenStation } from '../open-station';
import { identityPairs, required, usage, type Command, type CommandContext } from './arguments';
import { batchOf, profileOf, recoverFirst, warnings, withStation } from './context';

/** `provision --profile P.json [--identity k=v …] --target PATH [--fixed-disk] [--batch B] [--replace]` */
export const provisionCommand: Command = async (context) => {
  const loaded = profileOf(context);
  const targetPath = required(context, 'target');
  const pairs = identityPairs(context);
  const batch = batchOf(context);
  if (pairs === undefined && batch === undefined) throw usage('This command needs --identity.', '--identity mac=02:00:00:00:00:01, or a --batch that counts');
  const given = pairs === undefined ? undefined : readIdentity(loaded.profile.identity, pairs);
  const replace = context.values['replace'] === true;
  return withStation(context, async (open) => {
    await warnings(context, open, loaded.profile);
    await recoverFirst(context, open, loaded.profile);
    const naming = context.values['fixed-disk'] === true ? 'fixed-disk' : 'typed';
    const identity = given ?? (await open.station.record.orders.nextIdentity({ batch: batch ?? '', profileName: loaded.profile.name, without: [] }));
    const outcome = await runJob(context, open, { loaded, identity, counted: given === undefined, slot: 'command line', targetPath, naming, batch, replace });
    if (outcome.state === 'done') await printLabelOf(context, open, loaded.profile, outcome.jobId);
    return report(context, outcome);
  });
};

/** The label of a device that is finished. Without a printer it waits in the record, and the device is as good as with one. */
async function printLabelOf({ output, signal }: CommandContext, { station, labels }: OpenStation, profile: Profile, jobId: string): Promise<void> {
  if (profile.label === undefined) return;
  await printWaiting(
    { station, labels, press: labelPress },
    profile,
    (print) => print.jobId === jobId && !print.reprint,
    (print) => {
      if (print.state === 'printed') output.emit({ event: 'notice', sentence: `Its label is printed. ${print.sentence ?? ''}` });
      else output.emit({ event: 'warning', sentence: `The label of ${describeIdentity(print.identity)} is not printed: ${print.sentence ?? ''} "imprint label queue" shows it.` });
    },
    signal,
  );
}

/** One job with its steps and progress told on the way. */
export function runJob(context: CommandContext, { station }: OpenStation, request: ProvisionRequest): Promise<JobOutcome> {
  const { output, signal } = context;
  return provision(station, request, {
    signal,
    onProgress: (progress) => {
      output.emit({ event: 'progress', ...progress });
    },
    onStep: (step, state, sentence) => {
      output.emit({ event: 'step', step, state, sentence });
    },
  });
}

/** Tells how a job ended. @throws ImprintError with the job's error where it did not succeed */
export function report(context: CommandContext, outcome: JobOutcome): number {
  context.output.emit({ event: 'result', ...outcome });
  if (outcome.state === 'done') {
    context.output.print(outcome.sentence);
    context.output.print(`Fingerprint ${outcome.fingerprint ?? ''}`);
    return 0;
  }
  const { error } = outcome;
  throw error === undefined ? new ImprintError('unexpected', outcome.sentence) : new ImprintError(error.code, outcome.sentence, error);
}
