/** `update feed` and `update fetch`: what the feed of the settings offers, and bringing it here. Both apply nothing. */
import { ImprintError } from '../../domain/errors';
import { describeBytes } from '../../domain/targets';
import type { FeedOffer } from '../../domain/update';
import { askFeed } from '../../update/feed';
import { assertPublisherKnown } from '../../update/update-file';
import { lockFolder } from '../folder-lock';
import { stationFolder, type StationFolder } from '../station-folder';
import { feedOffer, fetchedUpdate, fetchUpdate, requiredFeed } from '../update-feed';
import { updateKeys } from '../update-station';
import type { CommandContext } from './arguments';

/** @param installed what it is compared with */
export async function lookAtFeed(context: CommandContext, installed: string): Promise<number> {
  const { output, signal } = context;
  const folder = stationFolder(context.dataFolder, false);
  const feed = requiredFeed(folder);
  const offer = await feedOffer(feed, installed, signal);
  const fetched = fetchedUpdate(folder);
  output.emit({ event: 'result', feed: feed.url, installed, offer, fetched });
  output.print(offered(offer, installed));
  if (fetched !== undefined) output.print(`Fetched already: ${fetched}. Next: imprint update apply`);
  else if (offer.newer) output.print('Next: imprint update fetch');
  return 0;
}

export async function fetchFromFeed(context: CommandContext, installed: string): Promise<number> {
  const { output, signal } = context;
  const folder = stationFolder(context.dataFolder, false);
  const place = requiredFeed(folder);
  const keys = updateKeys();
  // Before megabytes are fetched that nobody here could trust.
  assertPublisherKnown(keys, 'updates.feed');
  const lock = await lockFolder('update-fetch', folder.root);
  if (lock === undefined) throw new ImprintError('slot-busy', 'Another command fetches an update for this station: wait until it has ended.', { field: 'updates.feed' });
  try {
    const feed = await askFeed(place, installed, signal);
    try {
      const { offer } = feed;
      if (!offer.newer) {
        output.emit({ event: 'result', feed: place.url, installed, offer });
        output.print(offered(offer, installed));
        return 0;
      }
      const { path, here } = await fetchUpdate(feed, { folder, keys, signal, progress: (progress) => output.emit({ event: 'progress', ...progress }), milliseconds: () => performance.now() });
      const sentence = `Imprint ${offer.version} ${here ? 'was fetched before' : 'is here'}, signed, and every file of it is as it was signed: ${path}`;
      output.emit({ event: 'result', feed: place.url, installed, offer, fetched: path, sentence });
      output.print(sentence);
      output.print('Next, when no card is being made: imprint update apply');
      return 0;
    } finally {
      feed.close();
    }
  } finally {
    lock.close();
  }
}

/** @throws ImprintError update-refused where nothing was fetched */
export function requiredFetched(folder: StationFolder): string {
  const path = fetchedUpdate(folder);
  if (path !== undefined) return path;
  throw new ImprintError('update-refused', 'No update was fetched, and no file was named.', { field: 'FILE', expected: 'imprint update apply FILE, or imprint update fetch before' });
}

function offered({ version, newer, bytes }: FeedOffer, installed: string): string {
  return newer ? `The feed offers Imprint ${version} (${describeBytes(bytes)}); ${installed} is installed.` : `The feed offers nothing newer: it has ${version}, and ${installed} is installed.`;
}
