/** The doors of the station: what its use cases need from the world, as interfaces. Composition roots fill them. */
import type { Acceptance, AcceptanceState, ActionEntry, ActionStep, BatchSummary, Diagnosis, Finding, ForeignDevice, SignOff, WatchedDevice } from './acceptance';
import type { CertificateFacts, CertificatePage, CertificateQuery, CertificateRow } from './certificates';
import type { ErrorCode } from './errors';
import type { Identity } from './identity';
import type { DeviceState, JobState, Progress, ProgressListener, Step, StepFacts, StepName } from './job';
import type { KeyType, PublicKey } from './keys';
import type { CardFile, Erasure, ImageSettings, JsonObject, Profile, SecretReference, ServerSettings } from './profile';
import type { BenchHealth, CardNames, HealthQuery } from './slot-health';
import type { TargetFacts } from './targets';
import type { WorkOrderStore } from './work-orders';

export interface Clock {
  now(): Date;
}

export interface Randomness {
  /** A UUID version 4 (RFC 9562, 5.4) from the system's secure source. */
  uuid(): string;
}

export interface Secrets {
  /**
   * The secret behind a reference.
   * @throws ImprintError credential-missing
   */
  resolve(reference: SecretReference): Promise<string>;
  /** The server refused it: a secret that a person gave is asked for again next time. */
  forget(reference: SecretReference): void;
  /**
   * The code of the moment of a second factor, asked from the person each time and never kept.
   * @throws ImprintError credential-missing where nobody can be asked, or nobody answered
   */
  oneTimeCode(account: string): Promise<string>;
}

/** Named moments at which tests kill the process. In a release it does nothing. */
export interface FaultPoints {
  reached(name: string): void;
}

// ---------------------------------------------------------------------------------------------------------- images

export type ImageFormat = 'raw' | 'gzip' | 'xz' | 'zstd';

/** A golden image that is known byte for byte. The file is never changed. */
export interface PreparedImage {
  readonly path: string;
  /** SHA-256 of the file as it lies on disk, hexadecimal. */
  readonly sha256: string;
  readonly format: ImageFormat;
  /** Where the decoded bytes are read from: the file itself when raw, else the station's cache. */
  readonly decodedPath: string;
  readonly decodedBytes: number;
  /** SHA-256 over the decoded bytes, hexadecimal. */
  readonly decodedSha256: string;
  /** Size, times and inode of `decodedPath` when it was hashed; another value means that it must be hashed again. */
  readonly stamp: string;
}

export interface FilesystemReport {
  readonly kind: 'ext2' | 'ext3' | 'ext4' | 'vfat' | 'other';
  readonly label?: string | undefined;
  readonly uuid?: string | undefined;
  readonly blockSize?: number | undefined;
  readonly freeBytes?: number | undefined;
  readonly totalBytes?: number | undefined;
  /** ext: names as e2fsprogs prints them. */
  readonly features: readonly string[];
  /** Why nothing can be injected here, in a sentence; absent where it can. */
  readonly refusal?: string | undefined;
}

export interface PartitionReport {
  /** As Linux counts. */
  readonly number: number;
  readonly offset: number;
  readonly bytes: number;
  /** MBR type byte (`0x83`) or GPT type GUID. */
  readonly type: string;
  /** GPT partition name. */
  readonly name?: string | undefined;
  readonly filesystem: FilesystemReport;
}

export interface ImageReport {
  readonly path: string;
  readonly format: ImageFormat;
  readonly bytes: number;
  readonly sha256: string;
  readonly decodedBytes: number;
  readonly table: 'mbr' | 'gpt';
  readonly partitions: readonly PartitionReport[];
  /** Where a Mender key would go by default, if it can. */
  readonly keyPlaces: readonly { readonly partition: number; readonly path: string; readonly possible: boolean; readonly sentence: string }[];
}

// --------------------------------------------------------------------------------------------------------- custody

