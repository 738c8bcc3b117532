import { canonicalIdentity, describeIdentity, type Identity } from '../domain/identity';
import type { DeviceDetails, KeyHolder, ServerAuthSet, ServerDevice } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { may, type Role } from '../domain/roles';
import { possibleActs, type PossibleAct } from './administration';
import { withServer, type Station } from './station';

export const conflictChoices = ['other-identity', 'reject', 'decommission', 'wait'] as const;
export type ConflictChoice = (typeof conflictChoices)[number];

/** Who has an identity already, and what can be done about it. */
export interface Conflict {
  readonly serverDevice?: ServerDevice | undefined;
  /** What the server lets an admin do to it. */
  readonly acts: readonly PossibleAct[];
  /** The recorded device with this identity; else whoever holds the key that the server has for it. */
  readonly holder?: DeviceDetails | KeyHolder | undefined;
  readonly sentence: string;
  /** Those that the role of the person at the station may take. */
  readonly choices: readonly ConflictChoice[];
}

/**
 * Looks for an identity in the record and at the server.
 *
 * @returns undefined where nobody has it
 * @throws ImprintError server-*
 */
export async function findConflict(station: Station, profile: Profile, identity: Identity, signal: AbortSignal): Promise<Conflict | undefined> {
  const found = await station.record.findByIdentity(identity);
  const recorded = found === undefined || found.state === 'released' || found.state === 'decommissioned' ? undefined : found;
  const { serverDevice, acts } = await withServer(station, profile, signal, async (connection) => ({ serverDevice: await connection.findDevice(identity, signal), acts: possibleActs(connection) }));
  if (serverDevice === undefined) return recorded === undefined ? undefined : conflictInRecord(recorded, station.role);
  const holders = await station.record.keyHolders(serverDevice.authSets.flatMap((set) => set.fingerprint ?? []));
  const holder = recorded ?? holders.find((each) => canonicalIdentity(each.identity) === canonicalIdentity(identity)) ?? holders[0];
  return {
    serverDevice,
    acts,
    holder,
    sentence: `${describeAtServer(serverDevice, identity, holders)} ${adviceFor(serverDevice, recorded, station.role)}`,
    choices: choicesAtServer(serverDevice, recorded, station.role, acts),
  };
}

function conflictInRecord(recorded: DeviceDetails, role: Role): Conflict {
  const who = describeIdentity(recorded.identity);
  if (recorded.state === 'reserved') {
    const waits = recorded.jobs[0]?.state === 'waiting';
    const sentence = `${who} is reserved by job ${recorded.jobs[0]?.jobId ?? ''} in slot ${recorded.jobs[0]?.slot ?? ''}${waits ? ', whose card waits for the server' : ''}: wait until that has ended.`;
    return { acts: [], holder: recorded, sentence, choices: ['other-identity', 'wait'] };
  }
  const decommission = recorded.serverDeviceId !== undefined && may(role, 'decommission');
  const sentence = `${who} was made on ${recorded.createdAt.slice(0, 10)} (${recorded.state}), and the server does not have it any more: use another identity, or ${decommission ? '' : 'let an admin '}decommission it in the record too.`;
  return { acts: [], holder: recorded, sentence, choices: decommission ? ['other-identity', 'decommission'] : ['other-identity'] };
}

function choicesAtServer(device: ServerDevice, recorded: DeviceDetails | undefined, role: Role, acts: readonly PossibleAct[]): readonly ConflictChoice[] {
  if (device.decommissioning) return ['other-identity', 'wait'];
  // The server rejects what came by itself, never what was preauthorized.
  const rejectable = device.authSets.some((set) => set.status === 'pending') && may(role, 'reject') && acts.includes('reject');
  const decommissionable = recorded?.state !== 'reserved' && may(role, 'decommission') && acts.includes('decommission');
  return ['other-identity', ...(rejectable ? ['reject' as const] : []), ...(decommissionable ? ['decommission' as const] : []), ...(recorded?.state === 'reserved' ? ['wait' as const] : [])];
}

function describeAtServer(device: ServerDevice, identity: Identity, holders: readonly KeyHolder[]): string {
  const keys = device.authSets.map((set) => describeKey(set, identity, holders));
  const list = device.keysHidden === true ? 'and shows nobody its keys' : keys.length === 0 ? 'without any key' : `with ${String(keys.length)} key${keys.length === 1 ? '' : 's'}: ${keys.join('; ')}`;
  return `The server has ${describeIdentity(identity)} as device ${device.id} (${device.status}${device.decommissioning ? ', being removed' : ''}) ${list}.`;
}

function describeKey({ fingerprint, status }: ServerAuthSet, identity: Identity, holders: readonly KeyHolder[]): string {
  const holder = holders.find((each) => each.fingerprint === fingerprint);
  if (holder === undefined) return `${status}, of nobody in the record`;
  const whose = canonicalIdentity(holder.identity) === canonicalIdentity(identity) ? 'this identity' : describeIdentity(holder.identity);
  return `${status}, ${holder.deviceId === undefined ? 'imported' : 'made here'} for ${whose}`;
}

function adviceFor(device: ServerDevice, recorded: DeviceDetails | undefined, role: Role): string {
  if (device.decommissioning) return 'Wait until it is gone.';
  if (recorded?.state === 'reserved') return 'A job here has the same identity: wait until that has ended.';
  return may(role, 'decommission') ? 'Use another identity, or decommission that device first.' : 'Use another identity, or ask an admin to decommission that device.';
}
