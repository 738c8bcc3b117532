/** Versions of the station: which is newer, and which a profile lets work. */
import { ImprintError } from './errors';

/** `0.2.0`; as a bound of a profile also `0.2`, which stands for all of its patches. */
export const versionPattern = /^(?:0|[1-9]\d{0,5})\.(?:0|[1-9]\d{0,5})(?:\.(?:0|[1-9]\d{0,5}))?$/;

/** The versions that a profile was approved with; each bound counts among them. */
export interface StationVersions {
  readonly atLeast?: string | undefined;
  readonly atMost?: string | undefined;
}

const numbersOf = (version: string): readonly number[] => version.split('.').map(Number);

/** Below zero where `one` is older. Only the parts that both have are compared: 0.2.7 is neither older nor newer than 0.2. */
export function compareVersions(one: string, other: string): number {
  const [left, right] = [numbersOf(one), numbersOf(other)];
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Why a version may not work with a profile; undefined where it may. @param who continues to `is …`: `this station` */
export function versionRefusal(profile: { readonly name: string; readonly station?: StationVersions | undefined }, version: string, who = 'this station'): ImprintError | undefined {
  const { atLeast, atMost } = profile.station ?? {};
  if (atLeast !== undefined && compareVersions(version, atLeast) < 0) {
    return new ImprintError('station-version', `The profile "${profile.name}" wants a station of version ${atLeast} or newer, and ${who} is ${version}.`, { field: 'station.atLeast', expected: `version ${atLeast} or newer` });
  }
  if (atMost !== undefined && compareVersions(version, atMost) > 0) {
    return new ImprintError('station-version', `The profile "${profile.name}" was approved up to version ${atMost}, and ${who} is ${version}.`, { field: 'station.atMost', expected: `version ${atMost} or older` });
  }
  return undefined;
}

/** @throws ImprintError station-version before anything was reserved */
export function assertVersionAllowed(profile: { readonly name: string; readonly station?: StationVersions | undefined }, version: string): void {
  const refusal = versionRefusal(profile, version);
  if (refusal !== undefined) throw refusal;
}

/** What a package that was made to try out packages has behind its version (scripts/package.mjs). */
export const smokeSuffix = '-smoke.unofficial-runtime';

/** What a program says to `--version`. */
export const versionLine = (version: string, build: string): string => `imprint ${version} (build ${build.slice(0, 12)})`;

/** The same, read; undefined where it is another program's. */
export function readVersionLine(said: string): { readonly version: string; readonly smoke: boolean } | undefined {
  const [, version = '', suffix] = /^imprint (\d+\.\d+\.\d+)(-smoke\.unofficial-runtime)?(?: \(build [0-9a-f]{12}\))?$/.exec(said) ?? [];
  return versionPattern.test(version) ? { version, smoke: suffix !== undefined } : undefined;
}
