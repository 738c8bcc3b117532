import { describeIdentity } from '../../domain/identity';
import type { DeviceDetails, DeviceRow, RecordStore, ServerDevice } from '../../domain/ports';
import { asImprintError, ImprintError } from '../../domain/errors';
import { recover } from '../../station/recover';
import { withServer } from '../../station/station';
import type { OpenStation } from '../open-station';
import { identityPairs, usage, type Command, type CommandContext } from './arguments';
import { withStation } from './context';

const pageSize = 500;

/** `status [--identity k=v …] [--offline]`: one device with its steps and the server's view, or the record at a glance. */
export const statusCommand: Command = async (context) => {
  const identity = identityPairs(context);
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
  const ours = server.authSets.find((set) => set.fingerprint === device.fingerprint);
  const others = server.authSets.filter((set) => set !== ours).length;
  const own = ours === undefined ? 'our key is NOT among its auth sets' : `our key is ${ours.status}`;
  return `device ${server.id}, ${server.status}; ${own}${others === 0 ? '' : `, ${String(others)} other auth set${others === 1 ? '' : 's'}`}`;
}

function printDevice({ output }: CommandContext, device: DeviceDetails): void {
  output.print(`Identity  ${describeIdentity(device.identity)}`);
  output.print(`State     ${device.state}`);
  output.print(`Key       ${device.keyType} ${device.fingerprint ?? '(none was made)'}`);
  for (const job of device.jobs) {
    output.print(`Job       ${job.jobId}, ${job.state}, ${job.slot}, ${job.targetPath}, by ${job.operator}, ${job.startedAt}`);
    for (const step of job.steps) output.print(`  ${step.name.padEnd(9)} ${step.state.padEnd(8)} ${step.startedAt}  ${step.sentence ?? ''}`);
    if (job.sentence !== undefined) output.print(`  ${job.sentence}`);
  }
}

async function summary(context: CommandContext, record: RecordStore): Promise<number> {
  const states = ['reserved', 'preauthorized', 'accepted', 'released'] as const;
  const totals = await Promise.all(states.map(async (state) => [state, (await record.list({ state, limit: 1, offset: 0 })).total] as const));
  const unfinished = await record.unfinishedJobs();
  context.output.emit({ event: 'result', ...Object.fromEntries(totals), unfinished: unfinished.length });
  for (const [state, total] of totals) context.output.print(`${state.padEnd(14)} ${String(total)}`);
  context.output.print(`${'unfinished'.padEnd(14)} ${String(unfinished.length)}`);
  return 0;
}

/** `list [--json|--csv] [--identity k=v …]`: every device of the record, newest first. */
export const listCommand: Command = async (context) => {
  const identity = identityPairs(context);
  const csv = context.values['csv'] === true;
  if (csv && context.output.json) throw usage('The list is either JSON or CSV.', '--json or --csv');
  return withStation(context, async ({ station }) => {
    if (csv) context.output.print(csvRow(csvColumns));
    for (let offset = 0; ; offset += pageSize) {
      const { devices } = await station.record.list({ limit: pageSize, offset, ...(identity === undefined ? {} : { identity }) });
      for (const device of devices) {
        context.output.emit({ event: 'result', ...device });
        context.output.print(csv ? csvRow(csvValues(device)) : `${device.createdAt}  ${device.state.padEnd(13)} ${describeIdentity(device.identity)}  ${device.fingerprint ?? ''}`);
      }
      if (devices.length < pageSize) return 0;
    }
  });
};

const csvColumns = ['device', 'identity', 'state', 'key_type', 'fingerprint', 'public_key', 'server', 'server_device', 'profile', 'created', 'updated'];

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
  ];
}

/** RFC 4180; a value that a spreadsheet would take for a formula gets an apostrophe in front. */
export function csvRow(values: readonly string[]): string {
  return values.map((value) => `"${(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value).replace(/"/g, '""')}"`).join(',');
}

/** `recover`: ends every job that a killed station left behind, and says how. */
export const recoverCommand: Command = async (context) =>
  withStation(context, async ({ station }) => {
    const reports = await recover(station, context.signal);
    for (const report of reports) {
      context.output.emit({ event: 'result', ...report });
      context.output.print(`${describeIdentity(report.identity)}: ${report.state}. ${report.sentence}`);
    }
    if (reports.length === 0) context.output.print('No job was left open.');
    return reports.some((report) => report.state === 'waiting') ? 7 : 0;
  });
