/* The kernel's own messages, made by attaching and detaching loop devices. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Drive } from '../../main/domain/drives';
import { watchDrives, type DriveWatch } from '../../main/flash/drive-watch';
import { inspectTarget } from '../../main/flash/target-facts';
import { watchBlockEvents, type BlockEvent } from '../../native/index';
import { attachLoop, detachLoop, loopProblem, makeSparseFile } from '../support/loop-devices';

const folder = mkdtempSync(join(tmpdir(), 'imprint-events-'));
afterAll(() => rmSync(folder, { recursive: true }));

const mebibytes = (count: number): number => count * 1024 * 1024;

/** What is told until something fits. */
class Told<T> {
  readonly #all: T[] = [];
  readonly #waiting: { fits: (value: T) => boolean; found: (value: T) => void }[] = [];

  readonly tell = (value: T): void => {
    this.#all.push(value);
    for (const each of this.#waiting) if (each.fits(value)) each.found(value);
  };

  until(fits: (value: T) => boolean): Promise<T> {
    const old = this.#all.find(fits);
    return old === undefined ? new Promise((found) => this.#waiting.push({ fits, found })) : Promise.resolve(old);
  }

  /** From now on. */
  next(fits: (value: T) => boolean): Promise<T> {
    return new Promise((found) => this.#waiting.push({ fits, found }));
  }
}

const refused = (): never => {
  throw new Error('EPROTONOSUPPORT');
};

describe.skipIf(loopProblem() !== undefined)('block devices that come and go', () => {
  it('are told by the kernel, and no longer after close', async () => {
    const told = new Told<BlockEvent>();
    const watch = watchBlockEvents(told.tell);
    const device = attachLoop(makeSparseFile(join(folder, 'one.img'), mebibytes(2)));
    try {
      const event = await told.until((each) => each.action === 'change' && 'name' in each && each.name === basename(device));
      expect(event).toMatchObject({ type: 'disk' });
    } finally {
      watch.close();
      watch.close();
      detachLoop(device);
    }
  });

  it.each<[string, Parameters<typeof watchDrives>[1]]>([
    ['by the kernel\'s messages', {}],
    ['by looking, where the kernel gives no messages', { events: refused }],
  ])('change the list of drives %s', async (_, options) => {
    const told = new Told<readonly Drive[]>();
    const watch: DriveWatch = watchDrives(told.tell, options);
    expect(watch.hotplug).toBe(options?.events === undefined);
    let attached: string | undefined;
    try {
      await told.until(() => true);
      const file = makeSparseFile(join(folder, 'two.img'), mebibytes(3));
      const here = (drives: readonly Drive[]): Drive | undefined => drives.find((drive) => drive.model === file);
      const device = attachLoop(file);
      attached = device;
      const drives = await told.until((each) => here(each)?.bytes === mebibytes(3));
      expect(here(drives)).toMatchObject({ path: device, bus: 'loop', mediaPresent: true, portPath: basename(device).replace('loop', 'loop-') });
      // The same words where a card is checked before it is written: another port is another identity.
      const facts = await inspectTarget(device);
      expect(facts.portPath).toBe(here(drives)?.portPath);
      expect(facts.identity.split(' ')).toContain(facts.portPath);
      const gone = told.next((each) => here(each) === undefined);
      detachLoop(device);
      attached = undefined;
      expect((await gone).find((drive) => drive.path === device)?.mediaPresent ?? false).toBe(false);
    } finally {
      watch.close();
      if (attached !== undefined) detachLoop(attached);
    }
  });
});
