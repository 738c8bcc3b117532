/** Batches that a manufacturing execution system (MES) orders, and what it is told of them. docs/integration.md is the same for people. */
import type { Identity } from './identity';
import type { DeviceState } from './job';
import type { OrderSource, WorkOrder } from './work-orders';

/** A batch as it was offered: its form is checked, its content is not. */
export interface OfferedBatch {
  readonly name: string;
  /** Name of the profile that it is made with. */
  readonly profile: string;
  readonly quantity?: number | undefined;
  readonly customer?: string | undefined;
  readonly workOrder?: string | undefined;
  readonly pallet?: string | undefined;
  /** Absent or empty: whatever is scanned. */
  readonly identities: readonly Readonly<Record<string, string>>[];
}

/** One thing that is wrong. `field` as the offer has it: `quantity`, `identities.3.mac`. */
export interface BatchProblem {
  readonly field: string;
  readonly sentence: string;
}

export interface OrderReceipt {
  readonly name: string;
  /** SHA-256 over the order as it was taken, hexadecimal: the same order has the same. */
  readonly sha256: string;
  readonly acceptedAt: string;
  readonly identities: number;
  /** Nothing of it is real. */
  readonly practice?: true | undefined;
}

export type BatchVerdict =
  | { readonly accepted: true; /** It was here before; nothing changed. */ readonly already: boolean; readonly receipt: OrderReceipt }
  | { readonly accepted: false; /** Another order has this name. */ readonly conflict: boolean; readonly problems: readonly BatchProblem[] };

/** Takes orders. The same order twice is the same as once. @throws ImprintError record-* */
export interface BatchInbox {
  accept(batch: OfferedBatch, source: OrderSource): Promise<BatchVerdict>;
}

/** A device of a batch: public facts only. */
export interface BatchDevice {
  readonly deviceId: string;
  readonly identity: Identity;
  readonly state: DeviceState;
  readonly keyType: string;
  readonly fingerprint?: string | undefined;
  readonly publicKeyPem?: string | undefined;
  readonly serverKind: string;
  readonly profile: string;
  readonly batch?: string | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly acceptedAt?: string | undefined;
}

export interface BatchDevicePage {
  /** Oldest first. */
  readonly devices: readonly BatchDevice[];
  /** Where the next page begins; absent after the last. */
  readonly next?: string | undefined;
}

/** What the record has for an MES besides its orders, which are work orders. @throws ImprintError record-* */
export interface MesRecord {
  /** The text of the profile of this name that was used last. */
  newestProfile(name: string): Promise<string | undefined>;
  /** @param after `next` of the page before. @throws usage for one that is none */
  devicesOfBatch(batch: string, after: string | undefined, limit: number): Promise<BatchDevicePage>;
  /** Devices of a batch by what they are. */
  batchCounts(batch: string): Promise<Readonly<Record<DeviceState, number>>>;
  /** When QA signed a batch off last. */
  signedOffAt(batch: string): Promise<string | undefined>;
}

/** What an MES may ask. */
export interface BatchResults {
  /** Nothing of it is real. */
  readonly practice: boolean;
  batch(name: string): Promise<BatchOverview | undefined>;
  devices(batch: string, after: string | undefined, limit: number): Promise<BatchDevicePage>;
  devicesWith(identity: Identity): Promise<readonly BatchDevice[]>;
}

export interface BatchOverview {
  readonly name: string;
  /** Absent where nobody ordered it. */
  readonly order?: WorkOrder | undefined;
  readonly counts: Readonly<Record<DeviceState, number>>;
  readonly signedOffAt?: string | undefined;
  /** As many devices as were ordered are made. */
  readonly complete: boolean;
}
