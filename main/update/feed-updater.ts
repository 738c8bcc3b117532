import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { request as requestHttp, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { CancellationToken, configureRequestUrl, HttpExecutor, type UpdateInfo } from 'builder-util-runtime';
import { AppUpdater, type DownloadUpdateOptions } from 'electron-updater/out/AppUpdater';
import { GenericProvider } from 'electron-updater/out/providers/GenericProvider';
import { updateFeedSchema, type FeedFile, type FeedInfo } from '../contract/update-feed';
import { ImprintError } from '../domain/errors';
import type { FeedPlace } from '../domain/update';

/** More than this is no list of versions. */
const largestList = 256 * 1024;
const patience = 30_000;

type Answered = (response: IncomingMessage) => void;

/**
 * Requests to one feed.
 *
 * SECURITY: the feed's origin and nothing else (the library would follow redirects anywhere, without an end), TLS always checked,
 * nothing sent that tells one station from another, and no reply read that is longer than it may be.
 */
class FeedRequests extends HttpExecutor<ClientRequest> {
  /** Bytes that the next reply may have, and who counts them. */
  #mostBytes = largestList;
  #counted: (bytes: number) => void = () => undefined;
  readonly #place: FeedPlace;
  readonly #agent: HttpsAgent | undefined;

  constructor(place: FeedPlace) {
    super();
    this.#place = place;
    const { authorities, httpsProxy, noProxy, url } = place;
    if (new URL(url).protocol !== 'https:') return;
    this.#agent = new HttpsAgent({ ca: [...authorities], ...(httpsProxy === undefined ? {} : { proxyEnv: { HTTPS_PROXY: httpsProxy, NO_PROXY: noProxy } }) });
  }

  override createRequest({ protocol, hostname, port, path, method = 'GET' }: RequestOptions, answered: Answered): ClientRequest {
    const { origin } = new URL(this.#place.url);
    const asked = new URL(`${protocol ?? ''}//${hostname ?? ''}${port === undefined || port === null ? '' : `:${String(port)}`}`);
    if (asked.origin !== origin) throw new Error(`not the feed: ${asked.origin}`);
    const [most, counted] = [this.#mostBytes, this.#counted];
    const options = { protocol, hostname, port, path, method, headers: { 'accept': '*/*', 'user-agent': 'imprint', 'cache-control': 'no-cache' } };
    const request = asked.protocol === 'https:' ? requestHttps({ ...options, agent: this.#agent }) : requestHttp(options);
    request.once('response', (response) => {
      const { statusCode = 0 } = response;
      if (statusCode !== 200) return void request.destroy(replyInvalid(statusCode >= 300 && statusCode < 400 ? `wants to redirect (HTTP ${String(statusCode)}), which is not followed` : `answers with HTTP ${String(statusCode)} for ${path?.split('?')[0] ?? ''}`));
      let read = 0;
      response.on('data', (chunk: Buffer | string) => {
        read += chunk.length;
        if (read > most) request.destroy(replyInvalid('sends more than it may'));
        else counted(read);
      });
      answered(response);
    });
    return request;
  }

  override addErrorAndTimeoutHandlers(request: ClientRequest, reject: (error: Error) => void): void {
    super.addErrorAndTimeoutHandlers(request, reject, patience);
  }

  /** Into a file that is not there yet. @throws what the connection and the filesystem throw; ERR_CHECKSUM_MISMATCH */
  download(url: URL, destination: string, { sha512, size }: FeedFile, cancellationToken: CancellationToken, counted: (bytes: number) => void): Promise<void> {
    this.#mostBytes = size;
    // The library's own count wants a length in the reply's head, and comes once a second.
    this.#counted = counted;
    return cancellationToken.createPromise((resolve, reject, onCancel) => {
      const requestOptions: RequestOptions = {};
      configureRequestUrl(url, requestOptions);
      const callback = (error?: Error | null): void => {
        if (error instanceof Error) reject(error);
        else resolve();
      };
      this.doDownload(requestOptions, { destination, options: { cancellationToken, sha512 }, onCancel, callback, responseHandler: null }, 0);
    });
  }

  close(): void {
    this.#agent?.destroy();
  }
}

/**
 * electron-updater without its end: it finds out whether the feed has something newer, fetches it and checks its digest. What
 * it would do then on Linux (pkexec, dpkg, an AppImage over itself) trusts the feed; here the update's own signature is asked.
 */
export class FeedUpdater extends AppUpdater {
  readonly #place: FeedPlace;
  readonly #requests: FeedRequests;
  #into = '';
  #counted: (bytes: number) => void = () => undefined;

  /** @param version that is installed */
  constructor(place: FeedPlace, version: string) {
    // The paths are for what is never asked of it: its own settings, its cache, an identity of this station.
    super(null, { version, name: 'imprint', isPackaged: true, appUpdateConfigPath: '', userDataPath: '', baseCachePath: '', whenReady: () => Promise.resolve(), relaunch: never, quit: never, onQuit: () => undefined });
    this.logger = null;
    this.autoDownload = false;
    this.autoInstallOnAppQuit = false;
    this.#place = place;
    this.#requests = new FeedRequests(place);
  }

  /** What the feed has, and whether it is newer. */
  async look(): Promise<{ readonly newer: boolean; readonly info: FeedInfo }> {
    const result = await this.checkForUpdates();
    if (result === null) throw new Error('nothing was asked');
    return { newer: result.isUpdateAvailable, info: result.updateInfo as UpdateInfo & FeedInfo };
  }

  /** Fetches what look() has found. @param counted told of the bytes that are here */
  async fetch(into: string, signal: AbortSignal, counted: (bytes: number) => void): Promise<void> {
    const token = new CancellationToken();
    const cancel = (): void => token.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    this.#into = into;
    this.#counted = counted;
    try {
      signal.throwIfAborted();
      await this.downloadUpdate(token);
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  close(): void {
    this.#requests.close();
  }

  protected override async getUpdateInfoAndProvider(): ReturnType<AppUpdater['getUpdateInfoAndProvider']> {
    const options = { isUseMultipleRangeRequest: false, platform: process.platform, executor: this.#requests };
    // Its type wants Chromium's requests, its code any HttpExecutor.
    const provider = new GenericProvider({ provider: 'generic', url: this.#place.url }, this, options as unknown as ConstructorParameters<typeof GenericProvider>[2]);
    const told: unknown = await provider.getLatestVersion();
    const parsed = updateFeedSchema.safeParse(told);
    if (!parsed.success) throw replyInvalid(`offers something that is not as agreed at ${parsed.error.issues[0]?.path.join('.') ?? '?'}`);
    return { info: parsed.data as unknown as UpdateInfo, provider };
  }

  protected override async doDownloadUpdate({ updateInfoAndProvider, cancellationToken }: DownloadUpdateOptions) {
    const { provider, info } = updateInfoAndProvider;
    const [file] = provider.resolveFiles(info);
    if (file === undefined) throw replyInvalid('offers no file');
    await this.#requests.download(file.url, this.#into, file.info as FeedFile, cancellationToken, this.#counted);
    return { updateFile: this.#into };
  }

  override quitAndInstall(): never {
    return never();
  }
}

/** @param what continues a sentence: `The feed of updates …` */
function replyInvalid(what: string): ImprintError {
  return new ImprintError('server-reply-invalid', `The feed of updates ${what}.`, { field: 'updates.feed', expected: 'a folder that "npm run update:make -- --feed" has written' });
}

function never(): never {
  throw new Error('an update is applied by a person');
}
