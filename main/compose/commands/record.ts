import { describeIdentity } from '../../domain/identity';
import type { DeviceDetails, DeviceRow, RecordStore, ServerDevice } from '../../domain/ports';
import { asImprintError, ImprintError } from '../../domain/errors';
import { deviceStates } from '../../domain/job';
import { finishAllActions } from '../../station/administration';
import { recover } from '../../station/recover';
import { withServer } from '../../station/station';
import type { OpenStation } from '../open-station';
import { identityPairs, text, usage, type Command, type CommandContext } from './arguments';
import { batchOf, profileOf, withStation } from './context';
import { watchStatus } from './status-watch';
import { csvRow } from './table';

const pageSize = 500;

/** `status [--identity k=v …] [--offline]`: one device with its steps and the server's view, or the record at a glance; `status --watch`: as it changes. */
export const statusCommand: Command = async (context) => {
  const identity = identityPairs(context);
  if (context.values['watch'] === true) {
    if (identity !== undefined) throw usage('A watch is of all devices or of a batch.', '--watch without --identity');
    return watchStatus(context);
  }
  return withStation(context, async (open) => {
    if (identity === undefined) return summary(context, open.station.record);
    const device = await open.station.record.findByIdentity(identity);
    if (device === undefined) throw new ImprintError('no-such-device', `The record does not know ${describeIdentity(identity)}.`, { field: 'identity' });
    // The practice server lives only as long as its bench is open.
    const offline = context.values['offline'] === true || context.values['practice'] === true;
    const server = offline ? undefined : await askServer(context, open, device);
    context.output.emit({ event: 'result', ...device, server: server?.device ?? null, serverError: server?.error?.toReport() });
    printDevice(context, device);
    if (server?.error !== undefined) context.output.print(`Server    not asked: ${server.error.message}`);
    else if (server !== undefined) context.output.print(`Server    ${server.device === undefined ? 'does not know it' : describeServerDevice(server.device, device)}`);
    return 0;
  });
};

async function askServer(context: CommandContext, { station }: OpenStation, device: DeviceDetails): Promise<{ device?: ServerDevice | undefined; error?: ImprintError }> {
  try {
    const json = await station.record.keptProfile(device.jobs[0]?.profileSha256 ?? '');
    if (json === undefined) return {};
    return { device: await withServer(station, station.readKeptProfile(json), context.signal, (connection) => connection.findDevice(device.identity, context.signal)) };
  } catch (thrown) {
    return { error: asImprintError(thrown) };
  }
}

function describeServerDevice(server: ServerDevice, device: DeviceDetails): string {
  if (server.keysHidden === true) return `device ${server.id}, ${server.status}; it shows nobody its keys`;
  const ours = server.authSets.find((set) => set.fingerprint === device.fingerprint);
  const others = server.authSets.filter((set) => set !== ours).length;
  const own = ours === undefined ? 'our key is NOT among its auth sets' : `our key is ${ours.status}`;
  return `device ${server.id}, ${server.status}; ${own}${others === 0 ? '' : `, ${String(others)} other auth set${others === 1 ? '' : 's'}`}`;
}

function printDevice({ output }: CommandContext, device: DeviceDetails): void {
  output.print(`Identity  ${describeIdentity(device.identity)}`);
  output.print(`State     ${device.state}`);
  if (device.batch !== undefined) output.print(`Batch     ${device.batch}`);
  output.print(`Key       ${device.keyType} ${device.fingerprint ?? '(none was made)'}`);
  if (device.acceptance !== undefined) output.print(`Watch     ${device.acceptance.state}, ${device.acceptance.checkedAt}: ${device.acceptance.sentence}`);
  for (const { serial, state, notAfter, issuer } of device.certificates) output.print(`Certificate ${serial}, ${state}, until ${notAfter}, by ${issuer}`);
  for (const action of device.actions) {
    output.print(`Action    ${action.action}, ${action.state}, by ${action.by}, ${action.startedAt}: ${action.sentence ?? ''}`);
    for (const step of action.steps ?? []) output.print(`  ${step.part.padEnd(18)} ${step.at}  ${step.sentence}`);
  }
  for (const job of device.jobs) {
    output.print(`Job       ${job.jobId}, ${job.state}, ${job.slot}, ${job.targetPath}, by ${job.operator}, ${job.startedAt}`);
    for (const step of job.steps) output.print(`  ${step.name.padEnd(9)} ${step.state.padEnd(8)} ${step.startedAt}  ${step.sentence ?? ''}`);
    if (job.sentence !== undefined) output.print(`  ${job.sentence}`);
  }
}

