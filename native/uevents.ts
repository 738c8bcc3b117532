import { addon } from './addon';

/** Something happened to a block device; or messages were lost, and whoever listens must look for itself. */
export type BlockEvent =
  | {
      /** `add`, `remove`, `change`, and rarer ones; the kernel's words. */
      readonly action: string;
      /** Name below /dev: `sdb`, `sdb1`. */
      readonly name: string;
      /** `disk`, `partition`, or empty where the kernel does not say. */
      readonly type: string;
    }
  | { readonly action: 'rescan' };

/**
 * Listens to the kernel's messages about block devices, without root. They come before udev has made links and rights.
 * The listener keeps the process alive until `close`, after which it is not called any more.
 *
 * @throws NativeError where the kernel gives no such socket, as in some containers
 */
export function watchBlockEvents(listener: (event: BlockEvent) => void): { close(): void } {
  const close = addon().watchBlockEvents((event) => {
    listener(event.action === 'rescan' ? { action: 'rescan' } : event);
  });
  return { close };
}
