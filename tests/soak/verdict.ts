/** What a soak has to prove, from the server's own list and the records alone. */
import { canonicalIdentity, type Identity } from '../../main/domain/identity';
import type { AcceptanceState, Diagnosis } from '../../main/domain/acceptance';
import type { PlannedDevice } from './plan';

export interface ServerView {
  readonly id: string;
  readonly identity: Identity;
  readonly status: string;
  readonly authSets: readonly { readonly status: string; readonly fingerprint: string | undefined }[];
}

/** A device of a record that was not released, with what the watch kept about it. */
export interface RecordView {
  readonly workstation: string;
  readonly deviceId: string;
  readonly identity: Identity;
  readonly state: string;
  readonly fingerprint: string | undefined;
  readonly acceptance: AcceptanceState;
  readonly diagnosis: Diagnosis | undefined;
  readonly relatedDeviceId: string | undefined;
}

export interface Evidence {
  readonly plan: readonly PlannedDevice[];
  readonly server: readonly ServerView[];
  readonly recorded: readonly RecordView[];
  /** Fingerprints of devices that were released: keys of cards that must not be used. */
  readonly released: ReadonlySet<string>;
  readonly unfinishedJobs: number;
}

export interface Finding {
  readonly claim: string;
  /** How many things were looked at. */
  readonly checked: number;
  /** What does not hold, one sentence each. */
  readonly violations: readonly string[];
}

interface Expected {
  readonly serverStatus: string;
  readonly sets: readonly string[];
  readonly acceptance: AcceptanceState;
  readonly diagnosis: Diagnosis | undefined;
}

const expectedOf: Readonly<Record<PlannedDevice['fate'], Expected>> = {
  'signs-in': { serverStatus: 'accepted', sets: ['accepted'], acceptance: 'accepted', diagnosis: undefined },
  'corrected': { serverStatus: 'accepted', sets: ['accepted', 'pending'], acceptance: 'accepted', diagnosis: undefined },
  'never': { serverStatus: 'preauthorized', sets: ['preauthorized'], acceptance: 'waiting', diagnosis: 'never-seen' },
  'own-key': { serverStatus: 'preauthorized', sets: ['pending', 'preauthorized'], acceptance: 'stuck', diagnosis: 'another-key' },
  'swapped': { serverStatus: 'preauthorized', sets: ['pending', 'preauthorized'], acceptance: 'stuck', diagnosis: 'key-of-another-device' },
  'other-notation': { serverStatus: 'preauthorized', sets: ['preauthorized'], acceptance: 'stuck', diagnosis: 'near-identity' },
};

const isExpected = ({ status }: { readonly status: string }): boolean => status === 'preauthorized' || status === 'accepted';

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, readonly Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

export function judge({ plan, server, recorded, released, unfinishedJobs }: Evidence): readonly Finding[] {
  const identityOf = ({ mac }: PlannedDevice): string => canonicalIdentity({ mac });
  const byIdentity = groupBy(server, ({ identity }) => canonicalIdentity(identity));
  const holders = groupBy(recorded, ({ identity }) => canonicalIdentity(identity));
  const planned = new Set(plan.map(identityOf));
  const notations = new Set(plan.filter(({ fate }) => fate === 'other-notation').map(({ mac }) => canonicalIdentity({ mac: mac.toUpperCase() })));
  const finding = <Item>(claim: string, items: readonly Item[], violation: (item: Item) => string | undefined): Finding => ({
    claim,
    checked: items.length,
    violations: items.map(violation).filter((sentence) => sentence !== undefined),
  });
  const atServer = (device: PlannedDevice): ServerView | undefined => byIdentity.get(identityOf(device))?.[0];
  const inRecord = (device: PlannedDevice): RecordView | undefined => holders.get(identityOf(device))?.[0];

  return [
    finding('no identity is lost', plan, (device) => (atServer(device) === undefined ? `${device.mac} is not at the server` : undefined)),
    finding('no identity is there twice', [...byIdentity], ([identity, devices]) => (devices.length > 1 ? `${identity} is ${devices.length} devices` : undefined)),
    finding('nothing is there that nobody planned', server, ({ identity }) => (planned.has(canonicalIdentity(identity)) || notations.has(canonicalIdentity(identity)) ? undefined : `${canonicalIdentity(identity)} is nobody's`)),
    finding('no device has two keys that may sign in', server, ({ identity, authSets }) => (authSets.filter(isExpected).length > 1 ? `${canonicalIdentity(identity)} has ${authSets.filter(isExpected).length}` : undefined)),
    finding('no key may sign in as two devices', [...groupBy(server.flatMap(({ id, authSets }) => authSets.filter(isExpected).map(({ fingerprint }) => ({ id, fingerprint: fingerprint ?? id }))), ({ fingerprint }) => fingerprint)], ([fingerprint, devices]) =>
      devices.length > 1 ? `${fingerprint} may, as ${devices.map(({ id }) => id).join(' and ')}` : undefined,
    ),
    finding('every identity is in exactly one record', plan, (device) => {
      const found = holders.get(identityOf(device)) ?? [];
      return found.length === 1 ? undefined : `${device.mac} is in ${found.length} (${found.map(({ workstation, state }) => `${workstation}: ${state}`).join(', ')})`;
    }),
    finding('the key that may sign in is the recorded one', plan, (device) => {
      const allowed = atServer(device)?.authSets.find(isExpected)?.fingerprint;
      const kept = inRecord(device)?.fingerprint;
      return allowed !== undefined && allowed === kept ? undefined : `${device.mac}: server ${allowed ?? 'none'}, record ${kept ?? 'none'}`;
    }),
    finding('no key of a released card may sign in', server, ({ identity, authSets }) => {
      const bad = authSets.find((set) => isExpected(set) && set.fingerprint !== undefined && released.has(set.fingerprint));
      return bad === undefined ? undefined : `${canonicalIdentity(identity)} has one`;
    }),
    finding('the server has every board as it came', plan, (device) => {
      const { serverStatus, sets } = expectedOf[device.fate];
      const found = atServer(device);
      const statuses = (found?.authSets ?? []).map(({ status }) => status).sort();
      return found?.status === serverStatus && statuses.join() === sets.join() ? undefined : `${device.mac} (${device.fate}) is ${found?.status ?? 'absent'} with ${statuses.join(', ')}`;
    }),
    finding('accepted at the server is accepted in the record, and nothing else is', plan, (device) =>
      (atServer(device)?.status === 'accepted') === (inRecord(device)?.state === 'accepted') ? undefined : `${device.mac}: server ${atServer(device)?.status ?? 'absent'}, record ${inRecord(device)?.state ?? 'absent'}`,
    ),
    finding('the watch says of every device what happened to it', plan, (device) => {
      const { acceptance, diagnosis } = expectedOf[device.fate];
      const found = inRecord(device);
      return found?.acceptance === acceptance && found.diagnosis === diagnosis ? undefined : `${device.mac} (${device.fate}) is ${found?.acceptance ?? 'absent'} (${found?.diagnosis ?? 'no diagnosis'})`;
    }),
    finding('swapped cards name each other', plan.filter(({ partner }) => partner !== undefined), (device) => {
      const other = holders.get(canonicalIdentity({ mac: device.partner ?? '' }))?.[0]?.deviceId;
      return other !== undefined && inRecord(device)?.relatedDeviceId === other ? undefined : `${device.mac} names ${inRecord(device)?.relatedDeviceId ?? 'nobody'}`;
    }),
    { claim: 'no job is left open', checked: 1, violations: unfinishedJobs === 0 ? [] : [`${unfinishedJobs} are`] },
  ];
}