async function summary(context: CommandContext, record: RecordStore): Promise<number> {
  const totals = await Promise.all(deviceStates.map(async (state) => [state, (await record.list({ state, limit: 1, offset: 0 })).total] as const));
  const unfinished = await record.unfinishedJobs();
  context.output.emit({ event: 'result', ...Object.fromEntries(totals), unfinished: unfinished.length });
  for (const [state, total] of totals) context.output.print(`${state.padEnd(14)} ${String(total)}`);
  context.output.print(`${'unfinished'.padEnd(14)} ${String(unfinished.length)}`);
  return 0;
}

/** `list [--json|--csv] [--identity k=v …] [--batch B]`: every device of the record, newest first. */
export const listCommand: Command = async (context) => {
  const identity = identityPairs(context);
  const batch = batchOf(context);
  const csv = context.values['csv'] === true;
  if (csv && context.output.json) throw usage('The list is either JSON or CSV.', '--json or --csv');
  return withStation(context, async ({ station }) => {
    if (csv) context.output.print(csvRow(csvColumns));
    for (let offset = 0; ; offset += pageSize) {
      const { devices } = await station.record.list({ limit: pageSize, offset, identity, batch });
      for (const device of devices) {
        context.output.emit({ event: 'result', ...device });
        context.output.print(csv ? csvRow(csvValues(device)) : `${device.createdAt}  ${device.state.padEnd(13)} ${describeIdentity(device.identity)}  ${device.fingerprint ?? ''}`);
      }
      if (devices.length < pageSize) return 0;
    }
  });
};

const csvColumns = ['device', 'identity', 'state', 'key_type', 'fingerprint', 'public_key', 'server', 'server_device', 'profile', 'created', 'updated', 'batch'];

function csvValues(device: DeviceRow): string[] {
  const publicKey = (device.publicKeyPem ?? '').replace(/-----[A-Z ]+-----|\s/g, '');
  return [
    device.deviceId,
    JSON.stringify(device.identity),
    device.state,
    device.keyType,
    device.fingerprint ?? '',
    publicKey,
    device.serverUrl,
    device.serverDeviceId ?? '',
    device.profileName,
    device.createdAt,
    device.updatedAt,
    device.batch ?? '',
  ];
}

/**
 * `recover [--profile P.json]`: ends every job and every action that a killed station left behind, and says how. An action
 * on a device that nobody recorded needs the profile of its server.
 */
export const recoverCommand: Command = async (context) => {
  const profile = text(context, 'profile') === undefined ? undefined : profileOf(context).profile;
  return withStation(context, async ({ station }) => {
    const reports = await recover(station, context.signal);
    for (const report of reports) {
      context.output.emit({ event: 'result', ...report });
      context.output.print(`${describeIdentity(report.identity)}: ${report.state}. ${report.sentence}`);
    }
    const { ended, left } = await finishAllActions(station, profile, context.signal);
    for (const action of ended) {
      context.output.emit({ event: 'result', ...action });
      context.output.print(`${describeIdentity(action.identity)}: ${action.action} ${action.state}. ${action.sentence ?? ''}`);
    }
    for (const { action, sentence } of left) context.output.emit({ event: 'warning', sentence: `The action ${action.action} on ${describeIdentity(action.identity)} could not be ended: ${sentence}` });
    if (reports.length + ended.length + left.length === 0) context.output.print('No job was left open.');
    return left.length > 0 || reports.some((report) => report.state === 'waiting') ? 7 : 0;
  });
};
