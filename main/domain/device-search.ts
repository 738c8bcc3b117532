import type { DeviceRow } from './ports';

/** What an auditor looks for; all that is told must hold. */
export interface DeviceSearch {
  /** A part of a value of the identity, the beginning of a fingerprint, or the serial number of a certificate. */
  readonly text?: string | undefined;
  readonly batch?: string | undefined;
  /** Who made it. */
  readonly operator?: string | undefined;
  /** Made at this moment or later, ISO 8601 UTC. */
  readonly from?: string | undefined;
  /** Made before this moment. */
  readonly before?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

export interface FoundDevice extends DeviceRow {
  readonly operator: string;
}

export interface FoundDevices {
  /** Newest first. */
  readonly devices: readonly FoundDevice[];
  /** How many there are, counted to `mostCounted`. */
  readonly total: number;
  /** There are more than were looked at or counted: the search must be narrower to be whole. */
  readonly more: boolean;
}

/** Devices that one text is followed up to: one that is part of every identity must not read a million of them. */
export const mostHits = 1000;
export const mostCounted = 10_000;

/** Reads the record and nothing else. @throws ImprintError record-* */
export interface DeviceSearcher {
  searchDevices(search: DeviceSearch): Promise<FoundDevices>;
}

/** `0A:1B:2C` as a certificate viewer shows it → `0a1b2c` as the record has it. */
export function readSerial(text: string): string {
  return text.replace(/[\s:]/g, '').toLowerCase();
}
