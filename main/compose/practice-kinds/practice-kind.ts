import type { Identity, IdentityAttribute } from '../../domain/identity';
import type { KeyType } from '../../domain/keys';
import type { Custody } from '../../domain/ports';
import type { CardFile, Profile, ServerSettings } from '../../domain/profile';

/** How a practice server is started. */
export interface PracticeStart {
  /** 0 for any free port. @throws ImprintError usage where it is taken */
  readonly port: number;
  /** Where it keeps what it knows; without it that ends with it. */
  readonly folder: string | undefined;
  readonly onRequest?: ((method: string, path: string, status: number) => void) | undefined;
}

/** A simulated board with a finished card in it. */
export interface PracticeBoard {
  readonly custody: Custody;
  readonly profile: Profile;
  readonly targetPath: string;
  readonly identity: Identity;
}

/** A practice server that runs. */
export interface RunningPractice {
  readonly port: number;
  /** What a profile says about it. */
  readonly settings: ServerSettings;
  /** The secrets that those settings refer to, by name. Made at its start, never kept. */
  readonly secrets: Readonly<Record<string, string>>;
  /** What somebody needs who writes a profile for it: name in the output of --json, name on paper, value. */
  readonly access: readonly (readonly [name: string, label: string, value: string])[];
  /** @returns what the board did and what the server said, one sentence. @throws ImprintError device-not-accepted, server-unreachable, verify-* */
  powerOn(board: PracticeBoard, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}

/** One way to practise: a kind of server, set up in one way. */
export interface PracticeKind {
  /** The word behind --server. */
  readonly name: string;
  readonly profileName: string;
  /** Below the practice folder: its server's files. Two ways to practise with one server have the same. */
  readonly folder: string;
  readonly identity: readonly IdentityAttribute[];
  readonly keyType: KeyType;
  readonly files: readonly CardFile[];
  /** An identity that no real device has. */
  newIdentity(): Identity;
  start(options: PracticeStart): Promise<RunningPractice>;
}
