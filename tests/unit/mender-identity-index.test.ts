import { randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { IndexedDevice, ListReader } from '../../main/servers/mender/identity-index';
import { IdentityIndex, usualIndexLimits } from '../../main/servers/mender/identity-index';

const never = new AbortController().signal;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const identity = (at: number): string => `{"mac":"02:00:${String(at).padStart(8, '0')}","serial":"AB${String(at)}"}`;

/** A list that is made page by page, as a server's reply is parsed page by page. */
function listOf(count: number, onPage: (page: number) => Promise<void> = () => Promise.resolve()): ListReader & { readonly readings: number } {
  return {
    readings: 0,
    async *indexedDevices(signal) {
      (this as { readings: number }).readings += 1;
      for (let at = 0; at < count; at += 500) {
        await onPage(at / 500);
        signal.throwIfAborted();
        const ids = JSON.parse(JSON.stringify(Array.from({ length: Math.min(500, count - at) }, () => randomUUID()))) as string[];
        yield ids.map((id, index): IndexedDevice => ({ id, identities: [identity(at + index)] }));
      }
    },
  };
}

describe('the index of a server\'s list', () => {
  const clock = { at: 1_000_000, now: () => new Date(clock.at) };

  it('needs less than 200 bytes for a device, also while the list is read again', async () => {
    const index = new IdentityIndex(clock, usualIndexLimits);
    const used = (): number => {
      collectGarbage();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    const devices = 100_000;
    await index.find(identity(5), listOf(devices), never);
    const once = used() - before;
    expect(once / devices).toBeLessThan(200);
    let most = 0;
    clock.at += usualIndexLimits.longestAge + 1;
    await index.find(identity(5), listOf(devices, async (page) => { if (page % 50 === 49) most = Math.max(most, used() - before); }), never);
    expect(Math.max(most, used() - before) / devices).toBeLessThan(200);
    expect(await index.find(identity(99_999), listOf(0), never)).toBeDefined();
  });

  it('reads a short list each time, and a long one again after its age or when the clock was set back', async () => {
    const short = listOf(usualIndexLimits.smallList);
    const index = new IdentityIndex(clock, usualIndexLimits);
    for (let at = 0; at < 3; at += 1) await index.find(identity(1), short, never);
    expect(short.readings).toBe(3);
    const long = listOf(usualIndexLimits.smallList + 1);
    for (let at = 0; at < 3; at += 1) await index.find(identity(1), long, never);
    expect(long.readings).toBe(1);
    clock.at += usualIndexLimits.longestAge;
    await index.find(identity(1), long, never);
    expect(long.readings).toBe(2);
    clock.at -= 60_000;
    await index.find(identity(1), long, never);
    expect(long.readings).toBe(3);
  });

  it('keeps what was added while the list was read', async () => {
    const index = new IdentityIndex(clock, usualIndexLimits);
    const list = listOf(2000, async (page) => { if (page === 2) index.add(identity(1_000_000), 'ours'); });
    expect(await index.find(identity(1_000_000), list, never)).toBe('ours');
    index.remove(identity(1_000_000));
    expect(await index.find(identity(1_000_000), list, never)).toBeUndefined();
    expect(list.readings).toBe(1);
  });

  it('is empty after a reading that failed, and reads again', async () => {
    const index = new IdentityIndex(clock, usualIndexLimits);
    const broken = listOf(2000, async (page) => { if (page === 2) throw new Error('gone'); });
    await expect(index.find(identity(1), broken, never)).rejects.toThrow('gone');
    const list = listOf(2000);
    expect(await index.find(identity(1), list, never)).toBeDefined();
    expect([broken.readings, list.readings]).toEqual([1, 1]);
  });
});
