import type { Clock, Randomness } from '../../domain/ports';
import { PracticeProblem } from '../practice/practice-http';
import type { AuthSetStatus, DeviceStatus, PracticeAuthSet, PracticeDevice, PracticeState } from './practice-state';
import { authSetStatuses } from './practice-state';

/** What the rules need besides the state. */
export interface PracticeWorld {
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** How long a decommissioned device is still there, in milliseconds. */
  readonly decommissioning: number;
}

/** Key-sorted compact JSON, at every depth. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`).join(',')}}`;
}

/** A device reads as its heaviest auth set: accepted, preauthorized, pending, rejected, in that order. */
export function heaviestStatus(sets: readonly PracticeAuthSet[]): DeviceStatus {
  if (sets.length === 0) return 'noauth';
  const count = (status: AuthSetStatus): number => sets.filter((set) => set.status === status).length;
  // The real service cannot qualify such a device either (it comes from preauthorizing with force).
  if (count('accepted') > 1 || count('preauthorized') > 1) throw new PracticeProblem(500, 'internal error');
  return authSetStatuses.find((status) => count(status) > 0) ?? 'noauth';
}

export class PracticeRules {
  readonly #state: PracticeState;
  readonly #world: PracticeWorld;

  constructor(state: PracticeState, world: PracticeWorld) {
    this.#state = state;
    this.#world = world;
  }

  #now(): string {
    return this.#world.clock.now().toISOString();
  }

  #newSet(publicKey: string, status: AuthSetStatus): PracticeAuthSet {
    return { id: this.#world.randomness.uuid(), publicKey, status, createdAt: this.#now() };
  }

  #setDeviceStatus(device: PracticeDevice, status: DeviceStatus): void {
    if (device.status === status) return;
    device.status = status;
    device.updatedAt = this.#now();
  }

  #mayAccept(): boolean {
    const limit = this.#state.deviceLimit;
    return limit === -1 || this.#state.count('accepted') + 1 <= limit;
  }

  /** Rejects every other accepted set of the device: a device has one accepted key. */
  #acceptSet(device: PracticeDevice, set: PracticeAuthSet): void {
    for (const other of device.authSets) {
      if (other !== set && other.status === 'accepted') other.status = 'rejected';
    }
    set.status = 'accepted';
    this.#setDeviceStatus(device, 'accepted');
  }

  /** @returns the id for the Location header, or the device that has the identity already */
  preauthorize(identity: Record<string, unknown>, publicKey: string, force: boolean): { readonly location: string } | { readonly existing: PracticeDevice } {
    const canonical = canonicalJson(identity);
    const existing = this.#state.deviceByIdentity(canonical);
    const id = this.#world.randomness.uuid();
    if (existing === undefined) {
      const at = this.#now();
      this.#state.saveDevice({ id, identity, canonical, status: 'preauthorized', createdAt: at, updatedAt: at, authSets: [this.#newSet(publicKey, 'preauthorized')] });
      return { location: id };
    }
    if (!force) return { existing };
    const set = existing.authSets.find((candidate) => candidate.publicKey === publicKey);
    if (set === undefined) existing.authSets.push(this.#newSet(publicKey, 'preauthorized'));
    else set.status = 'preauthorized';
    this.#state.saveDevice(existing);
    // Like the real service: the id in the Location is not the device's, and the device's status stays what it was.
    return { location: id };
  }

  /**
   * A device asks to be let in; its signature was checked.
   *
   * @returns the device and its accepted set
   * @throws PracticeProblem 401
   */
  admit(identity: Record<string, unknown>, publicKey: string): { readonly device: PracticeDevice; readonly set: PracticeAuthSet } {
    const unauthorized = (): PracticeProblem => new PracticeProblem(401, 'dev auth: unauthorized');
    const canonical = canonicalJson(identity);
    let device = this.#state.deviceByIdentity(canonical);
    const at = this.#now();
    device ??= { id: this.#world.randomness.uuid(), identity, canonical, status: 'noauth', createdAt: at, updatedAt: at, authSets: [] };
    if (device.goneAt !== undefined) throw unauthorized();
    let set = device.authSets.find((candidate) => candidate.publicKey === publicKey);
    if (set?.status === 'preauthorized') {
      // The same word as for a stranger: the device needs not know why.
      if (device.status !== 'accepted' && !this.#mayAccept()) throw new PracticeProblem(401, 'unauthorized');
      this.#acceptSet(device, set);
    }
    if (set === undefined) {
      set = this.#newSet(publicKey, 'pending');
      device.authSets.push(set);
      this.#setDeviceStatus(device, heaviestStatus(device.authSets));
    }
    if (set.status === 'accepted') device.checkInAt = at;
    this.#state.saveDevice(device);
    if (set.status !== 'accepted') throw unauthorized();
    return { device, set };
  }

  /** @throws PracticeProblem 404 */
  decommission(id: string): void {
    const device = this.#state.device(id);
    if (device === undefined) throw new PracticeProblem(404, 'device not found');
    device.goneAt ??= this.#world.clock.now().getTime() + this.#world.decommissioning;
    this.#state.saveDevice(device);
  }

  /** @throws PracticeProblem 404 */
  deleteAuthSet(deviceId: string, setId: string): void {
    const device = this.#state.device(deviceId);
    const at = device?.authSets.findIndex((set) => set.id === setId) ?? -1;
    if (device === undefined || at < 0) throw new PracticeProblem(404, 'authorization set not found');
    const [removed] = device.authSets.splice(at, 1);
    if (removed?.status === 'preauthorized' && device.authSets.length === 0) {
      this.#state.removeDevice(device.id);
      return;
    }
    this.#setDeviceStatus(device, heaviestStatus(device.authSets));
    this.#state.saveDevice(device);
  }

  /** @throws PracticeProblem 400, 404, 422 */
  setStatus(deviceId: string, setId: string, status: string): void {
    if (status !== 'accepted' && status !== 'rejected' && status !== 'pending') throw new PracticeProblem(400, 'incorrect device status');
    const owner = this.#state.deviceOfAuthSet(setId);
    const set = owner?.authSets.find((candidate) => candidate.id === setId);
    if (owner === undefined || set === undefined) throw new PracticeProblem(404, 'authorization set not found');
    if (owner.id !== deviceId) throw new PracticeProblem(400, 'dev auth: dev ID and auth ID mismatch');
    if (set.status === status) return;
    // Preauthorized is left only by the device itself coming.
    if (set.status === 'preauthorized') throw new PracticeProblem(400, 'dev auth: bad request');
    if (status === 'accepted') {
      if (owner.status !== 'accepted' && !this.#mayAccept()) throw new PracticeProblem(422, 'maximum number of accepted devices reached');
      this.#acceptSet(owner, set);
    } else {
      set.status = status;
      this.#setDeviceStatus(owner, heaviestStatus(owner.authSets));
    }
    this.#state.saveDevice(owner);
  }
}
