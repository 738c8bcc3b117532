import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Takes everything that is no longer used, now.
 *
 * SECURITY: BoringSSL erases a key when its last KeyObject is freed, but that happens when the collector gets to it, which
 * in an idle process may be never. A utility process does not take --expose-gc from its arguments, so the flag is set here.
 */
export function collectGarbage(): void {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}

/** Collects, lets finalizers run, and collects what they let go of. */
export async function collectThoroughly(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
