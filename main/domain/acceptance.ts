import type { Identity } from './identity';

/**
 * What has become of a recorded device at its server.
 * unchecked: not asked yet. waiting: its key is expected and no board came with it. accepted: the board came with the key
 * that was made for it. stuck: a person must do something; the diagnosis says what. missing: the server has no such device.
 */
export const acceptanceStates = ['unchecked', 'waiting', 'accepted', 'stuck', 'missing'] as const;
export type AcceptanceState = (typeof acceptanceStates)[number];

/**
 * Why a device is not accepted.
 *
 * - never-seen: no board asked with this identity so far.
 * - another-key: a board with this identity came with a key that nobody recorded (key regenerated or unreadable, wrong partition).
 * - key-of-another-device: it came with the key that was made for another recorded device: the cards are swapped.
 * - near-identity: a board is pending whose identity differs only by notation or in its last digits: other interface, letter
 *   case, number instead of text.
 * - rejected: this key was rejected by a person. - no-auth: the server shows the device without any auth set.
 * - key-not-expected: the device is there, and the recorded key is not among its auth sets.
 * - decommissioning, limit-reached, not-at-server: as they say.
 * - incomplete-at-server: one of several services does not know the device.
 * - certificate-expired, certificate-revoked: the board cannot sign in with what is on its card.
 * - unpinned, pinned-to-another-key: the server expects no key, or another one than that of the card.
 */
export const diagnoses = [
  'never-seen',
  'another-key',
  'key-of-another-device',
  'near-identity',
  'rejected',
  'no-auth',
  'key-not-expected',
  'decommissioning',
  'limit-reached',
  'not-at-server',
  'incomplete-at-server',
  'certificate-expired',
  'certificate-revoked',
  'unpinned',
  'pinned-to-another-key',
] as const;
export type Diagnosis = (typeof diagnoses)[number];

/** A recorded device as the watch asks for it. */
export interface WatchedDevice {
  readonly deviceId: string;
  readonly identity: Identity;
  readonly serverDeviceId?: string | undefined;
  readonly fingerprint: string;
  readonly acceptance: AcceptanceState;
  /** When its card was finished, ISO 8601 UTC: what the server saw before was the station. */
  readonly finishedAt?: string | undefined;
  /** The end of its newest certificate that is not revoked, ISO 8601 UTC. */
  readonly certificateEndsAt?: string | undefined;
  /** As of the last look. */
  readonly diagnosis?: Diagnosis | undefined;
}

/** What the watch found out about one device, with the moment. */
export interface Acceptance {
  readonly deviceId: string;
  readonly state: AcceptanceState;
  readonly diagnosis?: Diagnosis | undefined;
  /** One sentence for QA: what is the matter and what to do. */
  readonly sentence: string;
  /** In the server's own words. */
  readonly serverStatus?: string | undefined;
  readonly serverDeviceId?: string | undefined;
  /** The recorded device whose key or identity is involved. */
  readonly relatedDeviceId?: string | undefined;
  /** ISO 8601 UTC. */
  readonly checkedAt: string;
}

/** What is to be said about a device; the moment is added by whoever asked. */
export type Finding = Omit<Acceptance, 'checkedAt'>;

/** A device that another tool preauthorized: known here so that its identity and key are not used twice, and compared. */
export interface ForeignDevice {
  readonly identity: Identity;
  /** SHA-256 of the SPKI, hexadecimal. */
  readonly fingerprint: string;
  /** SPKI as PEM. */
  readonly publicKeyPem: string;
  /** Name of the file that it was imported from. */
  readonly source: string;
  readonly importedBy: string;
  readonly importedAt: string;
}

/** QA's word that a batch may leave: who, when, and how its devices stood then. */
export interface SignOff {
  readonly batch: string;
  readonly by: string;
  readonly at: string;
  readonly total: number;
  readonly accepted: number;
  /** Why, where not every device is accepted. */
  readonly remark?: string | undefined;
}

export interface BatchSummary {
  readonly batch: string;
  readonly total: number;
  readonly counts: Readonly<Record<AcceptanceState, number>>;
  readonly lastSignOff?: SignOff | undefined;
}

/** What is done to a device at its server after it was recorded. */
export const deviceActions = ['decommission', 'remove-auth-set', 'reject', 'replace', 'renew'] as const;
export type DeviceAction = (typeof deviceActions)[number];

/** A part of an action that was done: revoked, removed from one of several services. */
export interface ActionStep {
  /** Unique in its action. */
  readonly part: string;
  readonly sentence: string;
  readonly at: string;
}

/** Journal of one such action: durable before the server is told. */
export interface ActionEntry {
  readonly actionId: string;
  readonly action: DeviceAction;
  /** The recorded device it is about; absent where the server's device is nobody's. */
  readonly deviceId?: string | undefined;
  readonly serverUrl: string;
  readonly serverDeviceId: string;
  readonly authSetId?: string | undefined;
  readonly identity: Identity;
  readonly state: 'started' | 'done' | 'failed';
  readonly by: string;
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
  readonly sentence?: string | undefined;
  /** Why, where the person said it in one of the standard's words (RFC 5280, 5.3.1). */
  readonly reason?: string | undefined;
  readonly steps?: readonly ActionStep[] | undefined;
}
