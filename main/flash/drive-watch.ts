import type { Drive } from '../domain/drives';
import { watchBlockEvents, type BlockEvent } from '../../native/uevents';
import { listDrives } from './drives';

export interface DriveWatch {
  /** Whether the kernel tells changes; else they are looked for once a second. */
  readonly hotplug: boolean;
  close(): void;
}

export interface DriveWatchOptions {
  readonly list?: () => Promise<readonly Drive[]>;
  /** The kernel's messages; a test passes one that is refused. */
  readonly events?: (listener: (event: BlockEvent) => void) => { close(): void };
}

/** One card is told as a handful of messages within a few milliseconds. */
const quietMilliseconds = 150;
const pollMilliseconds = 1000;

/**
 * Tells the drives of this computer: once soon after the start, then whenever they changed.
 *
 * @param changed called with all drives, never twice at a time for the same list
 */
export function watchDrives(changed: (drives: readonly Drive[]) => void, { list = listDrives, events = watchBlockEvents }: DriveWatchOptions = {}): DriveWatch {
  let closed = false;
  let reading = false;
  let again = false;
  let last: string | undefined;
  let waiting: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    // One list at a time, so that an older one never comes after a newer one.
    if (reading) {
      again = true;
      return;
    }
    reading = true;
    try {
      const drives = await list();
      const text = JSON.stringify(drives);
      if (closed || text === last) return;
      last = text;
      changed(drives);
    } finally {
      reading = false;
      if (again && !closed) {
        again = false;
        void look();
      }
    }
  };
  const lookSoon = (): void => {
    if (closed) return;
    // Not put off again by later messages: a busy reader would never be looked at.
    waiting ??= setTimeout(() => {
      waiting = undefined;
      void look();
    }, quietMilliseconds);
  };

  const source = listen(events, lookSoon);
  // What others mount or unmount is told by no block event; a slow look keeps that true too.
  const poll = setInterval(lookSoon, source === undefined ? pollMilliseconds : 10 * pollMilliseconds);
  void look();
  return {
    hotplug: source !== undefined,
    close() {
      closed = true;
      clearTimeout(waiting);
      clearInterval(poll);
      source?.close();
    },
  };
}

/** Containers may give no such socket; then polling has to do. */
function listen(events: NonNullable<DriveWatchOptions['events']>, heard: () => void): { close(): void } | undefined {
  try {
    return events(heard);
  } catch {
    return undefined;
  }
}
