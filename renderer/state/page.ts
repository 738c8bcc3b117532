import type { AcceptanceState, CertificateState, DeviceState, ReportWish } from '../contract';

const listPages = ['bench', 'devices', 'acceptance', 'certificates', 'audit', 'orders', 'shift', 'dashboard'] as const;

export type ListPage = (typeof listPages)[number];

export function isListPage(name: string): name is ListPage {
  return listPages.some((page) => page === name);
}

export type Page =
  | { readonly name: ListPage }
  /** `from` is where Back leads. */
  | { readonly name: 'device'; readonly deviceId: string; readonly from: ListPage };

/** What the list of devices shows; it outlives a visit to a device's page. */
export interface DeviceSearch {
  readonly text: string;
  readonly state: DeviceState | undefined;
  readonly offset: number;
}

export const emptySearch: DeviceSearch = { text: '', state: undefined, offset: 0 };
export const devicesOnPage = 50;

/** What QA's page shows and where in it; it outlives a visit to a device's page. */
export interface AcceptanceSearch {
  readonly text: string;
  readonly batch: string;
  readonly profileName: string;
  readonly state: AcceptanceState | undefined;
  /** The row that has the keyboard. */
  readonly current: number;
}

export const emptyAcceptanceSearch: AcceptanceSearch = { text: '', batch: '', profileName: '', state: undefined, current: 0 };

/** What the page of certificates shows and where in it; it outlives a visit to a device's page. */
export interface CertificateSearch {
  readonly text: string;
  readonly state: CertificateState | undefined;
  /** Only those that end within so many hours, and those that have ended. */
  readonly withinHours: number | undefined;
  readonly current: number;
}

/** What is on the cards: nobody has to renew what was superseded, revoked or lost. */
export const emptyCertificateSearch: CertificateSearch = { text: '', state: 'issued', withinHours: undefined, current: 0 };

/** What the auditor's page looks for; days as `2026-11-25`. */
export interface RecordSearch {
  readonly text: string;
  readonly batch: string;
  readonly operator: string;
  readonly from: string;
  readonly to: string;
  readonly offset: number;
}

export const emptyRecordSearch: RecordSearch = { text: '', batch: '', operator: '', from: '', to: '', offset: 0 };

/** What the report of a shift is about until somebody asks for something else. */
export const thisShift: ReportWish = { which: 'shift' };
