/** Updates of the station: what a signed update file says, and whether this station takes it. Format: docs/updates.md. */
import { ImprintError } from './errors';
import { describeBytes } from './targets';
import { compareVersions, versionRefusal, type StationVersions } from './version';

export interface UpdateFileFacts {
  /** Below the package, with slashes. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly executable: boolean;
}

export interface UpdateManifest {
  readonly format: 1;
  /** The version that it brings. */
  readonly version: string;
  /** The oldest version that it can follow. */
  readonly from: string;
  /** The schema to which that version brings a record. */
  readonly recordSchema: number;
  readonly target: { readonly platform: string; readonly architecture: string };
  /** The file of the package that is started. */
  readonly program: string;
  /** ISO 8601 UTC. */
  readonly madeAt: string;
  readonly files: readonly UpdateFileFacts[];
}

export interface InstalledVersion {
  readonly version: string;
  /** Absent where nobody knows it. */
  readonly recordSchema?: number | undefined;
  /** The record as it was before another version came. */
  readonly backup?: string | undefined;
}

/** What counts for whether an update is taken. */
export interface UpdateSituation {
  /** Absent where nothing is installed yet. */
  readonly installed?: string | undefined;
  readonly platform: string;
  readonly architecture: string;
  /** Of the record that is here, after the installed version has worked with it; absent where there is none. */
  readonly recordSchema?: number | undefined;
  /** Room for what is unpacked; absent where nothing will be. */
  readonly freeBytes?: number | undefined;
  /** The profile that was named: its bounds count always. */
  readonly profile?: PinnedProfile | undefined;
  /** Profiles that were used lately. */
  readonly used: readonly PinnedProfile[];
  /** An older version is meant. */
  readonly rollBack: boolean;
  /** An admin's reason why a bound or a newer record does not matter. */
  readonly override?: string | undefined;
}

export interface PinnedProfile {
  readonly name: string;
  readonly station?: StationVersions | undefined;
}

/** Where the factory's updates lie, and how that is reached. */
export interface FeedPlace {
  /** https, or http on this computer. */
  readonly url: string;
  /** PEM certificates that are trusted there. */
  readonly authorities: readonly string[];
  /** HTTPS_PROXY and NO_PROXY of the session. */
  readonly httpsProxy?: string | undefined;
  readonly noProxy?: string | undefined;
}

/** What a feed of updates has. */
export interface FeedOffer {
  readonly version: string;
  /** Newer than what is installed. */
  readonly newer: boolean;
  /** Its name at the feed, and here once it is fetched. */
  readonly file: string;
  readonly bytes: number;
}

export function unpackedBytes({ files }: Pick<UpdateManifest, 'files'>): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Why this station does not take an update, the most important first; none where it does. */
export function updateRefusals(manifest: UpdateManifest, situation: UpdateSituation): readonly ImprintError[] {
  const { version, from, target } = manifest;
  const { installed, platform, architecture, rollBack, freeBytes } = situation;
  const found: ImprintError[] = [];
  const refuse = (field: string, sentence: string, expected: string): void => void found.push(new ImprintError('update-refused', sentence, { field, expected }));
  if (target.platform !== platform || target.architecture !== architecture) {
    refuse('target', `This update is for ${target.platform} on ${target.architecture}, and this computer is ${platform} on ${architecture}.`, `an update for ${platform} on ${architecture}`);
  }
  if (installed !== undefined) {
    const order = compareVersions(version, installed);
    if (order === 0) refuse('version', `Version ${version} is installed already.`, 'another version');
    if (order < 0 && !rollBack) refuse('version', `This update brings ${version}, and ${installed} is installed: that would be a step back.`, '--roll-back, where that is meant');
    if (order > 0 && compareVersions(installed, from) < 0) refuse('from', `This update follows ${from} or newer, and ${installed} is installed: install ${from} first.`, `version ${from} or newer`);
  }
  const needed = unpackedBytes(manifest);
  if (freeBytes !== undefined && freeBytes < needed) {
    refuse('installation', `Version ${version} needs ${describeBytes(needed)} beside the version that is installed, and ${describeBytes(freeBytes)} are free there.`, `a disk with ${describeBytes(needed)} free`);
  }
  return [...found, ...bringingRefusals({ version, recordSchema: manifest.recordSchema }, situation)];
}

/** What stands against a version, whether an update file brings it or it lies here from before. */
export function bringingRefusals({ version, recordSchema }: InstalledVersion, { recordSchema: ofRecord, profile, used, override }: Pick<UpdateSituation, 'recordSchema' | 'profile' | 'used' | 'override'>): readonly ImprintError[] {
  const pinned = [...(profile === undefined ? [] : [profile]), ...(override === undefined ? used : [])];
  const pins = pinned.map((each) => versionRefusal(each, version, 'this version')).filter((error) => error !== undefined);
  if (ofRecord === undefined || recordSchema === undefined || ofRecord <= recordSchema || override !== undefined) return pins;
  const sentence = `The record was brought to schema ${String(ofRecord)}, and version ${version} reads up to ${String(recordSchema)}: it would refuse the record until an older one is put in its place.`;
  return [...pins, new ImprintError('update-refused', sentence, { field: 'recordSchema', expected: '--override REASON, and afterwards "imprint restore --from BACKUP --override REASON"' })];
}
