import { dirname } from 'node:path';
import type { FoundDevicesView } from '../contract/audit-channel';
import type { DeviceLogView } from '../contract/evidence-channel';
import type { ParamsOf, ResultOf } from '../contract/methods';
import type { WindowMethods } from '../contract/window-channel';
import { ImprintError } from '../domain/errors';
import { describeIdentity } from '../domain/identity';
import type { Profile } from '../domain/profile';
import { askedOf, freePlace } from './chosen-place';
import { putFile } from './durable-file';
import type { OpenStation } from './open-station';
import { keyEntry, noReceipt, receiptFor } from './receipts';
import { normalisedScan } from './session-acceptance';

/** What the auditor's page finds, and what the log says of one device. It changes nothing of the record. */
export class SessionAudit {
  readonly #open: OpenStation;
  readonly #profile: Profile;

  constructor(open: OpenStation, profile: Profile) {
    this.#open = open;
    this.#profile = profile;
  }

  async search({ text, ...search }: ParamsOf<WindowMethods, 'searchDevices'>): Promise<FoundDevicesView> {
    const { devices, total, more } = await this.#open.search.searchDevices({ ...search, text: text === undefined ? undefined : normalisedScan(this.#profile, text) });
    return { devices: devices.map((device) => ({ ...device, identity: { ...device.identity } })), total, more };
  }

  /** @throws ImprintError record-*, log-entry-invalid where an entry cannot be read any more */
  async deviceLog(deviceId: string): Promise<DeviceLogView> {
    const { station } = this.#open;
    const entries = await station.log.entriesOfDevice(deviceId);
    const key = keyEntry(entries);
    return { entries: [...entries], noReceipt: key === undefined ? undefined : await noReceipt(key.seq, station) };
  }

  /**
   * The receipt of the device's key, at a place of the person's own.
   *
   * @param choosePlace asks the person, with a name to begin with. @returns undefined where the person closed the question
   * @throws ImprintError no-such-device where no key was made for it, not-allowed, export-unwritable, sign-in-needed
   */
  async saveReceipt(deviceId: string, choosePlace: (name: string) => Promise<string | undefined>): Promise<ResultOf<WindowMethods, 'saveReceipt'>> {
    const { station, folder } = this.#open;
    const device = await station.record.device(deviceId);
    const entry = keyEntry(await station.log.entriesOfDevice(deviceId));
    if (device === undefined || entry === undefined) throw new ImprintError('no-such-device', 'The log has no key of this device, so there is nothing to prove.');
    // Made before the place is asked for: a receipt that cannot be had is no question to anybody.
    const { text, size } = await receiptFor(entry, this.#open);
    const name = `${Object.values(device.identity).join('-').replace(/[^\p{L}\p{N}.-]+/gu, '-')}.tlog-proof`;
    const chosen = await askedOf(station, () => choosePlace(name));
    if (chosen === undefined) return undefined;
    const path = freePlace(chosen, dirname(folder.root));
    try {
      putFile(path, text, false);
    } catch (thrown) {
      throw new ImprintError('export-unwritable', `The receipt cannot be written to ${path}: this user may not write there, or its disk is full.`, { cause: thrown });
    }
    return { path, entry: entry.seq, size, sentence: `${path} proves the key of ${describeIdentity(device.identity)} (entry ${String(entry.seq)}) under the checkpoint over ${String(size)} entries.` };
  }
}