/** A file as it was found on the card. Never its content. */
export interface CardFileFacts {
  readonly path: string;
  readonly partition: number;
  readonly bytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * A piece of a file's content: public bytes, or a secret that custody has and puts there itself. agreement-key: the private half
 * of the job's X25519 pair as standard base64 (44 characters), the form of a WireGuard configuration.
 */
export type ContentPart = { readonly bytes: Uint8Array } | { readonly secret: 'agreement-key' };

/** What a server delivered for one file of the card. */
export interface DeliveredContent {
  /** As in CardFile.content. */
  readonly content: string;
  readonly parts: readonly ContentPart[];
}

export interface WriteRequest {
  readonly jobId: string;
  readonly image: PreparedImage;
  readonly files: readonly CardFile[];
  /** What stands in the files that are not the private key. */
  readonly contents: readonly DeliveredContent[];
  readonly target: TargetFacts;
  /** What happens to the parts of the card that the image does not map. */
  readonly erasure: Erasure;
}

export interface WriteReceipt {
  readonly bytesWritten: number;
  /** Blocks of the overlay, in bytes: what makes this card differ from the golden image. */
  readonly overlayBytes: number;
  /** Bytes behind the image that were not erased, because the card cannot do it without being written. */
  readonly untouchedBytes: number;
  readonly milliseconds: number;
  /** Whether the page cache was bypassed (O_DIRECT); a filesystem under a file target may not offer it. */
  readonly directIo: boolean;
}

export interface VerifyReceipt {
  readonly bytesRead: number;
  readonly milliseconds: number;
  readonly directIo: boolean;
  readonly files: readonly CardFileFacts[];
  /** Public half of the key that was found on the card. */
  readonly publicKey: PublicKey;
}

export interface CardKey {
  readonly publicKey: PublicKey;
  readonly file: CardFileFacts;
}

/** A key that custody can use: that of a job, or the one on a card. */
export type KeyReference = { readonly jobId: string } | { readonly targetPath: string; readonly files: readonly CardFile[] };

/** Where a TLS conversation under a device's key leads. */
export interface TlsEndpoint {
  /** Name or address that is connected to. */
  readonly host: string;
  readonly port: number;
  /** Name that the server's certificate must have; `host` unless told. */
  readonly serverName?: string | undefined;
  /** PEM certificates that are trusted there, and no others. */
  readonly certificateAuthority: string;
  /** The device's certificate and what leads to its authority, PEM, leaf first. */
  readonly certificateChain: string;
  /** Milliseconds until TCP and TLS are up, and for each read. */
  readonly timeout: number;
}

/** Bytes over TLS 1.2 or newer. Every method throws ImprintError server-*, cancelled. */
export interface DeviceChannel {
  write(bytes: Uint8Array): Promise<void>;
  /** The next bytes, or undefined at the end. */
  read(): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

export interface CustodyStatus {
  /** Whether key memory is locked and kept out of core dumps. */
  readonly memoryLocked: boolean;
  /** One sentence where it is not. */
  readonly warning?: string | undefined;
  readonly keysHeld: number;
  /** Those that no job has taken yet. */
  readonly keysAhead: number;
}

/**
 * The custody process. A private key is made in it and leaves it only onto the target: no method returns one.
 * Every method throws ImprintError.
 */
export interface Custody {
  status(): Promise<CustodyStatus>;
  /** Hashes (and, when compressed, decodes) the image once; afterwards a matching stamp is enough. @throws image-* */
  prepareImage(settings: ImageSettings, onProgress: ProgressListener, signal: AbortSignal): Promise<PreparedImage>;
  inspectImage(path: string, signal: AbortSignal): Promise<ImageReport>;
  /** Dry run of the injection: @throws image-* where a file cannot be written. */
  checkFiles(image: PreparedImage, files: readonly CardFile[]): Promise<void>;
  inspectTarget(path: string): Promise<TargetFacts>;
  /**
   * Up to so many keys of this type are made ahead while cards are written, and erased when no card comes for some minutes.
   * Nobody is told of them before a job takes one.
   */
  keysAhead(keyType: KeyType, most: number): Promise<void>;
  /** A key pair for a job: one that was made ahead, or a new one. */
  generate(jobId: string, keyType: KeyType): Promise<PublicKey>;
  /** Signature by a job's key, in the scheme of its type: RSA PKCS#1 v1.5 SHA-256, ECDSA (DER) SHA-256 and for P-384 SHA-384, Ed25519. */
  sign(jobId: string, payload: Uint8Array): Promise<Uint8Array>;
  /** Makes the job's X25519 pair (RFC 7748) at the first call. @returns its public half, 32 bytes */
  agreementKey(jobId: string): Promise<Uint8Array>;
  /** A TLS connection whose handshake is made with this key. @throws server-unreachable, server-untrusted, server-refused (the server does not take the certificate) */
  openTls(key: KeyReference, endpoint: TlsEndpoint, signal: AbortSignal): Promise<DeviceChannel>;
  /** @throws target-*, image-*, cancelled; afterwards the card does not boot unless it returned. */
  write(request: WriteRequest, onProgress: ProgressListener, signal: AbortSignal): Promise<WriteReceipt>;
  /** Reads everything back past the page cache, then the key through the card's own filesystem. @throws verify-* */
  verify(jobId: string, onProgress: ProgressListener, signal: AbortSignal): Promise<VerifyReceipt>;
  /** Takes a verified card back, before `destroy`: its key is erased from it and it does not boot. @throws target-* */
  spoil(jobId: string): Promise<void>;
  /** Zeroes everything that is held for a job and lets go of its card. Idempotent. */
  destroy(jobId: string): Promise<void>;
  /** Reads the private-key file of a card and returns its public half. @throws verify-* */
  readCardKey(targetPath: string, files: readonly CardFile[]): Promise<CardKey>;
  /** The content of files of a card that everybody on the device may read, in their order. @throws verify-*; usage for a secret file */
  readCardFiles(targetPath: string, files: readonly CardFile[]): Promise<readonly Uint8Array[]>;
  /**
   * Writes files anew onto a card that is otherwise left as it is, and reads them back.
   *
   * CRASH: a kill in between can leave the card's filesystem damaged; the card must then be written again.
   *
   * @throws target-*, image-*, verify-*
   */
  rewriteCardFiles(target: TargetFacts, files: readonly CardFile[], contents: readonly DeliveredContent[]): Promise<readonly CardFileFacts[]>;
  /** Signs with the key that lies on a card, as the device itself would. */
  signWithCardKey(targetPath: string, files: readonly CardFile[], payload: Uint8Array): Promise<{ readonly publicKey: PublicKey; readonly signature: Uint8Array }>;
}

// --------------------------------------------------------------------------------------------------------- servers

export interface ServerAuthSet {
  readonly id: string;
  readonly status: string;
  readonly identity: Identity;
  /** SHA-256 of the set's SPKI, or undefined where the server's text is no key that we can read. */
  readonly fingerprint: string | undefined;
  /** ISO 8601, as the server says. */
  readonly at?: string | undefined;
}

export interface ServerDevice {
  readonly id: string;
  /** In the server's own words: pending, accepted, rejected, preauthorized, noauth. */
  readonly status: string;
  readonly identity: Identity;
  readonly decommissioning: boolean;
  /** This kind of server tells nobody which keys it expects, and knows a device by its id alone. */
  readonly keysHidden?: true | undefined;
  readonly authSets: readonly ServerAuthSet[];
  /** ISO 8601, as the server says. */
  readonly createdAt?: string | undefined;
  readonly updatedAt?: string | undefined;
  /** When the device last signed in. */
  readonly checkedInAt?: string | undefined;
}

export interface ServerDevicesQuery {
  /** Only these; any number, the adapter asks in portions. */
  readonly ids?: readonly string[] | undefined;
  /** Only those whose device status is one of these. */
  readonly statuses?: readonly string[] | undefined;
}

/** How many devices the server accepts; `limit` undefined where it has none. */
export interface ServerCapacity {
  readonly accepted: number;
  readonly limit?: number | undefined;
}

/** Why a certificate is revoked (RFC 5280, 5.3.1; the numbers are the standard's). */
export const revocationReasons = { 'unspecified': 0, 'key-compromise': 1, 'affiliation-changed': 3, 'superseded': 4, 'cessation-of-operation': 5 } as const;
export type RevocationReason = keyof typeof revocationReasons;

/** What is known of a device that is taken off its server, and who wants to hear of each part of it. */
export interface Removal {
  /** Certificates of the device that have not expired and are not revoked. */
  readonly certificates: readonly CertificateFacts[];
  readonly reason: RevocationReason;
  /** The device's own key, where its card is in the bench. */
  readonly tls?: DeviceTls | undefined;
  /** Durable when it returns: a part was done, in one sentence. */
  readonly onDone: (part: string, sentence: string) => Promise<void>;
  /** Durable when it returns: this certificate is revoked at its authority. */
  readonly onRevoked: (serial: string) => Promise<void>;
}

/** What an admin may do to the server's devices; a kind of server that has no such thing leaves it out. */
export interface ServerAdministration {
  /** @throws server-refused where that set cannot be rejected any more */
  reject?(serverDeviceId: string, authSetId: string, signal: AbortSignal): Promise<void>;
  /** Idempotent. Removing the only preauthorized set may remove the device. */
  removeAuthSet?(serverDeviceId: string, authSetId: string, signal: AbortSignal): Promise<void>;
  /** Removes the device and returns when the server does not show it any more. Idempotent. @throws server-busy where that does not end */
  decommission(serverDeviceId: string, signal: AbortSignal, removal: Removal): Promise<void>;
  /** Why the identity of a decommissioned device cannot be used again at once, one sentence; absent where it can. */
  readonly identityStaysTaken?: string | undefined;
}

/** The device's key as an adapter may use it: it never sees it. */
export interface DeviceKey {
  readonly publicKey: PublicKey;
  /** As Custody.sign. */
  sign(payload: Uint8Array): Promise<Uint8Array>;
  /** As Custody.agreementKey. */
  agreementKey(): Promise<Uint8Array>;
}

/** Opens TLS connections as the device. */
export interface DeviceTls {
  open(endpoint: TlsEndpoint, signal: AbortSignal): Promise<DeviceChannel>;
}

export interface EnrolRequest {
  readonly identity: Identity;
  readonly publicKey: PublicKey;
  /** For servers that want a proof of the key; present where the kind enrols before the write. */
  readonly key?: DeviceKey | undefined;
  /** An admin's word that a device which is there under another key gets this one besides. */
  readonly replace?: boolean | undefined;
}

export interface EnrolReceipt {
  /** The server's id of the device. */
  readonly serverDeviceId: string;
  /** True where an earlier call had done it already and its reply was lost. */
  readonly already: boolean;
  readonly sentence: string;
  /** How it was done and what that means, where the server does not expect exactly the key on the card. */
  readonly how?: string | undefined;
  /** What goes onto the card besides the private key: all of the kind's deliverables that the profile writes. */
  readonly contents?: readonly DeliveredContent[] | undefined;
  /** Every certificate that the server is known to have issued for this call. */
  readonly certificates?: readonly CertificateFacts[] | undefined;
}

/** The card is verified; its key is still in custody. */
export interface ConfirmRequest {
  readonly identity: Identity;
  readonly serverDeviceId: string;
  /** What the server delivered for this card. */
  readonly contents: readonly DeliveredContent[];
  readonly tls: DeviceTls;
  /** As Custody.sign, with the device's key. */
  readonly sign: (payload: Uint8Array) => Promise<Uint8Array>;
}

/** A card in the bench that gets anew what the server gave it: a certificate, a token. */
export interface RenewRequest {
  readonly identity: Identity;
  readonly publicKey: PublicKey;
  /** What stands on the card now, public files only, by content. */
  readonly current: ReadonlyMap<string, Uint8Array>;
  readonly tls: DeviceTls;
  /** With the key on the card, as Custody.signWithCardKey. */
  readonly sign: (payload: Uint8Array) => Promise<Uint8Array>;
}

export interface Renewal {
  readonly sentence: string;
  /** What is written back to the card. */
  readonly contents: readonly DeliveredContent[];
  readonly certificates: readonly CertificateFacts[];
}

/** A signed-in conversation with one server. Every method throws ImprintError server-* or identity-at-server. */
export interface ServerConnection {
  /** @throws server-sign-in-refused, server-unreachable, server-untrusted */
  signIn(signal: AbortSignal): Promise<void>;
  /**
   * The device that has this identity in any of its auth sets, or undefined. May answer from an index of the server's list
   * that is at most some minutes old; enrol() has the last word.
   */
  findDevice(identity: Identity, signal: AbortSignal): Promise<ServerDevice | undefined>;
  /** The server's devices with their auth sets, portion by portion; never the whole list in memory. */
  devices(query: ServerDevicesQuery, signal: AbortSignal): AsyncIterable<readonly ServerDevice[]>;
  device(serverDeviceId: string, signal: AbortSignal): Promise<ServerDevice | undefined>;
  capacity(signal: AbortSignal): Promise<ServerCapacity>;
  readonly administration?: ServerAdministration | undefined;
  /** Why this connection cannot say which devices the server has, one sentence: `findDevice` then knows none, and `enrol` alone has the word. */
  readonly blind?: string | undefined;
  /**
   * What has become of these devices, for a kind of server that has other signs of life than auth sets; in their order. Without it
   * the watch judges by `devices`.
   */
  judge?(devices: readonly WatchedDevice[], signal: AbortSignal): Promise<readonly Finding[]>;
  /** What is tried with the device's own key before it is destroyed. @returns one sentence @throws server-* */
  confirm?(request: ConfirmRequest, signal: AbortSignal): Promise<string>;
  /** @throws server-* ; the card's certificate stays as it is */
  renew?(request: RenewRequest, signal: AbortSignal): Promise<Renewal>;
  /**
   * Makes the server expect this identity with this key; calling it twice is the same as once.
   * @throws identity-at-server where the identity is there under another key
   */
  enrol(request: EnrolRequest, signal: AbortSignal): Promise<EnrolReceipt>;
  close(): Promise<void>;
}

/** What a device signs of a request that it sends to a service of its server. */
export interface RequestToSign {
  /** The server's id of the device. */
  readonly deviceId: string;
  /** ISO 8601. */
  readonly timestamp: string;
  /** As it is sent. */
  readonly body: string;
  readonly nonce: string;
}

export interface SignedRequest {
  /** What the signature is over. */
  readonly message: string;
  /** What is sent beside the body. */
  readonly headers: Readonly<Record<string, string>>;
}

/** One thing that a kind of server delivers for the card. */
export interface Deliverable {
  /** As in CardFile.content. */
  readonly content: string;
  /** Whether a card without it is useless. */
  readonly required: boolean;
  /** Whether it must be a file that only its owner may read. */
  readonly secret: boolean;
  /** Most bytes that it can have, for the dry run of the injection; at most 12 KiB. */
  readonly mostBytes: number;
}

/** What a profile's options may refer to. */
export interface OptionSurroundings {
  /** The text of a file that stands beside the profile. @throws ImprintError profile-invalid naming `field` */
  readFile(path: string, field: string): string;
}

/** A kind of server: one folder under main/servers. */
export interface ServerKind {
  readonly kind: string;
  /** before-write where the server's reply is part of what is written. */
  readonly enrolment: 'before-write' | 'after-verify';
  readonly credentials: 'required' | 'none';
  /** What a finished device is called until its board came: what the server did with it, in the field's own word. */
  readonly expectedWord: 'Preauthorized' | 'Enrolled';
  /** What it delivers for the card besides the private key. */
  readonly deliverables: readonly Deliverable[];
  /** The files of a profile that names none. */
  readonly usualFiles: readonly CardFile[];
  readonly usualKeyType: KeyType;
  /** Which keys the device's client can read. */
  readableKeyTypes(clientVersion: string | undefined): readonly KeyType[];
  /**
   * `server.options` of a profile: checked, files read, in the form that the record keeps and `connect` gets.
   *
   * @param given as it stands in the profile; undefined where it has none
   * @throws ImprintError profile-invalid naming the field from `server.options` on
   */
  readOptions(given: unknown, surroundings: OptionSurroundings): JsonObject | undefined;
  /** Whether the profile is one that this kind can work with, as a whole. @throws ImprintError profile-invalid */
  checkProfile?(profile: Pick<Profile, 'server' | 'identity' | 'files' | 'keyType'>): void;
  /** What this server would not take, said before a key is made. @throws ImprintError identity-invalid */
  checkIdentity?(identity: Identity, settings: ServerSettings): void;
  /**
   * The text by which the server tells devices apart, where that is not all of the identity; two identities with the same text
   * are one device there. `canonicalIdentity` unless told.
   */
  identityKey?(identity: Identity): string;
  /** A request signed as its devices do it, where this kind has such a thing. @throws what `sign` throws, or where a part cannot be signed */
  signRequest?(request: RequestToSign, sign: (payload: Uint8Array) => Promise<Uint8Array>): Promise<SignedRequest>;
  /** What stays on screen as long as such a profile is open, such as an enrolment that others can forge; one sentence each. */
  warnings?(settings: ServerSettings): readonly string[];
  connect(settings: ServerSettings, secrets: Secrets): ServerConnection;
}

// ---------------------------------------------------------------------------------------------------------- record

export interface Reservation {
  readonly jobId: string;
  readonly deviceId: string;
  readonly identity: Identity;
  readonly profileName: string;
  /** SHA-256 of the profile's canonical JSON. */
  readonly profileSha256: string;
  readonly imageSha256: string;
  readonly serverKind: string;
  readonly serverUrl: string;
  readonly keyType: KeyType;
  readonly slot: string;
  readonly targetPath: string;
  readonly operator: string;
  /** Work order, tray or pallet that the device belongs to. */
  readonly batch?: string | undefined;
  /** The batch has a counter: `identity` is taken where it is still free, else the next one that is. */
  readonly counted?: boolean | undefined;
  readonly owner: ProcessOwner;
  readonly at: string;
}

/** Which process works on a job, so that another one can tell whether it still lives. */
export interface ProcessOwner {
  readonly pid: number;
  /** Start time of that process in clock ticks since boot (proc(5), stat field 22) with the boot's id. */
  readonly started: string;
}

export interface DeviceRow {
  readonly deviceId: string;
  readonly identity: Identity;
  readonly state: DeviceState;
  readonly keyType: KeyType;
  readonly fingerprint?: string | undefined;
  /** SPKI as PEM. */
  readonly publicKeyPem?: string | undefined;
  readonly serverKind: string;
  readonly serverUrl: string;
  readonly serverDeviceId?: string | undefined;
  readonly profileName: string;
  readonly batch?: string | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface JobRow {
  readonly jobId: string;
  readonly deviceId: string;
  readonly state: JobState;
  readonly slot: string;
  readonly targetPath: string;
  readonly operator: string;
  readonly imageSha256: string;
  readonly profileName: string;
  readonly profileSha256: string;
  readonly owner: ProcessOwner;
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
  readonly sentence?: string | undefined;
  readonly steps: readonly Step[];
}

/** A job of the day with what became of its device. */
export interface DayRow extends JobRow {
  readonly identity: Identity;
  readonly deviceState: DeviceState;
  readonly serverKind: string;
}

export interface DeviceDetails extends DeviceRow {
  readonly jobs: readonly JobRow[];
  /** Absent where the server was never asked. */
  readonly acceptance?: Acceptance | undefined;
  /** Newest first. */
  readonly actions: readonly ActionEntry[];
  /** Newest first. */
  readonly certificates: readonly CertificateRow[];
}

export interface AcceptanceQuery {
  readonly state?: AcceptanceState | undefined;
  readonly diagnosis?: Diagnosis | undefined;
  readonly batch?: string | undefined;
  readonly profileName?: string | undefined;
  /** A part of an identity value or the beginning of a fingerprint. */
  readonly text?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** One line of QA's page. */
export interface AcceptanceRow extends DeviceRow {
  /** ISO 8601 UTC: the end of the job. */
  readonly preauthorizedAt?: string | undefined;
  readonly acceptedAt?: string | undefined;
  readonly acceptance: AcceptanceState;
  readonly diagnosis?: Diagnosis | undefined;
  readonly sentence?: string | undefined;
  readonly checkedAt?: string | undefined;
}

export interface AcceptancePage {
  /** Newest first; devices that are preauthorized or accepted in the record, the others are nobody's to wait for. */
  readonly rows: readonly AcceptanceRow[];
  /** How many rows the query has in all. */
  readonly total: number;
  /** By state, for the same query without its state and diagnosis. */
  readonly counts: Readonly<Record<AcceptanceState, number>>;
}

/** A device in whose hands a key or an identity is: made here, or imported. */
export interface KeyHolder {
  readonly fingerprint: string;
  readonly identity: Identity;
  /** Absent for a foreign device. */
  readonly deviceId?: string | undefined;
}

export interface ListQuery {
  /** Exact, case-sensitive match of each given attribute. */
  readonly identity?: Identity | undefined;
  readonly state?: DeviceState | undefined;
  readonly batch?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

/**
 * The local record. Every method is durable when it returns (SQLite, WAL, synchronous=FULL) and atomic. What is an event of
 * the log (record-log.ts) is logged in the same transaction.
 * @throws ImprintError record-*, identity-recorded, public-key-recorded, no-such-device
 */
export interface RecordStore {
  /** Keeps the profile's text as it was used, by its hash. `by`: who uses it, for the log. */
  keepProfile(name: string, sha256: string, json: string, at: string, by?: string): Promise<void>;
  /** The text that `keepProfile` kept, or undefined. */
  keptProfile(sha256: string): Promise<string | undefined>;
  keepImage(image: PreparedImage, at: string, by?: string): Promise<void>;
  /**
   * Takes the identity and opens the job with its first journal line.
   *
   * @returns the identity; another one than asked for only where it is counted
   * @throws identity-recorded, identity-foreign, identity-planned, batch-stopped
   */
  reserve(reservation: Reservation): Promise<Identity>;
  /** Batches that were ordered. */
  readonly orders: WorkOrderStore;
  startStep(jobId: string, step: StepName, at: string): Promise<void>;
  endStep(jobId: string, step: StepName, state: 'done' | 'failed', sentence: string, at: string, facts?: StepFacts): Promise<void>;
  /** @throws public-key-recorded: a second device with this key would be a leaked or copied key */
  recordPublicKey(jobId: string, publicKey: PublicKey, at: string): Promise<void>;
  /** Ends a job and moves its device. `serverDeviceId` where the server named one; `cause` of a job that failed, for the counts. */
  endJob(jobId: string, state: JobState, deviceState: DeviceState, sentence: string, at: string, serverDeviceId?: string, cause?: ErrorCode): Promise<void>;
  /** Where the server named the device before the card was written, and what it issued. Once for each job; more certificates may be added. */
  recordEnrolment(jobId: string, serverDeviceId: string, certificates: readonly CertificateFacts[], at: string): Promise<void>;
  /** Certificates that were issued for a device later. `supersede`: its earlier ones are of no use any more. */
  addCertificates(deviceId: string, certificates: readonly CertificateFacts[], supersede: boolean, at: string): Promise<void>;
  /** Of this device only: two authorities may count alike. Idempotent. @throws no-such-device where the device has no such certificate */
  revokeCertificate(deviceId: string, serial: string, reason: string, at: string): Promise<void>;
  /** By the end of their validity, soonest first. */
  certificates(query: CertificateQuery): Promise<CertificatePage>;
  markAccepted(deviceId: string, at: string): Promise<void>;
  /** Jobs that are open or waiting. */
  unfinishedJobs(): Promise<readonly JobRow[]>;
  /** Takes an unfinished job over from an owner that is dead. False where somebody else was faster. */
  takeOver(jobId: string, from: ProcessOwner, to: ProcessOwner): Promise<boolean>;
  findByIdentity(identity: Identity): Promise<DeviceDetails | undefined>;
  findByFingerprint(fingerprint: string): Promise<DeviceDetails | undefined>;
  device(deviceId: string): Promise<DeviceDetails | undefined>;
  list(query: ListQuery): Promise<{ readonly devices: readonly DeviceRow[]; readonly total: number }>;
  /** Jobs that started at or after `since`, newest first. */
  jobsSince(since: string, limit: number): Promise<readonly DayRow[]>;
  /** Which card a job writes, told before its first byte is written. Idempotent. */
  recordCard(jobId: string, card: CardNames, at: string): Promise<void>;
  /** Failed cards by slot, by lot and by card. */
  benchHealth(query: HealthQuery): Promise<BenchHealth>;

