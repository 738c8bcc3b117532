import { cancelled } from '../domain/errors';

/**
 * How long a cancelled job waits for transfers that are under way, in milliseconds. It waits up to three times, and a cancel
 * ends within two seconds; four transfers to a card of 20 MB/s take 200.
 */
export const patience = 400;

/** Waits until all have ended, or for so long; without a time for ever. */
export async function settledWithin(milliseconds: number | undefined, promises: Iterable<Promise<unknown>>): Promise<void> {
  const settled = Promise.allSettled(promises);
  if (milliseconds === undefined) {
    await settled;
    return;
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([settled, late]);
  clearTimeout(timer);
}

/** A promise that rejects with `cancelled` when the signal was aborted and the patience is over; else it never settles. */
export function givenUpAfter(signal: AbortSignal): Promise<never> {
  const givenUp = new Promise<never>((_, reject) => {
    const wait = (): void => {
      setTimeout(() => {
        reject(cancelled());
      }, patience).unref();
    };
    if (signal.aborted) wait();
    else signal.addEventListener('abort', wait, { once: true });
  });
  // Nobody may be waiting when it happens.
  givenUp.catch(() => undefined);
  return givenUp;
}
