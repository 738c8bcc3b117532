import { ImprintError } from './errors';
import type { IdentityAttribute } from './identity';
import type { KeyType } from './keys';
import type { LabelSettings } from './labels';
import type { ScanRule } from './scan-rules';

/** Where a secret comes from. The secret itself never stands in a profile. */
export type SecretReference =
  | { readonly from: 'environment'; readonly name: string }
  | { readonly from: 'keyring'; readonly name: string }
  | { readonly from: 'ask'; readonly name: string };

export type Credentials =
  | { readonly type: 'password'; readonly username: string; readonly password: SecretReference }
  | { readonly type: 'token'; readonly token: SecretReference };

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

export interface ServerSettings {
  /** The adapter: a folder under main/servers. */
  readonly kind: string;
  /** Base URL, without a trailing slash. */
  readonly url: string;
  /** PEM certificates that are trusted for this server instead of the system's; read by whoever loads the profile. */
  readonly certificateAuthority?: string | undefined;
  /** Absent where this kind of server asks for none. */
  readonly credentials?: Credentials | undefined;
  /** HTTP proxy on the way to it, `http://proxy.example:3128`; without it the environment's (HTTPS_PROXY, NO_PROXY). */
  readonly proxy?: string | undefined;
  /** Version of the client on the device, `major.minor`, where it matters which keys it can read. */
  readonly clientVersion?: string | undefined;
  /** What only this kind of server has, checked and resolved by it (`ServerKind.readOptions`). Never a secret itself. */
  readonly options?: JsonObject | undefined;
}

/** Which partition: its number as Linux counts, or its label (GPT partition name, else the filesystem's label). */
export type PartitionReference = { readonly number: number } | { readonly label: string };

/** One file that is written into the image for each device. */
export interface CardFile {
  /** What stands in it: `private-key`, or one of what the profile's kind of server delivers (`ServerKind.deliverables`). */
  readonly content: string;
  readonly partition: PartitionReference;
  /** Absolute path inside that partition's filesystem. */
  readonly path: string;
  /** Permission bits, 0..0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whether missing parent folders are created (0755, 0:0) instead of refused. */
  readonly createFolders: boolean;
}

/** The content that every card has: the device's private key as PEM. */
export const privateKeyContent = 'private-key';

/** The file of the private key. @throws ImprintError profile-invalid where there is none */
export function keyFileOf(files: readonly CardFile[]): CardFile {
  const file = files.find(({ content }) => content === privateKeyContent);
  if (file === undefined) throw new ImprintError('profile-invalid', 'The profile writes no private key.', { field: 'files', expected: `a file with "content": "${privateKeyContent}"` });
  return file;
}

/**
 * Whether only the device's own system may read a file: its content never leaves the custody process again. Everything else
 * on a card is public.
 */
export function isSecretFile({ content, mode }: CardFile): boolean {
  return content === privateKeyContent || (mode & 0o077) === 0;
}

interface AnySlot {
  readonly name: string;
  /** Named by hand: the device may be a fixed disk. */
  readonly fixedDisk: boolean;
}

/** A place at the bench where a card can be. */
export type SlotSettings =
  /** Block device, or a file that stands for a card. */
  | (AnySlot & { readonly path: string; readonly port?: undefined })
  /** Where a reader's slot is plugged in, as Drive.portPath; which device that is, is looked up at each start. */
  | (AnySlot & { readonly port: string; readonly path?: undefined });

export function slotPlace(slot: SlotSettings): string {
  return slot.path ?? slot.port;
}

/**
 * What happens to the parts of a card that the image does not map. full: everything of the image is written, mapped or not.
 * zero: the rest is zeroed by the device. discard-verified: the rest is discarded and read back; what is not zero then is
 * zeroed.
 */
export const erasures = ['full', 'zero', 'discard-verified'] as const;
export type Erasure = (typeof erasures)[number];

export interface TargetSettings {
  readonly slots: readonly SlotSettings[];
  readonly minimumBytes?: number | undefined;
  readonly maximumBytes?: number | undefined;
  /** A slot whose identity was scanned starts by itself when its card is plugged in. */
  readonly startWhenInserted?: boolean | undefined;
}

export interface ImageSettings {
  readonly path: string;
  /** SHA-256 of the file as it lies on disk (compressed, if it is), 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** What a production line makes: one JSON file, documented in docs/profiles.md. Paths are absolute here. */
export interface Profile {
  readonly name: string;
  readonly practice: boolean;
  readonly server: ServerSettings;
  readonly identity: readonly IdentityAttribute[];
  /** How a scanned code becomes attributes; without it the whole code is the attribute that the scanner fills. */
  readonly scan?: readonly ScanRule[] | undefined;
  readonly keyType: KeyType;
  readonly image: ImageSettings;
  readonly files: readonly CardFile[];
  readonly targets: TargetSettings;
  /** Without it: full on a card whose key the record knows, zero on any other. */
  readonly erase?: Erasure | undefined;
  /** The batch of devices that are made without another one being named. */
  readonly batch?: string | undefined;
  /**
   * How many verified cards may wait for a server that is away; at that number no new job starts. 0: the server must answer
   * before a card is touched.
   */
  readonly outboxLimit: number;
  /** The label of each finished device; none is printed without it. */
  readonly label?: LabelSettings | undefined;
}

export function describePartition(partition: PartitionReference): string {
  return 'number' in partition ? `partition ${String(partition.number)}` : `the partition labelled "${partition.label}"`;
}
