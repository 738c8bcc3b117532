import { asImprintError, ImprintError, type ErrorReport } from '../domain/errors';
import { canonicalIdentity, describeIdentity, type Identity } from '../domain/identity';
import { publicKeyPem } from '../domain/keys';
import type { CardKey, DeviceDetails, ServerDevice } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { identityKeyOf, withServer, type Station } from './station';

export interface CardReport {
  readonly fingerprint: string;
  readonly publicKeyPem: string;
  readonly keyType: string;
  readonly file: CardKey['file'];
  /** The recorded device that has this key. */
  readonly recorded: DeviceDetails | undefined;
  /** That device as the server sees it; absent where nothing is recorded or the server could not be asked. */
  readonly server: ServerDevice | undefined;
  readonly serverError: ErrorReport | undefined;
  /** Whether the server has an auth set with exactly this identity and key; where it shows no keys, whether it has the device. */
  readonly expectedByServer: boolean;
  readonly sentence: string;
}

/**
 * Reads the key back from a card and says who knows it.
 *
 * @param identity which device the card is meant for, where the person knows it
 * @throws ImprintError verify-*, target-*; verify-key-unknown where the record has another key for `identity`
 */
export async function verifyCard(station: Station, profile: Profile, targetPath: string, identity: Identity | undefined, signal: AbortSignal): Promise<CardReport> {
  const card = await station.custody.readCardKey(targetPath, profile.files);
  const { fingerprint, spki, type } = card.publicKey;
  const recorded = await station.record.findByFingerprint(fingerprint);
  const asked = identity ?? recorded?.identity;
  let server: ServerDevice | undefined;
  let serverError: ErrorReport | undefined;
  if (asked !== undefined) {
    try {
      server = await withServer(station, profile, signal, (connection) => {
        if (connection.blind !== undefined) throw new ImprintError('server-refused', connection.blind);
        return connection.findDevice(asked, signal);
      });
    } catch (thrown) {
      serverError = asImprintError(thrown).toReport();
    }
  }
  const sameIdentity = (one: Identity, other: Identity): boolean => identityKeyOf(station, profile, one) === identityKeyOf(station, profile, other);
  const expectedByServer = server?.keysHidden === true ? server.id === recorded?.serverDeviceId : (server?.authSets.some((set) => set.fingerprint === fingerprint && asked !== undefined && sameIdentity(set.identity, asked)) ?? false);
  const report = { fingerprint, publicKeyPem: publicKeyPem(spki), keyType: type, file: card.file, recorded, server, serverError, expectedByServer };
  if (identity !== undefined && (recorded === undefined || canonicalIdentity(recorded.identity) !== canonicalIdentity(identity))) {
    const owner = recorded === undefined ? 'the record does not know' : `belongs to ${describeIdentity(recorded.identity)}`;
    throw new ImprintError('verify-key-unknown', `This is not the card of ${describeIdentity(identity)}: its key, fingerprint ${fingerprint}, ${recorded === undefined ? `is one that ${owner}` : owner}.`, { field: 'identity' });
  }
  return { ...report, sentence: describe(report) };
}

function describe(report: Omit<CardReport, 'sentence'>): string {
  if (report.recorded === undefined) return 'The record does not know the key on this card.';
  const who = describeIdentity(report.recorded.identity);
  if (report.recorded.state === 'decommissioned') return `The key on this card was made for ${who}, which was decommissioned: do not use this card.`;
  if (report.recorded.state === 'released') return `The key on this card was made for ${who}, but that job did not succeed: do not use this card.`;
  if (report.serverError !== undefined) return `The record has this key for ${who}; the server could not be asked: ${report.serverError.sentence}`;
  if (report.expectedByServer && report.server?.keysHidden === true) return `The record has this key for ${who}, and the server knows the device, but shows nobody its key (${report.server.status}).`;
  if (report.expectedByServer) return `The record has this key for ${who}, and the server knows exactly this key (${report.server?.status ?? ''}).`;
  return `The record has this key for ${who}, but the server does not expect it.`;
}
