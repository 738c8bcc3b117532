import type { StepFacts, StepName } from '../domain/job';
import { asImprintError } from '../domain/errors';
import { now, type Station } from './station';

/** What a step did: its value for the next steps, and one sentence for the record. */
export interface StepResult<T> {
  readonly value: T;
  readonly sentence: string;
  /** For the log. */
  readonly facts?: StepFacts | undefined;
}

export type StepListener = (step: StepName, state: 'started' | 'done' | 'failed', sentence: string) => void;

/** The journal of one job: every step is written down before it acts, and again when it has ended. */
export class Journal {
  readonly #station: Station;
  readonly #jobId: string;
  readonly #onStep: StepListener;

  constructor(station: Station, jobId: string, onStep: StepListener) {
    this.#station = station;
    this.#jobId = jobId;
    this.#onStep = onStep;
  }

  /**
   * CRASH: a kill before `startStep` returns leaves no trace of the step; after it, recovery finds the step `started`
   * and must assume that it may have happened.
   */
  async step<T>(name: StepName, act: () => Promise<StepResult<T>>): Promise<T> {
    const { record, faults } = this.#station;
    await record.startStep(this.#jobId, name, now(this.#station));
    this.#onStep(name, 'started', '');
    faults.reached(`${name}:started`);
    try {
      const { value, sentence, facts } = await act();
      faults.reached(`${name}:acted`);
      await record.endStep(this.#jobId, name, 'done', sentence, now(this.#station), facts);
      this.#onStep(name, 'done', sentence);
      faults.reached(`${name}:done`);
      return value;
    } catch (thrown) {
      const error = asImprintError(thrown);
      this.#onStep(name, 'failed', error.message);
      // The first error is the one that counts, even when the record cannot take it.
      await record.endStep(this.#jobId, name, 'failed', error.message, now(this.#station)).catch(() => undefined);
      throw error;
    }
  }
}
