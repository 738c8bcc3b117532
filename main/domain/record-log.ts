/** The tamper-evident log beside the record, as the rest of the station uses it. docs/record-log.md says what is in it. */
import type { Identity } from './identity';
import type { DeviceState } from './job';
import type { KeyType } from './keys';
import type { JsonObject } from './profile';
import type { Role } from './roles';

/** The head of the log. */
export interface LogHead {
  /** Number of entries. */
  readonly size: number;
  /** 32 bytes. */
  readonly root: Uint8Array;
}

/** An entry as it is kept. */
export interface KeptLogEntry {
  readonly seq: number;
  /** The very bytes that were hashed. */
  readonly bytes: Uint8Array;
  /** 32 bytes, as they were kept when the entry was logged. */
  readonly leaf: Uint8Array;
}

/** An entry as it reads. The closed set of its events with their data is in the documentation. */
export interface LoggedEntry {
  readonly v: 1;
  readonly seq: number;
  /** ISO 8601 UTC by the station's clock, which may have been set back: `seq` is the order. */
  readonly at: string;
  readonly station: string;
  readonly by: string;
  readonly event: string;
  readonly data: JsonObject;
}

/** A checkpoint that was brought somewhere else. */
export interface Anchor {
  readonly size: number;
  /** The signed note. */
  readonly note: string;
  /** Where it is: a path, a URL, a printed report. */
  readonly place: string;
  /** ISO 8601 UTC. */
  readonly at: string;
}

/** How the log stands, read in one moment. */
export interface LogSummary {
  /** Number of entries. */
  readonly size: number;
  /** `name+id+base64` of the key that signs now; absent before the first `log-key` entry. */
  readonly key?: string | undefined;
  /** The newest signed head, and when it was signed. */
  readonly checkpoint?: { readonly size: number; readonly at: string } | undefined;
  readonly anchor?: Omit<Anchor, 'note'> | undefined;
}

