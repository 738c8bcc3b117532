import { randomUUID } from 'node:crypto';
import type { Setup } from './messages';

/** Says something to the coordinator. */
export function tell(message: object): void {
  process.send?.(message);
}

/** Waits for the setup, then hands over every message. CRASH: a child does not outlive its coordinator. */
export function runChild(start: (setup: Setup) => Promise<(message: never) => void>): void {
  process.once('disconnect', () => process.exit(0));
  // A terminal's Ctrl-C is for the coordinator.
  process.on('SIGINT', () => undefined);
  process.once('message', (setup: Setup) => {
    // What a child is sent is what its own coordinator says; the type of its handler says the same.
    void start(setup).then((handle) => process.on('message', (message) => handle(message as never)));
  });
}

export const systemClock = { now: () => new Date() };
export const systemRandomness = { uuid: () => randomUUID() };
