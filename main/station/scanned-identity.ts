import { readIdentity, type Identity } from '../domain/identity';
import type { Profile } from '../domain/profile';
import { readScan, rulesOf } from '../domain/scan-rules';
import type { Station } from './station';

/**
 * The identity of a scanned code by the rules of its profile.
 *
 * @param others what was typed besides; what the code says itself counts more
 * @throws ImprintError identity-*, profile-invalid
 */
export function scannedIdentity(station: Pick<Station, 'readScanPattern'>, profile: Profile, text: string, others: Readonly<Record<string, string>>): Identity {
  const read = readScan(rulesOf(profile), text, station.readScanPattern);
  return readIdentity(profile.identity, { ...others, ...read });
}