  /**
   * Devices of one server (preauthorized or accepted in the record) whose last look is older than `checkedBefore` or never
   * was, longest ago first.
   */
  devicesToWatch(query: { readonly serverUrl: string; readonly states: readonly AcceptanceState[]; readonly checkedBefore: string; readonly limit: number }): Promise<readonly WatchedDevice[]>;
  /**
   * Keeps what was seen, in one transaction. A device seen as accepted becomes accepted in the record, with this moment as its
   * `acceptedAt` the first time; accepted is never taken back in `acceptedAt`.
   */
  saveAcceptances(acceptances: readonly Acceptance[]): Promise<void>;
  acceptancePage(query: AcceptanceQuery): Promise<AcceptancePage>;
  /** Who holds these keys; unknown fingerprints are left out. At most 1000 at a time. */
  keyHolders(fingerprints: readonly string[]): Promise<readonly KeyHolder[]>;
  /** Batches with devices, newest first. */
  batches(limit: number): Promise<readonly BatchSummary[]>;
  /** @throws no-such-device where the batch has no devices */
  signOff(batch: string, by: string, at: string, remark?: string): Promise<SignOff>;
  /** All or none. The same entry a second time changes nothing. @throws identity-recorded, public-key-recorded */
  importForeign(devices: readonly ForeignDevice[]): Promise<{ readonly added: number; readonly known: number }>;
  foreignDevices(query: { readonly limit: number; readonly offset: number }): Promise<{ readonly devices: readonly ForeignDevice[]; readonly total: number }>;
  startAction(action: Omit<ActionEntry, 'state' | 'endedAt' | 'sentence' | 'steps'>): Promise<void>;
  /** A `decommission` that is done makes its recorded device decommissioned. Ending twice in the same state changes nothing. */
  endAction(actionId: string, state: 'done' | 'failed', sentence: string, at: string): Promise<void>;
  /** A part of an action was done; the same part a second time changes nothing. */
  addActionStep(actionId: string, step: ActionStep): Promise<void>;
  /** Actions that a killed station left started, oldest first. */
  unfinishedActions(): Promise<readonly ActionEntry[]>;
  close(): Promise<void>;
}

/** Whether a process of this machine still lives. */
export interface Processes {
  readonly self: ProcessOwner;
  alive(owner: ProcessOwner): boolean;
}

export type { Profile, Progress };
