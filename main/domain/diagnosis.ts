import type { Diagnosis, Finding, WatchedDevice } from './acceptance';
import { canonicalIdentity, describeIdentity, normaliseMac, type Identity } from './identity';
import type { KeyHolder, ServerAuthSet, ServerCapacity, ServerDevice } from './ports';

/** In what a pending device is near to a recorded one. */
type Nearness = 'same-key' | 'same-values' | 'other-notation' | 'other-interface' | 'other-attributes';

export interface Near {
  readonly stranger: ServerDevice;
  readonly how: Nearness;
}

type Members = readonly (readonly [name: string, value: string])[];

/** Letter case, separators and leading zeros aside: what a careless script does to a value. */
function loose(text: string): string {
  const bare = text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
  return (/^\d+$/.test(bare) ? bare.replace(/^0+(?=\d)/, '') : bare) || text.toLowerCase();
}

function membersOf(identity: Identity): Members {
  return Object.entries(identity)
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function looseKey(members: Members): string {
  return members.map(([name, value]) => `${name}=${loose(value)}`).join('\n');
}

/** Addresses that another interface of the same board may have: up to four away in the last byte, or locally administered. */
function neighboursOfMac(mac: string): readonly string[] {
  const bytes = mac.split(':').map((byte) => parseInt(byte, 16));
  const text = (at: number, byte: number): string => bytes.map((old, index) => (index === at ? byte : old).toString(16).padStart(2, '0')).join(':');
  const last = bytes.at(-1) ?? 0;
  const near = [1, 2, 3, 4].flatMap((step) => [last - step, last + step]).filter((byte) => byte >= 0 && byte <= 0xff);
  return [text(0, (bytes[0] ?? 0) ^ 2), ...near.map((byte) => text(bytes.length - 1, byte))];
}

/**
 * The devices that are pending at the server and that nobody recorded, found by what they could be meant for. Every look-up
 * takes the same time, however many there are.
 */
export class Strangers {
  readonly #constantNames: ReadonlySet<string>;
  readonly #byFingerprint = new Map<string, ServerDevice[]>();
  readonly #byIdentity = new Map<string, ServerDevice[]>();
  readonly #byValues = new Map<string, ServerDevice[]>();
  readonly #byAllButOne = new Map<string, ServerDevice[]>();
  readonly #dropped = new Set<string>();

  /** @param constantNames attributes that are the same for every device, so that they tell nothing */
  constructor(constantNames: readonly string[] = []) {
    this.#constantNames = new Set(constantNames.map((name) => name.toLowerCase()));
  }

  add(device: ServerDevice): void {
    const members = membersOf(device.identity);
    for (const { fingerprint } of device.authSets) if (fingerprint !== undefined) append(this.#byFingerprint, fingerprint, device);
    append(this.#byIdentity, canonicalIdentity(device.identity), device);
    append(this.#byValues, looseKey(members), device);
    for (const key of this.#allButOne(members)) append(this.#byAllButOne, key, device);
  }

  /** It turned out not to be a stranger. */
  drop(serverDeviceId: string): void {
    this.#dropped.add(serverDeviceId);
  }

  /** Keys that pending devices came with. */
  get fingerprints(): readonly string[] {
    return [...this.#byFingerprint.keys()];
  }

  /** The one that came with this very key. */
  withKey({ fingerprint, serverDeviceId }: WatchedDevice): Near | undefined {
    const stranger = this.#first(this.#byFingerprint.get(fingerprint), (each) => each.id !== serverDeviceId);
    return stranger === undefined ? undefined : { stranger, how: 'same-key' };
  }

  /** The one that may be this device under another name. @param holders a key that was made for another device explains itself */
  near(device: WatchedDevice, holders: ReadonlyMap<string, KeyHolder>): Near | undefined {
    const sameKey = this.withKey(device);
    if (sameKey !== undefined) return sameKey;
    const unexplained = (each: ServerDevice): boolean => each.id !== device.serverDeviceId && !each.authSets.some(({ fingerprint }) => holders.get(fingerprint ?? '')?.deviceId !== undefined);
    const members = membersOf(device.identity);
    const whole = looseKey(members);
    const find = (map: ReadonlyMap<string, ServerDevice[]>, keys: readonly string[], how: Nearness): Near | undefined => {
      for (const key of keys) {
        const stranger = this.#first(map.get(key), unexplained);
        if (stranger !== undefined) return { stranger, how };
      }
      return undefined;
    };
    return (
      find(this.#byIdentity, [canonicalIdentity(device.identity)], 'same-values') ??
      find(this.#byValues, [whole], 'other-notation') ??
      find(this.#byAllButOne, [whole], 'other-attributes') ??
      find(this.#byValues, this.#allButOne(members), 'other-attributes') ??
      find(this.#byValues, otherInterfaces(members), 'other-interface')
    );
  }

  #first(devices: readonly ServerDevice[] | undefined, fits: (device: ServerDevice) => boolean): ServerDevice | undefined {
    return devices?.find((each) => !this.#dropped.has(each.id) && fits(each));
  }

  /** The identity with one attribute fewer, where what is left still tells devices apart. */
  #allButOne(members: Members): readonly string[] {
    return members
      .map((_, at) => members.filter((__, index) => index !== at))
      .filter((rest) => rest.some(([name]) => !this.#constantNames.has(name)))
      .map(looseKey);
  }
}

function append(map: Map<string, ServerDevice[]>, key: string, device: ServerDevice): void {
  const devices = map.get(key);
  if (devices === undefined) map.set(key, [device]);
  else devices.push(device);
}

function otherInterfaces(members: Members): readonly string[] {
  return members.flatMap(([name, value], at) => {
    const mac = normaliseMac(value);
    if (mac === undefined) return [];
    return neighboursOfMac(mac).map((neighbour) => looseKey(members.map((member, index) => (index === at ? [name, neighbour] : member))));
  });
}

/** What is known besides the device itself. */
export interface DiagnosisContext {
  /** Who holds the keys that came up, by fingerprint. */
  readonly holders: ReadonlyMap<string, KeyHolder>;
  readonly strangers: Strangers;
  readonly capacity?: ServerCapacity | undefined;
}

/**
 * What has become of a recorded device at its server, why, and what to do.
 *
 * A device's own status says little: it is that of its heaviest key, so a board that came with a wrong key still reads
 * `preauthorized`. The truth is in the auth sets.
 *
 * @param server the device as the server has it under the recorded id, or under the recorded identity
 */
export function diagnose(device: WatchedDevice, server: ServerDevice | undefined, context: DiagnosisContext): Finding {
  const who = describeIdentity(device.identity);
  const found = (state: Finding['state'], sentence: string, diagnosis?: Diagnosis, relatedDeviceId?: string): Finding => ({
    deviceId: device.deviceId,
    state,
    diagnosis,
    sentence,
    serverStatus: server?.status,
    serverDeviceId: server?.id,
    relatedDeviceId,
  });
  const stuck = (diagnosis: Diagnosis, sentence: string, relatedDeviceId?: string): Finding => found('stuck', sentence, diagnosis, relatedDeviceId);

  if (server === undefined) {
    const near = context.strangers.near(device, context.holders);
    if (near?.how === 'same-values') {
      return stuck('key-not-expected', `${who} was removed at the server and came again as a new device ${near.stranger.id}, which is pending: decommission that one and make a new card for this board.`);
    }
    if (near?.how === 'same-key') return stuck('near-identity', describeNear(device, near));
    return found('missing', `The server has no device ${who}: it was removed there. Ask who removed it; where that was right, decommission it here too, so that a new card can be made.`, 'not-at-server');
  }
  if (server.decommissioning) return stuck('decommissioning', `The server is removing ${who} (device ${server.id}): somebody decommissioned it there. Wait until it is gone, then make a new card if the board is still to be used.`);
  if (server.authSets.length === 0) return stuck('no-auth', `The server shows ${who} (device ${server.id}) without any key: decommission it and make a new card.`);
  const own = server.authSets.find((set) => set.fingerprint === device.fingerprint);
  const others = server.authSets.filter((set) => set !== own);
  if (own === undefined) {
    const related = holderOf(newest(others), context);
    return stuck('key-not-expected', `The server has ${who} (device ${server.id}, ${server.status}), but not with the key of its card: ${describeOther(newest(others), related, device)}. Decommission the device and make a new card, or ask who replaced the key.`, otherDevice(related, device));
  }
  switch (own.status) {
    case 'accepted': {
      const copy = context.strangers.withKey(device);
      if (copy === undefined) return found('accepted', `The board came with the key that was made for it: ${who} is accepted.`);
      return stuck('near-identity', `${who} is accepted, and its key came also as ${describeIdentity(copy.stranger.identity)} (device ${copy.stranger.id}): a copy of its card is in another board, or this board has changed its identity. Reject device ${copy.stranger.id} and find that board.`);
    }
    case 'rejected': {
      const instead = others.find((set) => set.status === 'accepted');
      return stuck('rejected', `The key of ${who} was rejected at the server (device ${server.id})${instead === undefined ? '' : ', and another key is accepted there'}: ask who did that and why, then accept it there, or decommission the device and make a new card.`, otherDevice(holderOf(instead, context), device));
    }
    case 'preauthorized':
      return expected(own);
    default:
      return stuck('key-not-expected', `The board of ${who} came with the right key, but the server does not expect it any more (device ${server.id}, ${own.status}): accept it at the server.`);
  }

  function expected(preauthorized: ServerAuthSet): Finding {
    // A key that came before this one was preauthorized is the former one, which is to be replaced.
    const later = others.filter((set) => set.status !== 'preauthorized' && !isBefore(set, preauthorized));
    const came = later.find((set) => set.status === 'accepted') ?? newest(later);
    if (came !== undefined) return wrongKey(came);
    const former = others.find((set) => set.status === 'accepted');
    if (former !== undefined) return found('waiting', `${who} still runs with its former key: the server expects the new one as soon as the board starts from its new card.`, 'never-seen');
    const near = context.strangers.near(device, context.holders);
    if (near !== undefined) return stuck('near-identity', describeNear(device, near));
    const { accepted: taken = 0, limit } = context.capacity ?? {};
    if (limit !== undefined && taken >= limit) {
      return stuck('limit-reached', `The server accepts ${String(limit)} devices and has them all, so ${who} would be turned away: decommission devices that are not used any more, or raise the limit.`);
    }
    return found('waiting', `The server expects ${who}, and no board with this identity came so far: put its card in, switch it on, and check its network.`, 'never-seen');
  }

  function wrongKey(came: ServerAuthSet): Finding {
    const holder = holderOf(came, context);
    const fate = came.status === 'accepted' ? ', which somebody accepted' : came.status === 'rejected' ? ', which was rejected' : '';
    const after = came.status === 'accepted' ? `decommission the device and make a new card, or put in the right card and remove the other key` : 'the right one is then accepted by itself';
    if (holder !== undefined && canonicalIdentity(holder.identity) !== canonicalIdentity(device.identity)) {
      return stuck('key-of-another-device', `The board of ${who} came with the key that was made for ${describeIdentity(holder.identity)}${fate}: the cards are swapped. Exchange them; ${after}.`, holder.deviceId);
    }
    if (holder !== undefined && holder.deviceId !== device.deviceId) {
      return stuck('another-key', `The board of ${who} came with the key of its former card${fate}: put its new card in; ${after}.`, holder.deviceId);
    }
    const name = came.fingerprint === undefined ? 'that cannot be read' : `that nobody recorded (fingerprint ${came.fingerprint.slice(0, 16)}…)`;
    return stuck('another-key', `The board of ${who} came with a key ${name}${fate}: its card is not in it, or the key on it cannot be read there, so that the board made its own. Verify the card and put it in; ${after}.`);
  }
}

function holderOf(set: ServerAuthSet | undefined, { holders }: DiagnosisContext): KeyHolder | undefined {
  return set?.fingerprint === undefined ? undefined : holders.get(set.fingerprint);
}

function otherDevice(holder: KeyHolder | undefined, device: WatchedDevice): string | undefined {
  return holder?.deviceId === device.deviceId ? undefined : holder?.deviceId;
}

function describeOther(set: ServerAuthSet | undefined, holder: KeyHolder | undefined, device: WatchedDevice): string {
  if (holder !== undefined && canonicalIdentity(holder.identity) !== canonicalIdentity(device.identity)) return `with the key that was made for ${describeIdentity(holder.identity)}`;
  if (holder !== undefined) return 'with the key of a former card';
  return set?.fingerprint === undefined ? 'with a key that cannot be read' : `with a key that nobody recorded (fingerprint ${set.fingerprint.slice(0, 16)}…)`;
}

function newest(sets: readonly ServerAuthSet[]): ServerAuthSet | undefined {
  return sets.reduce<ServerAuthSet | undefined>((best, set) => (best === undefined || !isBefore(set, best) ? set : best), undefined);
}

/** False where the server does not say when: then nothing is excused. */
function isBefore(set: ServerAuthSet, other: ServerAuthSet): boolean {
  return set.at !== undefined && other.at !== undefined && Date.parse(set.at) < Date.parse(other.at);
}

function describeNear(device: WatchedDevice, { stranger, how }: Near): string {
  const who = describeIdentity(device.identity);
  const other = `${describeIdentity(stranger.identity)} (device ${stranger.id})`;
  const then = `Correct what the board reports, then reject device ${stranger.id}`;
  switch (how) {
    case 'same-key':
      return `The key of ${who} came from a board that calls itself ${other}: right card, other identity. ${then}; or decommission ${who} and make a card for the identity that the board has.`;
    case 'same-values':
      return `A board is pending as ${other}, with numbers where the server expects texts. ${then}.`;
    case 'other-notation':
      return `A board is pending as ${other}, which is ${who} in another notation; the server takes letter case and separators literally. ${then}.`;
    case 'other-attributes':
      return `A board is pending as ${other}, which has more or fewer attributes than ${who}. ${then}.`;
    case 'other-interface':
      return `A board is pending as ${other}, which may be another network interface of ${who}. Check the label; if it is this board, ${then.charAt(0).toLowerCase()}${then.slice(1)}.`;
  }
}
