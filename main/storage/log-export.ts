import type { DeviceState } from '../domain/job';
import type { DevicePortion } from '../domain/record-log';
import type { EntryOf, LogEntry } from '../ledger/entry';
import { stateAfter } from '../ledger/events';
import type { EventName } from '../ledger/events';
import { deviceRow, isSelected, stateOf } from '../ledger/export-rows';
import type { ExportDevice, ExportSelection } from '../ledger/export-rows';
import type { KeptEntry } from '../ledger/export-writer';
import type { LogStore } from './log-store';
import type { RecordSession } from './session';

/** Rows of one read transaction. Entries under a checkpoint never change, so an export needs no longer one and holds nobody up. */
const portion = 500;

/** The first `size` entries as they are kept. */
export async function* exportedEntries(session: RecordSession, log: LogStore, size: number): AsyncGenerator<readonly KeptEntry[]> {
  for (let from = 0; from < size; ) {
    const rows = await session.read(() => log.entriesFrom(from, Math.min(portion, size - from)));
    // A gap: the writer counts, and refuses.
    if (rows.length === 0) return;
    yield rows;
    from = (rows.at(-1)?.seq ?? size) + 1;
  }
}

/**
 * The selected devices as the first `size` entries tell of them. They come from the log and from nothing else, so a row that
 * was changed in another table cannot get into an export.
 *
 * @throws ImprintError log-entry-invalid where a row of the log is no entry
 */
export async function* exportedDevices(session: RecordSession, log: LogStore, size: number, selection: ExportSelection): AsyncGenerator<readonly ExportDevice[]> {
  for (let from: number | undefined = 0; from !== undefined; ) {
    const start: number = from;
    const { devices, next } = await session.read(() => devicePortion(log, start, portion, size, selection));
    if (next !== undefined) yield devices;
    from = next;
  }
}

/** The same, portion by portion: those among `limit` devices from entry `from` on. Within the caller's transaction. */
export function devicePortion(log: LogStore, from: number, limit: number, size: number, selection: ExportSelection): DevicePortion {
  const made = log.keysFrom(from, limit, size);
  const last = made.at(-1);
  if (last === undefined) return { devices: [] };
  const states = new LastStates(log, made.map(({ data }) => data.device), size);
  return { devices: made.map((entry) => deviceRow(entry, states.of(entry).entry)).filter((device) => isSelected(selection, device)), next: last.seq + 1 };
}

const changing = Object.keys(stateAfter) as readonly EventName[];

interface LastState {
  readonly entry: LogEntry;
  readonly state: DeviceState;
}

/** What the first `size` entries tell last of the state of some devices. Within the caller's transaction. */
export class LastStates {
  readonly #log: LogStore;
  readonly #newest: ReadonlyMap<string, LogEntry>;

  constructor(log: LogStore, devices: readonly string[], size: number) {
    this.#log = log;
    this.#newest = log.newestOfDevices(devices, changing, size);
  }

  /** The newest of them is it, unless it was something else that was taken off the server. */
  of(made: EntryOf<'key-generated'>): LastState {
    const { device, fingerprint } = made.data;
    for (let entry = this.#newest.get(device); entry !== undefined; entry = this.#log.newestOfDevice(device, changing, entry.seq)) {
      const state = stateOf(entry);
      if (state !== undefined && 'fingerprint' in entry.data && entry.data.fingerprint === fingerprint) return { entry, state };
    }
    return { entry: made, state: 'reserved' };
  }
}
