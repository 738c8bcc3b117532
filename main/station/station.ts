import type { Clock, Custody, FaultPoints, Processes, Randomness, RecordStore, Secrets, ServerConnection, ServerKind } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { ImprintError } from '../domain/errors';

/** A profile with the name of its exact content. */
export interface LoadedProfile {
  readonly profile: Profile;
  /** JSON of the resolved profile, kept in the record. */
  readonly json: string;
  /** SHA-256 over `json`. */
  readonly sha256: string;
}

/** What every use case works with. Filled by a composition root. */
export interface Station {
  readonly record: RecordStore;
  readonly custody: Custody;
  readonly servers: readonly ServerKind[];
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly processes: Processes;
  readonly faults: FaultPoints;
  /** Name of the person who is at work. */
  readonly operator: string;
  /** Reads a profile that the record kept. */
  readonly readKeptProfile: (json: string) => Profile;
}

/** The adapter that a profile names. @throws ImprintError profile-invalid */
export function serverKindOf(station: Station, profile: Profile): ServerKind {
  const kind = station.servers.find((candidate) => candidate.kind === profile.server.kind);
  if (kind !== undefined) return kind;
  throw new ImprintError('profile-invalid', `Imprint knows no server of kind "${profile.server.kind}".`, {
    field: 'server.kind',
    expected: `one of ${station.servers.map((candidate) => candidate.kind).join(', ')}`,
  });
}

/** A signed-in connection for the time of `use`. */
export async function withServer<T>(station: Station, profile: Profile, signal: AbortSignal, use: (connection: ServerConnection) => Promise<T>): Promise<T> {
  const connection = serverKindOf(station, profile).connect(profile.server, station.secrets);
  try {
    await connection.signIn(signal);
    return await use(connection);
  } catch (thrown) {
    const { credentials } = profile.server;
    if (thrown instanceof ImprintError && thrown.code === 'server-sign-in-refused') station.secrets.forget(credentials.type === 'token' ? credentials.token : credentials.password);
    throw thrown;
  } finally {
    await connection.close();
  }
}

export function now(station: Station): string {
  return station.clock.now().toISOString();
}
