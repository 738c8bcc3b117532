import { ImprintError } from '../domain/errors';
import { canonicalIdentity, describeIdentity, readIdentity, type Identity } from '../domain/identity';
import { codesOf, factsOfPrint, readLabelCode } from '../domain/label-layout';
import type { LabelPrint, LabelStore } from '../domain/labels';
import type { DeviceDetails } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { now, type Station } from './station';

/** Those of a shift; older ones are closed from their device's page by nobody. */
const mostAwaited = 500;

/** A slot of the bench whose label is to be scanned. */
export interface AwaitingSlot {
  readonly name: string;
  readonly jobId: string;
  readonly identity: Identity;
}

/**
 * A scanned code, looked at as a printed label that closes its job: any code of it, or the identity in any notation.
 *
 * @param awaiting slots that wait for their label; the one that is meant first
 * @returns the label, closed now; undefined where the code is no label of a finished device
 * @throws ImprintError label-differs where a slot waits and the code is that of another device
 */
export async function scanBack(station: Station, labels: LabelStore, profile: Profile, text: string, awaiting: readonly AwaitingSlot[]): Promise<LabelPrint | undefined> {
  const { label } = profile;
  if (label?.scanBack !== true) return undefined;
  const scanned = text.trim();
  const awaited = (await labels.labelsToScan(mostAwaited)).filter(({ profileName }) => profileName === profile.name);
  const read = identityIn(profile, scanned);
  const found = awaited.find((print) => codesOf(label, factsOfPrint(print)).includes(scanned) || (read !== undefined && isSame(read, print.identity)));
  if (found !== undefined) return labels.scanLabel(found.printId, station.operator, now(station));
  const [expected] = awaiting;
  if (expected === undefined) return undefined;
  const other = await deviceOf(station, profile, scanned, read);
  if (other === undefined || (other.state !== 'preauthorized' && other.state !== 'accepted')) return undefined;
  const which = isSame(other.identity, expected.identity) ? 'is not printed yet, or was scanned already' : `belongs to another device`;
  throw new ImprintError('label-differs', `This label ${which}: it is that of ${describeIdentity(other.identity)}. ${expected.name} waits for the label of ${describeIdentity(expected.identity)}.`, {
    field: 'label',
    expected: `the label of ${describeIdentity(expected.identity)}`,
  });
}

/** The identity that the bench would read from this text alone. */
function identityIn({ identity: scheme }: Profile, scanned: string): Identity | undefined {
  const attribute = scheme.find(({ scan }) => scan);
  if (attribute === undefined) return undefined;
  try {
    return readIdentity([attribute], { [attribute.name]: scanned });
  } catch {
    return undefined;
  }
}

/** Whether all that was read is that of the device. */
function isSame(read: Identity, identity: Identity): boolean {
  return Object.entries(read).every(([name, value]) => identity[name] === value);
}

async function deviceOf({ record }: Station, profile: Profile, scanned: string, read: Identity | undefined): Promise<DeviceDetails | undefined> {
  const reading = profile.label === undefined ? undefined : readLabelCode(profile.label, scanned);
  if (reading?.fingerprint !== undefined) {
    const device = await record.findByFingerprint(reading.fingerprint);
    if (device !== undefined) return device;
  }
  for (const given of [reading?.attributes, read]) {
    const identity = given === undefined ? undefined : complete(profile, given);
    const device = identity === undefined ? undefined : await record.findByIdentity(identity);
    if (device !== undefined) return device;
  }
  return undefined;
}

/** With the profile's constants; undefined where attributes are missing. */
function complete({ identity: scheme }: Profile, given: Readonly<Record<string, string>>): Identity | undefined {
  try {
    const identity = readIdentity(scheme, given);
    return canonicalIdentity(identity) === '{}' ? undefined : identity;
  } catch {
    return undefined;
  }
}
