import { asImprintError, cancelled, ImprintError } from '../domain/errors';
import type { FeedOffer, FeedPlace } from '../domain/update';
import type { FeedUpdater } from './feed-updater';

/** A feed that was asked; `fetch` brings what it offers. */
export interface AskedFeed {
  readonly offer: FeedOffer;
  /**
   * SECURITY: only the digest of the feed is checked, which proves nothing of a publisher: UpdateFile does that.
   *
   * @param path of a file that is not there yet. @param counted told of the bytes that are here, of `offer.bytes`. @throws ImprintError server-*, update-invalid, cancelled
   */
  fetch(path: string, signal: AbortSignal, counted: (bytes: number) => void): Promise<void>;
  close(): void;
}

/**
 * Asks a feed once. Nothing is sent but the request for its list.
 *
 * @param installed the version that is here
 * @throws ImprintError server-unreachable, server-untrusted, server-reply-invalid, cancelled
 */
export async function askFeed(place: FeedPlace, installed: string, signal: AbortSignal): Promise<AskedFeed> {
  // Only now: electron-updater is in no one's way who has no feed.
  const { FeedUpdater } = await import('./feed-updater');
  const updater = new FeedUpdater(place, installed);
  try {
    return await asked(updater, place, signal);
  } catch (thrown) {
    updater.close();
    throw signal.aborted ? cancelled() : feedError(thrown, place);
  }
}

async function asked(updater: FeedUpdater, place: FeedPlace, signal: AbortSignal): Promise<AskedFeed> {
  const { newer, info } = await untilAborted(updater.look(), signal);
  const [{ url: file, size: bytes }] = info.files;
  return {
    offer: { version: info.version, newer, file, bytes },
    close: () => updater.close(),
    async fetch(path, ends, counted) {
      try {
        await updater.fetch(path, ends, counted);
      } catch (thrown) {
        throw ends.aborted ? cancelled() : feedError(thrown, place);
      }
    },
  };
}

/** electron-updater cannot be told to stop asking; its connection ends with the agent. */
function untilAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(cancelled());
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

const certificateCodes = /^(?:CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|ERR_TLS_CERT|INVALID_CA)/;

/** SECURITY: codes only; a foreign message may hold whatever the other side sent. */
function feedError(thrown: unknown, { url }: FeedPlace): ImprintError {
  const [code, cause] = codeOf(thrown);
  if (cause instanceof ImprintError) return cause;
  const field = 'updates.feed';
  const { host } = new URL(url);
  if (code === 'ERR_CHECKSUM_MISMATCH') return new ImprintError('update-invalid', 'What came from the feed is not what the feed announced, or did not come whole; it was thrown away.', { field, expected: 'the file that belongs to the feed\'s list', cause });
  if (code === 'ERR_UPDATER_INVALID_UPDATE_INFO') return new ImprintError('server-reply-invalid', 'The feed of updates offers something that is no list of versions.', { field, cause });
  if (certificateCodes.test(code)) return new ImprintError('server-untrusted', `The certificate of ${host} is not trusted (${code}); nothing was fetched.`, { field: 'updates.caFile', expected: 'the authority that issued it', cause });
  if (['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EEXIST'].includes(code)) return asImprintError(cause);
  return new ImprintError('server-unreachable', `The feed of updates at ${host} cannot be reached (${code}).`, { field, expected: 'an address that this computer reaches', cause });
}

function codeOf(thrown: unknown): readonly [code: string, cause: unknown] {
  for (let at = thrown; at instanceof Error; at = at.cause) {
    if (at instanceof ImprintError) return ['', at];
    if (at instanceof AggregateError && at.errors.length > 0) return codeOf(at.errors[0]);
    if ('code' in at && typeof at.code === 'string') return [at.code, at];
  }
  return ['no answer', thrown];
}
