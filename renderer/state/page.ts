import type { DeviceState } from '../contract';

export type Page =
  | { readonly name: 'bench' }
  | { readonly name: 'devices' }
  /** `from` is where Back leads. */
  | { readonly name: 'device'; readonly deviceId: string; readonly from: 'bench' | 'devices' };

/** What the list of devices shows; it outlives a visit to a device's page. */
export interface DeviceSearch {
  readonly text: string;
  readonly state: DeviceState | undefined;
  readonly offset: number;
}

export const emptySearch: DeviceSearch = { text: '', state: undefined, offset: 0 };
export const devicesOnPage = 50;
