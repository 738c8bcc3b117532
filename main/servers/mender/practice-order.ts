/** As the real store sorts: by the status as text, then by id. */
const statusOrder = ['accepted', 'noauth', 'pending', 'preauthorized', 'rejected'] as const;
type Status = (typeof statusOrder)[number];

interface Ordered {
  readonly id: string;
  readonly status: Status;
}

/**
 * Devices in the order of the server's list, kept sorted change by change: a list of 100,000 devices is not sorted anew for
 * each of its pages.
 */
export class PracticeOrder<T extends Ordered> {
  readonly #byStatus = new Map<Status, T[]>(statusOrder.map((status) => [status, []]));
  /** Under which status each device stands, which may have changed in the device itself by now. */
  readonly #placed = new Map<string, Status>();

  get size(): number {
    return this.#placed.size;
  }

  count(status: string): number {
    return statusOrder.filter((each) => each === status).reduce((sum, each) => sum + this.#list(each).length, 0);
  }

  /** Puts the device where it belongs now. */
  place(device: T): void {
    const before = this.#placed.get(device.id);
    if (before !== undefined) this.#remove(before, device.id);
    const list = this.#list(device.status);
    list.splice(position(list, device.id), 0, device);
    this.#placed.set(device.id, device.status);
  }

  drop(id: string): void {
    const status = this.#placed.get(id);
    if (status === undefined) return;
    this.#remove(status, id);
    this.#placed.delete(id);
  }

  /** A part of the list; without statuses of the whole of it. */
  slice(statuses: readonly string[], start: number, length: number): T[] {
    const found: T[] = [];
    let skip = start;
    for (const status of statusOrder) {
      if (statuses.length > 0 && !statuses.includes(status)) continue;
      const list = this.#list(status);
      for (const device of list.slice(skip, skip + length - found.length)) found.push(device);
      skip = Math.max(0, skip - list.length);
      if (found.length >= length) break;
    }
    return found;
  }

  /** These devices in the order of the list. */
  sorted(devices: readonly T[]): T[] {
    const key = (device: T): string => `${device.status} ${device.id}`;
    return [...devices].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  #list(status: Status): T[] {
    return this.#byStatus.get(status) ?? [];
  }

  #remove(status: Status, id: string): void {
    const list = this.#list(status);
    const at = position(list, id);
    if (list[at]?.id === id) list.splice(at, 1);
  }
}

/** Where this id stands in a sorted list, or belongs. */
function position(list: readonly Ordered[], id: string): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle]?.id ?? '') < id) low = middle + 1;
    else high = middle;
  }
  return low;
}
