import { exitCodes } from '../../domain/errors';
import { describeIdentity } from '../../domain/identity';
import type { Profile } from '../../domain/profile';
import { sendWaiting } from '../../station/recover';
import type { Station } from '../../station/station';
import { text, type Command, type CommandContext } from './arguments';
import { profileOf, withStation } from './context';

/** `outbox`: verified cards that the server was not told of yet; `outbox --profile P.json` tells it now. */
export const outboxCommand: Command = async (context) => {
  const profile = text(context, 'profile') === undefined ? undefined : profileOf(context).profile;
  return withStation(context, ({ station }) => (profile === undefined ? show(context, station) : send(context, station, profile)));
};

async function show({ output }: CommandContext, { record }: Station): Promise<number> {
  const waiting = (await record.unfinishedJobs()).filter((job) => job.state === 'waiting');
  for (const job of waiting) {
    const device = await record.device(job.deviceId);
    if (device === undefined) continue;
    const { identity, serverUrl, batch } = device;
    const { jobId, deviceId, slot, startedAt, profileName, sentence } = job;
    output.emit({ event: 'result', jobId, deviceId, identity, slot, startedAt, profileName, serverUrl, batch, sentence });
    output.print(`${startedAt}  ${describeIdentity(identity)}, ${slot}, for ${serverUrl}: ${sentence ?? ''}`);
  }
  if (waiting.length === 0) output.print('No card waits for its server.');
  return 0;
}

async function send({ output, signal }: CommandContext, station: Station, profile: Profile): Promise<number> {
  const reports = await sendWaiting(station, profile, signal);
  for (const report of reports) {
    output.emit({ event: 'result', ...report });
    output.print(`${describeIdentity(report.identity)}: ${report.state}. ${report.sentence}`);
  }
  if (reports.length === 0) output.print('No card waits for this server.');
  if (reports.some((report) => report.state === 'waiting')) return exitCodes.server;
  return reports.some((report) => report.state === 'failed') ? exitCodes.conflict : 0;
}
