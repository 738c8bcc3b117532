import { asImprintError } from '../domain/errors';
import type { LabelPrint } from '../domain/labels';
import type { Profile } from '../domain/profile';
import { printWaiting, type LabelTools } from './labels';
import type { Pause } from './pauses';
import { RetryLoop, type Look } from './retry-loop';

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
  readonly #loop: RetryLoop;
  #state: LabelQueueState = { unfinished: [] };

  constructor(tools: LabelTools, profile: Profile, listeners: LabelQueueListeners, { interval = usualInterval, pause }: LabelQueueOptions = {}) {
    this.#tools = tools;
    this.#profile = profile;
    this.#listeners = listeners;
    const { clock, randomness } = tools.station;
    this.#loop = new RetryLoop({ clock, randomness, interval, longest: longestInterval, pause, closed: 'The bench was closed.', look: (signal) => this.#look(signal) });
  }

  get state(): LabelQueueState {
    return this.#state;
  }

  start(): void {
    this.#loop.start();
  }

  /** Looks at once: a device is finished, or a person knows that the printer is back. */
  wake(): void {
    this.#loop.wake();
  }

  close(): Promise<void> {
    return this.#loop.close();
  }

  async #look(signal: AbortSignal): Promise<Look> {
    const trouble = await this.#print(signal);
    const unfinished = await this.#unfinished();
    const waits = unfinished.find(({ state }) => state === 'waiting' || state === 'sending');
    return {
      waits: waits !== undefined,
      show: (nextTryAt) => {
        this.#show(nextTryAt === undefined ? { unfinished } : { unfinished, nextTryAt, sentence: trouble ?? waits?.sentence });
      },
    };
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
