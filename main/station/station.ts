import type { Clock, Custody, FaultPoints, Processes, Randomness, RecordStore, Secrets, ServerConnection, ServerKind } from '../domain/ports';
import type { Profile } from '../domain/profile';
import type { RecordLog } from '../domain/record-log';
import { asImprintError, ImprintError } from '../domain/errors';
import { canonicalIdentity, type Identity } from '../domain/identity';
import type { Role } from '../domain/roles';
import type { ReadPattern } from '../domain/scan-rules';

/** A profile with the name of its exact content. */
export interface LoadedProfile {
  readonly profile: Profile;
  /** JSON of the resolved profile, kept in the record. */
  readonly json: string;
  /** SHA-256 over `json`. */
  readonly sha256: string;
}

/** What every use case works with. Filled by a composition root. At the window `operator` and `role` change when somebody else signs in. */
export interface Station {
  readonly record: RecordStore;
  /** The tamper-evident log in the record. */
  readonly log: RecordLog;
  /** @throws ImprintError log-broken where a check of the log found that; no device is made then */
  readonly assertLogSound: () => void;
  readonly custody: Custody;
  readonly servers: readonly ServerKind[];
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly processes: Processes;
  readonly faults: FaultPoints;
  /** Name of the person who is at work. */
  readonly operator: string;
  readonly role: Role;
  /** Reads a profile that the record kept. */
  readonly readKeptProfile: (json: string) => Profile;
  /** A public key of another tool: PEM `PUBLIC KEY` or the base64 of its SPKI; undefined where the text is none. */
  readonly readPublicKey: (text: string) => ForeignKey | undefined;
  /** Makes a pattern of a profile's scan rules ready. */
  readonly readScanPattern: ReadPattern;
}

/** The station with the person who is at work now: what they start is theirs, whoever has signed in by its end. */
export function asNow(station: Station): Station {
  return { ...station };
}

export interface ForeignKey {
  /** SHA-256 over the SPKI, hexadecimal. */
  readonly fingerprint: string;
  readonly publicKeyPem: string;
}

/** The adapter that a profile names. @throws ImprintError profile-invalid */
export function serverKindOf(station: Pick<Station, 'servers'>, profile: Profile): ServerKind {
  const kind = station.servers.find((candidate) => candidate.kind === profile.server.kind);
  if (kind !== undefined) return kind;
  throw new ImprintError('profile-invalid', `Imprint knows no server of kind "${profile.server.kind}".`, {
    field: 'server.kind',
    expected: `one of ${station.servers.map((candidate) => candidate.kind).join(', ')}`,
  });
}

/** The text by which the profile's server tells devices apart. */
export function identityKeyOf(station: Station, profile: Profile, identity: Identity): string {
  return serverKindOf(station, profile).identityKey?.(identity) ?? canonicalIdentity(identity);
}

/** A signed-in connection for the time of `use`. */
export function withServer<T>(station: Station, profile: Profile, signal: AbortSignal, use: (connection: ServerConnection) => Promise<T>): Promise<T> {
  return withConnection(station, profile, async (connection) => {
    await connection.signIn(signal);
    return use(connection);
  });
}

/** A connection for the time of `use`, for work that may go on without the server: nothing was sent when `use` begins. */
export async function withConnection<T>(station: Station, profile: Profile, use: (connection: ServerConnection) => Promise<T>): Promise<T> {
  const connection = serverKindOf(station, profile).connect(profile.server, station.secrets);
  try {
    return await use(connection);
  } catch (thrown) {
    const error = asImprintError(thrown);
    const { credentials } = profile.server;
    if (error.code === 'server-sign-in-refused' && credentials !== undefined) station.secrets.forget(credentials.type === 'token' ? credentials.token : credentials.password);
    throw error;
  } finally {
    await connection.close();
  }
}

/** Whether the server may still be told later: it did not say no. */
export function isUndecided(error: ImprintError): boolean {
  return error.code === 'server-unreachable' || error.code === 'server-busy' || error.code === 'server-reply-invalid';
}

export function now(station: Station): string {
  return station.clock.now().toISOString();
}
