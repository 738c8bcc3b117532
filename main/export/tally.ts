import type { DeviceState } from '../domain/job';
import { deviceStates } from '../domain/job';
import type { ExportDevice } from '../ledger/export-rows';

/** Batches that are counted by name; whoever has more of them selects, or takes devices.csv. */
const mostBatches = 10_000;

/** What a summary says of all devices of an export, gathered while they pass by: the memory of its first rows and its batches. */
export class Tally {
  readonly first: ExportDevice[] = [];
  readonly states = new Map<DeviceState, number>(deviceStates.map((state) => [state, 0]));
  /** By batch; the devices of none under undefined. */
  readonly batches = new Map<string | undefined, number>();
  /** Devices of batches beyond the largest number that is kept. */
  otherBatches = 0;
  devices = 0;
  readonly #mostRows: number;

  /** @param mostRows of devices that are kept for a table */
  constructor(mostRows: number) {
    this.#mostRows = mostRows;
  }

  add(portion: readonly ExportDevice[]): void {
    for (const device of portion) {
      this.devices += 1;
      this.states.set(device.state, (this.states.get(device.state) ?? 0) + 1);
      if (this.batches.has(device.batch) || this.batches.size < mostBatches) this.batches.set(device.batch, (this.batches.get(device.batch) ?? 0) + 1);
      else this.otherBatches += 1;
      if (this.first.length < this.#mostRows) this.first.push(device);
    }
  }
}
