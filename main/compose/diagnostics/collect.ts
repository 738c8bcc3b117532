/** Everything that goes into a diagnostics bundle, read from where it is. What cannot be read is said, and the rest goes in. */
import { readFileSync } from 'node:fs';
import { arch, release, type as systemType } from 'node:os';
import { app } from 'electron';
import { diagnosticsSchema, type Diagnostics } from '../../contract/diagnostics-file';
import { asImprintError } from '../../domain/errors';
import { judge, worstState, type StationFacts } from '../../domain/health';
import type { Profile } from '../../domain/profile';
import { ErrorLog } from '../error-log';
import { stationHealth } from '../health/station-health';
import type { StationFolder } from '../station-folder';
import { stationSettings } from '../station-settings';
import { stationVersion } from '../station-version';
import { usedLately } from '../used-lately';
import { profileSummary, settingsSummary } from './allowed';

export interface CollectRequest {
  readonly dataFolder: string;
  readonly folder: StationFolder;
  readonly profile?: Profile | undefined;
}

export async function collectDiagnostics({ dataFolder, folder, profile }: CollectRequest, now: Date, signal: AbortSignal): Promise<Diagnostics> {
  const missing: string[] = [];
  const orMissing = async <Value>(what: string, read: () => Value | Promise<Value>, instead: Value): Promise<Value> => {
    try {
      return await read();
    } catch (thrown) {
      missing.push(`${what} could not be read (${asImprintError(thrown).code}).`);
      return instead;
    }
  };
  const facts = await stationHealth({ folder, profile }, signal).facts();
  const findings = judge(facts);
  const { jobs, profiles } = await orMissing('The record', () => usedLately(folder, now), { jobs: [], profiles: [] });
  const settings = await orMissing('The settings', () => settingsSummary(stationSettings(folder.root)), undefined);
  // SECURITY: the schema is closed; a member that nobody put into it ends this here instead of leaving the station.
  return diagnosticsSchema.parse({
    made: { at: now.toISOString(), version: stationVersion, electron: process.versions.electron, chrome: process.versions['chrome'], node: process.versions.node, system: `${systemType()} ${release()}`, architecture: arch(), packaged: app.isPackaged },
    health: { state: worstState(findings), at: now.toISOString(), version: stationVersion, findings },
    limits: limits(),
    drives: facts.readers.drives.map((drive) => driveSummary(drive, facts.readers.slots)),
    missing,
    settings,
    profiles: [...(profile === undefined ? [] : [profile]), ...profiles.filter((kept) => kept.name !== profile?.name)].map(profileSummary),
    failedJobs: jobs.filter(({ state }) => state === 'failed' || state === 'compensated').map((job) => ({ at: job.startedAt, slot: job.slot, profile: job.profileName, state: job.state, step: job.steps.find((step) => step.state === 'failed')?.name })),
    errors: await orMissing('The errors', () => [...new ErrorLog(dataFolder).read()], []),
  });
}

function driveSummary(drive: StationFacts['readers']['drives'][number], slots: StationFacts['readers']['slots']): Diagnostics['drives'][number] {
  const { path, bytes, mediaPresent, model, vendor, bus, portPath, removable, readOnly, usedBy, systemDisk } = drive;
  return { path, bytes, mediaPresent, model, vendor, bus, port: portPath, removable, readOnly, inUse: usedBy.length > 0, systemDisk, slot: slots.find(({ port }) => port === portPath)?.name };
}

/** Limits of this process (proc(5)). */
function limits(): Diagnostics['limits'] {
  const lines = readFileSync('/proc/self/limits', 'utf8').split('\n').slice(1);
  return lines.flatMap((line) => {
    const [, name, soft, hard] = /^(.{25})\s*(\S+)\s+(\S+)/.exec(line) ?? [];
    return name === undefined || soft === undefined || hard === undefined ? [] : [{ name: name.trim(), soft, hard }];
  });
}
