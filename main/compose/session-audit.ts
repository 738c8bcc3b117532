import type { ExportResult, FoundDevicesView, LogHealthView } from '../contract/audit-channel';
import type { WindowMethods } from '../contract/window-channel';
import type { ParamsOf } from '../contract/methods';
import type { DeviceSearcher } from '../domain/device-search';
import type { Profile } from '../domain/profile';
import type { RecordEvidence } from './record-evidence';
import { normalisedScan } from './session-acceptance';

/** The auditor's page: it reads the record and hands it out, and changes nothing of it. */
export class SessionAudit {
  readonly #searcher: DeviceSearcher;
  readonly #profile: Profile;
  readonly #evidence: RecordEvidence;

  constructor(searcher: DeviceSearcher, profile: Profile, evidence: RecordEvidence) {
    this.#searcher = searcher;
    this.#profile = profile;
    this.#evidence = evidence;
  }

  async search({ text, ...search }: ParamsOf<WindowMethods, 'searchDevices'>): Promise<FoundDevicesView> {
    const { devices, total, more } = await this.#searcher.searchDevices({ ...search, text: text === undefined ? undefined : normalisedScan(this.#profile, text) });
    return { devices: devices.map((device) => ({ ...device, identity: { ...device.identity } })), total, more };
  }

  logHealth(): Promise<LogHealthView> {
    return this.#evidence.log.health();
  }

  /** @param chooseFolder asks the person; not where there is nothing to be written */
  async export(selection: ParamsOf<WindowMethods, 'exportRecord'>, chooseFolder: () => Promise<string | undefined>): Promise<ExportResult | undefined> {
    const { exporter } = this.#evidence;
    if (exporter.missing !== undefined) return { sentence: exporter.missing };
    const folder = await chooseFolder();
    return folder === undefined ? undefined : exporter.export(selection, folder);
  }
}
