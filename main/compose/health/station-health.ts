/** The doctor's facts of this computer and this station, put together. */
import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { healthReportSchema, type HealthReport } from '../../contract/health';
import type { Drive } from '../../domain/drives';
import { asImprintError } from '../../domain/errors';
import { judge, worstState, type RecordFacts, type StationFacts, type StationHealth, type UpdateFacts } from '../../domain/health';
import type { Profile } from '../../domain/profile';
import type { FeedPlace } from '../../domain/update';
import { versionRefusal } from '../../domain/version';
import { listDrives } from '../../flash/drives';
import { coreDumpFacts, dataFolderFacts, diskFacts, memoryFacts, swapAreas, systemHealthRoots, udevRule, userFacts } from '../../health/system-facts';
import { storageClient } from '../../ipc/clients';
import { logClient } from '../../ipc/log-channel';
import { isUnofficial } from '../build-facts';
import { readIfThere } from '../durable-file';
import { installedBy } from '../installed-by';
import type { StationFolder } from '../station-folder';
import { storageProcess } from '../storage-process';
import { Keyring } from '../secrets';
import { SlotsStore } from '../slots-store';
import { stationVersion } from '../station-version';
import { feedOf, feedOffer } from '../update-feed';
import { serverClock } from './server-clock';

export interface Examined {
  readonly folder: StationFolder;
  /** Whose server's clock is asked, and whose bounds of the version count. */
  readonly profile?: Profile | undefined;
}

/** Nothing is made or changed by looking, and no credential is used. */
export function stationHealth({ folder, profile }: Examined, signal: AbortSignal): StationHealth {
  return { facts: () => stationFacts(folder, profile, signal) };
}

export async function healthReport(health: StationHealth, now: Date): Promise<HealthReport> {
  const findings = judge(await health.facts());
  return healthReportSchema.parse({ state: worstState(findings), at: now.toISOString(), version: stationVersion, findings });
}

async function stationFacts(folder: StationFolder, profile: Profile | undefined, signal: AbortSignal): Promise<StationFacts> {
  const roots = systemHealthRoots;
  const { username, uid } = userInfo();
  const [memory, swap, coreDumps, user, rule, readers, available, clock, updates, onRecord, onImages, dataFolder, record] = await Promise.all([
    memoryFacts(roots),
    swapAreas(roots),
    coreDumpFacts(roots),
    userFacts(roots, { name: username, uid, groups: process.getgroups?.() ?? [] }),
    udevRule(roots),
    readerFacts(folder),
    new Keyring(folder.keyring).available(),
    profile === undefined ? undefined : serverClock(profile.server, signal),
    updateFacts(folder, signal),
    diskFacts(folder.root),
    diskFacts(folder.images),
    dataFolderFacts(folder.root, uid),
    recordFacts(folder, signal),
  ]);
  return {
    memory,
    swap,
    coreDumps,
    user,
    udevRule: rule,
    readers,
    keyring: { available },
    clock,
    disks: { record: onRecord, images: onImages },
    folder: dataFolder,
    record,
    runtime: { station: stationVersion, electron: process.versions.electron, installed: installedBy(), unofficial: isUnofficial() },
    updates,
    versionRefused: profile === undefined ? undefined : versionRefusal(profile, stationVersion)?.message,
  };
}

/** Within what the window waits for all of it. */
const feedPatience = 8000;

async function updateFacts(folder: StationFolder, signal: AbortSignal): Promise<UpdateFacts | undefined> {
  let place: FeedPlace | undefined;
  try {
    place = feedOf(folder);
  } catch (thrown) {
    return { trouble: asImprintError(thrown).message };
  }
  if (place === undefined) return undefined;
  const silence = AbortSignal.timeout(feedPatience);
  try {
    return { offer: await feedOffer(place, stationVersion, AbortSignal.any([signal, silence])) };
  } catch (thrown) {
    return { trouble: silence.aborted ? `The feed of updates at ${new URL(place.url).host} did not answer within ${String(feedPatience / 1000)} s.` : asImprintError(thrown).message };
  }
}

async function readerFacts({ root }: StationFolder): Promise<StationFacts['readers']> {
  const drives = await Promise.all((await listDrives()).map(async (drive: Drive) => ({ ...drive, permitted: await mayWrite(drive.path) })));
  return { drives, slots: boundSlots(root) };
}

function boundSlots(root: string): StationFacts['readers']['slots'] {
  try {
    return new SlotsStore(root).read();
  } catch {
    // A file that cannot be read binds nothing; whoever opens the window is told.
    return [];
  }
}

/** Checked within a second or two. */
const checkedAtOnce = 20_000;

/** Only records that are there are opened: looking must make none. */
async function recordFacts({ root, record }: StationFolder, signal: AbortSignal): Promise<RecordFacts> {
  if (!existsSync(record)) return { state: 'none' };
  const storage = storageProcess(record);
  try {
    const log = logClient(storage);
    const { size } = await log.head();
    const checked = size <= checkedAtOnce;
    const found = checked ? await log.check(undefined, () => undefined, signal) : undefined;
    const before = readIfThere(join(root, 'log-broken.txt'))?.trim();
    return { state: 'readable', entries: size, checked, broken: found?.sound === false ? found.sentence : before };
  } catch (thrown) {
    const { code, message } = asImprintError(thrown);
    return { state: 'unreadable', code, sentence: message };
  } finally {
    await storageClient(storage).close().catch(() => undefined);
    await storage.stop();
  }
}

function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}
