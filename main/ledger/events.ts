import { deviceActions } from '../domain/acceptance';
import { certificateStates } from '../domain/certificates';
import { keyTypes } from '../domain/keys';
import { labelPrinterKinds } from '../domain/labels';
import { accessChanges } from '../domain/operators';
import { signInMethods } from '../domain/record-log';
import { roles } from '../domain/roles';
import { loggedOrderChanges, orderKinds, orderSources } from '../domain/work-orders';
import { anyText, base64, base64Hash, flag, identity, listOf, moment, object, oneOf, sha256, text, wholeNumber } from './shape';
import type { ObjectShape } from './shape';

/** A device of this station, by its id in the record and its key. */
const device = { device: text, fingerprint: sha256 };
const job = { ...device, job: text };
/**
 * In entries about what was in the record before it had a log: the moment that the record had for it. The entry proves
 * that the record said so when it was logged, and nothing about the time before.
 */
const later = { recordedAt: moment };

/**
 * What can stand in the log, with the data of each. The set is closed: an auditor's tool must know every one of them.
 * Nothing is ever taken away from it or made stricter, because old entries must stay readable; new members are optional.
 * docs/record-log.md is the same for people.
 *
 * SECURITY: no member holds a private key, a password or a PIN.
 */
export const events = {
  /** A key pair was made for a device. `spki`: DER (RFC 5280, 4.1.2.7), of which `fingerprint` is the SHA-256. */
  'key-generated': object(
    { ...job, identity, keyType: oneOf(keyTypes), spki: base64, profile: text, profileSha256: sha256, serverKind: text, server: text },
    { batch: text, ...later },
  ),
  /** The server expects this key. */
  'enrolled': object({ ...job, server: text }, { serverDevice: text }),
  /** `target`: the path it was written through. `card`: what tells this medium from another (size, serial, model, port). */
  'written': object({ ...job, slot: text, target: text, imageSha256: sha256 }, { card: text, bytes: wholeNumber }),
  /** Read back past the page cache, and the key found in its file. */
  'verified': object(
    { ...job, slot: text, target: text },
    { card: text, bytes: wholeNumber, files: listOf(object({ path: text, partition: wholeNumber, mode: wholeNumber, uid: wholeNumber, gid: wholeNumber })) },
  ),
  /** The private key's memory was zeroed. */
  'destroyed': object(job),
  /** The job is done: card verified, server told. */
  'preauthorized': object({ ...job, identity, server: text }, { serverDevice: text, ...later }),
  /** The job ended without success; the identity is free again, the key stays taken. */
  'released': object({ ...job, reason: text }, later),
  /** The device came to its server with this key for the first time. */
  'accepted': object({ ...device, server: text }, { serverDevice: text, ...later }),
  'sign-off': object({ batch: text, total: wholeNumber, accepted: wholeNumber }, { remark: anyText, ...later }),
  /**
   * A batch was ordered, nothing more of it is made for now or for ever, it was signed off, or its last device is made.
   * `identitiesSha256`: over the identities that were ordered, canonical JSON in their order, each with a line end. `source`:
   * how an MES handed it in. The counts are those after the change.
   */
  'batch-changed': object(
    { batch: text, change: oneOf(loggedOrderChanges) },
    {
      kind: oneOf(orderKinds), quantity: wholeNumber, profile: text, identitiesSha256: sha256, source: oneOf(orderSources),
      made: wholeNumber, making: wholeNumber, failures: wholeNumber, firstPasses: wholeNumber, firstFailures: wholeNumber,
    },
  ),
  /** Somebody did what the station had refused. `what`: the refusal's code. */
  'override': object({ what: text, reason: text }, { device: text, batch: text }),
  /** Something was taken off a server on purpose. Only `decommission` with a fingerprint ends a device of this record. */
  'decommissioned': object(
    { action: oneOf(deviceActions), identity, server: text, serverDevice: text },
    { device: text, fingerprint: sha256, authSet: text, reason: text, ...later },
  ),
  'operator-signed-in': object({ operator: text, role: oneOf(roles), method: oneOf(signInMethods) }),
  /**
   * Who works at this station, and with which rights, is different from now on; without `operator` it is about the station.
   * `pinSha256`, `badgeSha256`: over the salted scrypt hash that the record keeps, so that another one in the file is found out.
   */
  'operator-changed': object({ change: oneOf(accessChanges) }, { operator: text, value: text, pinSha256: sha256, badgeSha256: sha256 }),
  /** A profile was used that was not used before, or has changed. `sha256`: over its canonical JSON, which the record keeps. */
  'profile-used': object({ name: text, sha256 }),
  'image-used': object({ sha256, decodedSha256: sha256, decodedBytes: wholeNumber }, { path: text }),
  /**
   * Which program makes the entries from here on, until the next of these. `build`: over the sources that it was built from.
   * Entries before the first one are of a program that did not say.
   */
  'station-build': object({ version: text, build: sha256 }),
  /**
   * The key that signs checkpoints from here on. The first entry of a log has no `previous`; every later one is signed by
   * both keys over the statement of log-key.ts.
   */
  'log-key': object({ key: text }, { previous: text, signature: base64, previousSignature: base64 }),
  'backup': object({ size: wholeNumber, root: base64Hash }, { path: text, sha256 }),
  /** The record was replaced by a backup with `size` entries. `anchorSize`: the newest anchor known then. */
  'restore': object({ size: wholeNumber, root: base64Hash, override: flag }, { anchorSize: wholeNumber, path: text, reason: text }),
  /** A device of another tool became known here. */
  'foreign-imported': object({ identity, fingerprint: sha256, spki: base64, source: text }, later),
  /** A label with this device's identity and key was given to a printer. `reason`: why it was printed again. */
  'label-printed': object({ ...device, printer: oneOf(labelPrinterKinds), copies: wholeNumber, reprint: flag }, { reason: text }),
  /** What became of a certificate that a server issued for a device. `sha256`: over its DER. */
  'certificate': object({ ...device, change: oneOf(certificateStates), serial: text, sha256 }, { issuer: text, notAfter: moment, reason: text }),
} as const satisfies Readonly<Record<string, ObjectShape<unknown>>>;

export type EventName = keyof typeof events;
export type EventData<Name extends EventName> = (typeof events)[Name] extends ObjectShape<infer Value> ? Value : never;

export const eventNames = Object.keys(events) as readonly EventName[];

export function isEventName(value: unknown): value is EventName {
  return typeof value === 'string' && Object.hasOwn(events, value);
}

/** What a device is after an event about it; the last of them counts. */
export const stateAfter = {
  'key-generated': 'reserved',
  'preauthorized': 'preauthorized',
  'accepted': 'accepted',
  'released': 'released',
  'decommissioned': 'decommissioned',
} as const satisfies Partial<Readonly<Record<EventName, string>>>;
