import type { WatchView } from '../contract/window-channel';
import { asImprintError, type ImprintError } from '../domain/errors';
import type { Profile } from '../domain/profile';
import type { Station } from '../station/station';
import { AcceptanceWatch, type WatchReport } from '../station/watch';
import { unattended } from './secrets';

export interface SessionWatchOptions {
  readonly station: Station;
  readonly profile: Profile;
  readonly changed: (view: WatchView) => void;
}

const fastestMilliseconds = 250;

/** The acceptance watch as the window sees it. */
export class SessionWatch {
  readonly #options: SessionWatchOptions;
  readonly #watch: AcceptanceWatch;
  #closed = false;
  #view: WatchView = { asking: false };
  #toldAt = 0;

  constructor(options: SessionWatchOptions) {
    this.#options = options;
    this.#watch = new AcceptanceWatch(options.station, options.profile, {
      changed: (report) => {
        this.#ended(report);
      },
      trouble: (sentence, nextAt) => {
        this.#show({ ...this.#view, asking: false, trouble: sentence, nextAt });
      },
      progress: (done, total) => {
        this.#progress(done, total);
      },
      scheduled: (nextAt) => {
        this.#show({ ...this.#view, asking: false, nextAt });
      },
    });
  }

  get view(): WatchView {
    return this.#view;
  }

  start(): void {
    unattended(() => {
      this.#watch.start();
    });
  }

  /** A round that a person wants: it may ask this person for a password. What goes wrong is told as trouble. */
  async askNow(): Promise<void> {
    this.#show({ ...this.#view, asking: true, done: undefined, total: undefined });
    try {
      await this.#watch.askNow();
    } catch (thrown) {
      this.#failed(asImprintError(thrown));
    }
  }

  /** A job got through to the server: what kept the watch from it may be over. */
  serverAnswered(): void {
    if (this.#view.trouble !== undefined && !this.#view.asking) void unattended(() => this.askNow());
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#watch.close();
  }

  #ended({ at, checked, changed }: WatchReport): void {
    this.#show({ asking: false, last: { at, checked, changed }, nextAt: this.#view.nextAt });
  }

  #failed(error: ImprintError): void {
    this.#show({ ...this.#view, asking: false, ...(this.#closed ? {} : { trouble: error.message }) });
  }

  #progress(done: number, total: number): void {
    this.#view = { ...this.#view, asking: true, done, total };
    if (Date.now() - this.#toldAt >= fastestMilliseconds) this.#show(this.#view);
  }

  #show(view: WatchView): void {
    this.#view = view;
    this.#toldAt = Date.now();
    this.#options.changed(view);
  }
}
