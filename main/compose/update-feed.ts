/** The feed of updates that the station's settings name, and what was fetched from it. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ImprintError } from '../domain/errors';
import type { ProgressListener } from '../domain/job';
import { ProgressMeter } from '../domain/progress';
import { describeBytes } from '../domain/targets';
import type { FeedOffer, FeedPlace } from '../domain/update';
import { diskFacts } from '../health/system-facts';
import { proxyOfEnvironment, systemAuthorities } from '../servers/http/http-route';
import { askFeed, type AskedFeed } from '../update/feed';
import { UpdateFile } from '../update/update-file';
import { authorityFile } from './authority-file';
import { syncFile, syncFolder } from './durable-file';
import type { StationFolder } from './station-folder';
import { stationSettings } from './station-settings';

/** What the record may need while an update lies here. */
const roomBesides = 256 * 2 ** 20;

/** @returns undefined where the settings name none. @throws ImprintError profile-invalid */
export function feedOf({ root }: StationFolder, environment: NodeJS.ProcessEnv = process.env): FeedPlace | undefined {
  const { updates } = stationSettings(root);
  if (updates === undefined) return undefined;
  return {
    url: updates.feed,
    authorities: updates.caFile === undefined ? systemAuthorities() : [authorityFile(updates.caFile, 'updates.caFile', 'the feed of updates')],
    ...proxyOfEnvironment(environment),
  };
}

/** @throws ImprintError update-refused where there is none: nothing is asked that nobody named */
export function requiredFeed(folder: StationFolder): FeedPlace {
  const feed = feedOf(folder);
  if (feed !== undefined) return feed;
  throw new ImprintError('update-refused', 'This station asks no feed of updates: its settings name none.', { field: 'updates.feed', expected: `"updates": {"feed": "https://…"} in ${join(folder.root, 'settings.json')}, or an update file on a stick` });
}

/** Asked, and not fetched. @throws ImprintError as askFeed() */
export async function feedOffer(place: FeedPlace, installed: string, signal: AbortSignal): Promise<FeedOffer> {
  const feed = await askFeed(place, installed, signal);
  feed.close();
  return feed.offer;
}

const folderOf = ({ root }: StationFolder): string => join(root, 'updates');

/** The update that was fetched last; undefined where there is none. */
export function fetchedUpdate(folder: StationFolder): string | undefined {
  const kept = folderOf(folder);
  if (!existsSync(kept)) return undefined;
  const [name] = readdirSync(kept).filter((each) => each.endsWith('.update'));
  return name === undefined ? undefined : join(kept, name);
}

/** It was applied, or another one takes its place. */
export function removeFetched(folder: StationFolder): void {
  rmSync(folderOf(folder), { recursive: true, force: true });
}

export interface FetchParts {
  readonly folder: StationFolder;
  /** Whose updates are taken, as keys.ts has them. */
  readonly keys: readonly string[];
  readonly signal: AbortSignal;
  readonly progress: ProgressListener;
  readonly milliseconds: () => number;
}

/**
 * Brings what the feed offers into the station's folder, and reads every byte of it against its publisher's signature.
 *
 * SECURITY: under its own name only when a trusted publisher signed it, and as the version that the feed announced.
 * CRASH: what a kill leaves is thrown away by the next fetch; what was fetched before stays until then.
 *
 * @returns its path; `here` where it had been fetched before
 * @throws ImprintError server-*, update-invalid, update-refused, cancelled
 */
export async function fetchUpdate(feed: AskedFeed, parts: FetchParts): Promise<{ readonly path: string; readonly here: boolean }> {
  const { folder, keys, signal, progress, milliseconds } = parts;
  const { offer } = feed;
  const kept = folderOf(folder);
  const path = join(kept, offer.file);
  if (existsSync(path) && (await isSound(path, offer, keys, signal))) return { path, here: true };
  removeFetched(folder);
  mkdirSync(kept, { recursive: true, mode: 0o700 });
  await assertRoom(kept, offer.bytes);
  const unfinished = join(kept, 'unfinished');
  try {
    const meter = new ProgressMeter('fetch', offer.bytes, progress, milliseconds);
    let before = 0;
    await feed.fetch(unfinished, signal, (bytes) => {
      meter.add(bytes - before);
      before = bytes;
    });
    await assertOffered(unfinished, offer, keys, signal);
    syncFile(unfinished);
    renameSync(unfinished, path);
    syncFolder(kept);
    return { path, here: false };
  } catch (thrown) {
    removeFetched(folder);
    throw thrown;
  }
}

async function isSound(path: string, offer: FeedOffer, keys: readonly string[], signal: AbortSignal): Promise<boolean> {
  try {
    await assertOffered(path, offer, keys, signal);
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** @throws ImprintError update-invalid */
async function assertOffered(path: string, offer: FeedOffer, keys: readonly string[], signal: AbortSignal): Promise<void> {
  const update = await UpdateFile.open(path, keys);
  try {
    await update.check(signal);
    const { version } = update.manifest;
    if (version === offer.version) return;
    throw new ImprintError('update-invalid', `The feed announced version ${offer.version} and sent ${version}, which is signed but not what was asked for; it was thrown away.`, { field: 'updates.feed', expected: `version ${offer.version}` });
  } finally {
    update.close();
  }
}

async function assertRoom(folder: string, bytes: number): Promise<void> {
  const { freeBytes: free } = await diskFacts(folder);
  if (free >= bytes + roomBesides) return;
  throw new ImprintError('update-refused', `The update has ${describeBytes(bytes)}, and ${describeBytes(free)} are free where it would lie; nothing was fetched.`, { field: 'disk', expected: `${describeBytes(bytes + roomBesides)} free at ${folder}` });
}