/** A copy of the record that was read once more and is sound. */
export interface BackupReceipt extends LogHead {
  /** Of the file, hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

/** What a check of the whole log found. */
export type LogCheck =
  | {
      readonly sound: true;
      readonly size: number;
      readonly root: Uint8Array;
      /** Signed heads that were compared, anchors too. */
      readonly checkpoints: number;
      /** Devices of the record that were compared with what the log says of them. */
      readonly devices: number;
    }
  | {
      readonly sound: false;
      /** The first entry that is not what it was, where it is one. */
      readonly entry?: number | undefined;
      /** What is wrong and where, for the person at the station. */
      readonly sentence: string;
    };

/**
 * A device as an auditor gets it. Nothing in it is known only to the database: a verifier makes the same row from the
 * entry of its key and the last entry that changed its state.
 */
export interface ExportDevice {
  /** Number of its `key-generated` entry: the rows are in its order. */
  readonly entry: number;
  /** ISO 8601 UTC, of that entry. */
  readonly madeAt: string;
  readonly madeBy: string;
  readonly device: string;
  readonly identity: Identity;
  readonly keyType: KeyType;
  /** SHA-256 of the public key, hexadecimal. */
  readonly fingerprint: string;
  /** SPKI, DER, base64. */
  readonly publicKey: string;
  readonly profile: string;
  readonly profileSha256: string;
  readonly serverKind: string;
  readonly server: string;
  readonly batch?: string | undefined;
  readonly state: DeviceState;
  /** Number of the last entry that changed its state, about this key. */
  readonly stateEntry: number;
  readonly stateAt: string;
}

/** Which devices an export has; the verifier finds out by itself which rows that means. All members must hold. */
export interface ExportSelection {
  /** Made at this moment or later (ISO 8601 UTC with milliseconds). */
  readonly from?: string | undefined;
  /** Made before this moment. */
  readonly before?: string | undefined;
  readonly batch?: string | undefined;
  readonly profile?: string | undefined;
  readonly states?: readonly DeviceState[] | undefined;
}

/** A portion of an export's rows, and where the next one begins; `next` is absent after the last. */
export interface DevicePortion {
  readonly devices: readonly ExportDevice[];
  readonly next?: number | undefined;
}

export const signInMethods = ['pin', 'badge-and-pin', 'single-person', 'system-user'] as const;
export type SignInMethod = (typeof signInMethods)[number];

/** What no call of the record implies. Everything else is logged by the call that does it, in the same transaction. */
export type OwnLogEvent =
  | { readonly event: 'operator-signed-in'; readonly data: { readonly operator: string; readonly role: Role; readonly method: SignInMethod } }
  | { readonly event: 'override'; readonly data: { readonly what: string; readonly reason: string; readonly device?: string | undefined; readonly batch?: string | undefined } }
  | { readonly event: 'backup'; readonly data: { readonly size: number; readonly root: string; readonly path?: string | undefined; readonly sha256?: string | undefined } }
  | {
      readonly event: 'restore';
      readonly data: {
        readonly size: number;
        readonly root: string;
        readonly override: boolean;
        readonly anchorSize?: number | undefined;
        readonly path?: string | undefined;
        readonly reason?: string | undefined;
      };
    }
  | {
      readonly event: 'log-key';
      readonly data: { readonly key: string; readonly previous?: string | undefined; readonly signature?: string | undefined; readonly previousSignature?: string | undefined };
    };

export type OwnLogEntry = OwnLogEvent & {
  /** An operator, or `station` for what it does by itself. */
  readonly by: string;
  /** ISO 8601 UTC. */
  readonly at: string;
};

/**
 * The log in the record's file. Every method is durable and atomic, as the record's own are.
 * @throws ImprintError record-*, log-*
 */
export interface RecordLog {
  /**
   * Adds an entry of its own.
   *
   * @param seq the number that it must get, where what it says holds there only
   * @returns its number; undefined where another entry came first and has that number
   * @throws log-entry-invalid; log-broken for a `log-key` that does not follow the key that the log has
   */
  log(entry: OwnLogEntry, seq?: number): Promise<number | undefined>;
  head(): Promise<LogHead>;
  summary(): Promise<LogSummary>;
  /** `name+id+base64` of the key that signs now; undefined before the first `log-key` entry. */
  currentKey(): Promise<string | undefined>;
  /** The newest signed head, with all the cosignatures that came. */
  lastCheckpoint(): Promise<string | undefined>;
  /** Over more than `afterSize` entries, in their order, one for each size. */
  checkpoints(afterSize: number, limit: number): Promise<readonly string[]>;
  /** Keeps a signed head of this log; one with more cosignatures is kept again. */
  keepCheckpoint(note: string, at: string): Promise<void>;
  anchors(): Promise<readonly Anchor[]>;
  keepAnchor(note: string, place: string, at: string): Promise<void>;
  /** Up to `limit` entries (at most 1000) from number `from` on. */
  entries(from: number, limit: number): Promise<readonly KeptLogEntry[]>;
  /**
   * Selected devices as the first `size` entries tell of them, in the order of their keys.
   *
   * @param from number of a `key-generated` entry or any before it; 0, then `next`
   * @param limit of devices that are looked at, at most 500: a portion may have fewer, or none
   */
  devices(from: number, limit: number, size: number, selection: ExportSelection): Promise<DevicePortion>;
  /** A device's life, oldest first. */
  entriesOfDevice(deviceId: string): Promise<readonly LoggedEntry[]>;
  /** A `.tlog-proof` for one entry under a checkpoint of this log. @throws log-proof-invalid */
  receipt(seq: number, checkpoint: string): Promise<string>;
  /** Hashes that prove that the second size begins with the first one's entries. @throws log-proof-invalid */
  consistency(first: number, second: number): Promise<readonly Uint8Array[]>;
  /**
   * Makes every hash of the log again, and compares the signed heads and the record's devices with it. Repairs nothing.
   *
   * @param key the one that this station signs with, where it is known
   * @throws record-*; cancelled
   */
  check(key: string | undefined, onProgress: (done: number, total: number) => void, signal: AbortSignal): Promise<LogCheck>;
  /**
   * Copies the whole record into a file while it is in use, and reads the copy once more: pages, log, devices, head.
   *
   * @throws record-full-disk, record-unavailable; log-broken where the copy is not sound: there is no backup then; cancelled
   */
  backup(path: string, onProgress: (done: number, total: number) => void, signal: AbortSignal): Promise<BackupReceipt>;
}
