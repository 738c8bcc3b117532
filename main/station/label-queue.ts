import { asImprintError, ImprintError } from '../domain/errors';
import type { LabelPrint } from '../domain/labels';
import type { Profile } from '../domain/profile';
import { printWaiting, type LabelTools } from './labels';
import { Backoff, realPause, untilAborted, type Pause } from './pauses';

export interface LabelQueueState {
  /** Of this profile: those that wait, and those of which only a person knows whether they were printed. */
  readonly unfinished: readonly LabelPrint[];
  readonly nextTryAt?: string | undefined;
  /** Why they wait. */
  readonly sentence?: string | undefined;
}

export interface LabelQueueListeners {
  changed(state: LabelQueueState): void;
  /** A label is in another state. */
  label(print: LabelPrint): void;
}

export interface LabelQueueOptions {
  /** Milliseconds until the first repetition. */
  readonly interval?: number | undefined;
  readonly pause?: Pause | undefined;
}

const usualInterval = 5000;
const longestInterval = 2 * 60_000;

/** Labels of one profile: printed as soon as their device is finished, or as soon as the printer is back. */
export class LabelQueue {
  readonly #tools: LabelTools;
  readonly #profile: Profile;
  readonly #listeners: LabelQueueListeners;
  readonly #backoff: Backoff;
  readonly #pause: Pause;
  readonly #closing = new AbortController();
  #state: LabelQueueState = { unfinished: [] };
  #loop: Promise<void> | undefined;
  /** Ends the pause that is under way. */
  #waking = new AbortController();

  constructor(tools: LabelTools, profile: Profile, listeners: LabelQueueListeners, { interval = usualInterval, pause = realPause }: LabelQueueOptions = {}) {
    this.#tools = tools;
    this.#profile = profile;
    this.#listeners = listeners;
    this.#backoff = new Backoff(interval, Math.max(interval, longestInterval), tools.station.randomness);
    this.#pause = pause;
  }

  get state(): LabelQueueState {
    return this.#state;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Looks at once: a device is finished, or a person knows that the printer is back. */
  wake(): void {
    this.#waking.abort();
  }

  async close(): Promise<void> {
    this.#closing.abort(new ImprintError('cancelled', 'The bench was closed.'));
    this.wake();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      // Before the look: whoever wakes it during the look is heard by the next pause.
      this.#waking = new AbortController();
      const waking = AbortSignal.any([signal, this.#waking.signal]);
      const trouble = await this.#print(signal);
      const unfinished = await this.#unfinished();
      const waits = unfinished.find(({ state }) => state === 'waiting' || state === 'sending');
      if (waits === undefined) {
        this.#backoff.reset();
        this.#show({ unfinished });
        await untilAborted(waking);
        continue;
      }
      const milliseconds = this.#backoff.take();
      const nextTryAt = new Date(this.#tools.station.clock.now().getTime() + milliseconds).toISOString();
      this.#show({ unfinished, nextTryAt, sentence: trouble ?? waits.sentence });
      await this.#pause(milliseconds, waking).catch(() => undefined);
    }
  }

  /** @returns why none could be printed, where that is nothing of a label's own */
  async #print(signal: AbortSignal): Promise<string | undefined> {
    try {
      await printWaiting(
        this.#tools,
        this.#profile,
        (print) => this.#isOurs(print),
        (print) => {
          this.#listeners.label(print);
        },
        signal,
      );
      return undefined;
    } catch (thrown) {
      return asImprintError(thrown).message;
    }
  }

  async #unfinished(): Promise<readonly LabelPrint[]> {
    try {
      return (await this.#tools.labels.unfinishedLabels()).filter((print) => this.#isOurs(print));
    } catch {
      // A record that is away has its own trouble; what waited goes on waiting.
      return this.#state.unfinished;
    }
  }

  /** Labels of another profile go to another printer: they are printed when it is open. */
  #isOurs({ profileName }: LabelPrint): boolean {
    return profileName === this.#profile.name;
  }

  #show(state: LabelQueueState): void {
    const before = JSON.stringify(this.#state);
    this.#state = state;
    if (JSON.stringify(state) !== before) this.#listeners.changed(state);
  }
}
