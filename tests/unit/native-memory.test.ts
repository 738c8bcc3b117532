import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FreeList } from '../../native/free-list';
import { LockedArena, addressOf, alignedBuffer, equal, isAligned, memoryLockLimit, pageSize, zero } from '../../native/index';
import { bundleNative, projectRoot, runWithNative } from '../support/native-bundle';

/** Bundled as the app is, for what must happen in a process of its own. */
let folder: string;
let bundle: string;

beforeAll(() => {
  folder = mkdtempSync(join(projectRoot, 'native', 'build', 'test-'));
  bundle = join(folder, 'main', 'workers', 'native.cjs');
  bundleNative(bundle);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const runInChild = (script: string, before: readonly string[] = []) => runWithNative(bundle, script, before);

/** The fields of /proc/self/smaps for the mapping that holds this address. */
function mapping(address: bigint): Map<string, string> {
  let inside = false;
  const fields = new Map<string, string>();
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    const range = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (range !== null) {
      inside = BigInt(`0x${range[1] ?? ''}`) <= address && address < BigInt(`0x${range[2] ?? ''}`);
    } else if (inside) {
      const colon = line.indexOf(':');
      fields.set(line.slice(0, colon), line.slice(colon + 1).trim());
    }
  }
  return fields;
}

const flags = (address: bigint): string[] => (mapping(address).get('VmFlags') ?? '').split(' ');

/** Says why the tests of locking can not run on this machine, if so. */
function lockingForbidden(): string | undefined {
  const arena = new LockedArena(2 << 20);
  arena.dispose();
  return arena.lockError;
}

describe('LockedArena', () => {
  it('locks its pages and keeps them out of dumps and forks, until dispose', (context) => {
    const forbidden = lockingForbidden();
    if (forbidden !== undefined) return context.skip(forbidden);
    const arena = new LockedArena(100_000);
    const buffer = arena.allocate(32);
    const address = addressOf(buffer);
    expect(arena.lockError).toBeUndefined();
    expect(arena.locked).toBe(true);
    expect(flags(address)).toEqual(expect.arrayContaining(['lo', 'dd', 'wf']));
    const lockedKilobytes = Number.parseInt(mapping(address).get('Locked') ?? '', 10);
    expect(lockedKilobytes * 1024).toBeGreaterThanOrEqual(arena.capacity);

    buffer.fill(0xa5);
    arena.dispose();
    expect(buffer.equals(Buffer.alloc(32))).toBe(true);
    expect(flags(address)).not.toContain('lo');
    expect(flags(address)).not.toContain('dd');
    expect(flags(address)).not.toContain('wf');
    arena.dispose();
    expect(() => arena.allocate(1)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    buffer.fill(0xa5);
    arena.release(buffer);
    expect(buffer.equals(Buffer.alloc(32))).toBe(true);
  });

  it('locks whole pages of its own only', () => {
    const arena = new LockedArena(1);
    const page = BigInt(pageSize());
    expect(arena.capacity).toBe(pageSize());
    const all = arena.allocate(arena.capacity);
    expect(addressOf(all) % page).toBe(0n);
    const store = new Uint8Array(all.buffer);
    expect(addressOf(all)).toBeGreaterThanOrEqual(addressOf(store));
    expect(addressOf(all) + page).toBeLessThanOrEqual(addressOf(store) + BigInt(store.length));
    arena.dispose();
  });

  it('is not taken by garbage collection, not even forgotten: unerased pages must not go back to the allocator', async (context) => {
    const forbidden = lockingForbidden();
    if (forbidden !== undefined) return context.skip(forbidden);
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const forgotten = (() => {
      const arena = new LockedArena(1 << 20);
      return { arena: new WeakRef(arena), address: addressOf(arena.allocate(64).fill(7)) };
    })();
    for (let round = 0; round < 10; round += 1) {
      await new Promise((done) => setImmediate(done));
      collect();
    }
    expect(forgotten.arena.deref()).toBeUndefined();
    expect(flags(forgotten.address)).toContain('lo');
  });

  it('erases exactly the piece that is released', () => {
    const arena = new LockedArena(4096);
    const pieces = [arena.allocate(33), arena.allocate(48), arena.allocate(17)] as const;
    expect(arena.bytesInUse).toBe(98);
    for (const piece of pieces) piece.fill(0xff);
    arena.release(pieces[1]);
    expect(pieces[0].equals(Buffer.alloc(33, 0xff))).toBe(true);
    expect(pieces[1].equals(Buffer.alloc(48))).toBe(true);
    expect(pieces[2].equals(Buffer.alloc(17, 0xff))).toBe(true);
    expect(arena.bytesInUse).toBe(50);
    arena.dispose();
  });

  it('wipes everything and leaves the pieces with their holders', () => {
    const arena = new LockedArena(4096);
    const buffer = arena.allocate(100).fill(1);
    arena.wipe();
    expect(buffer.equals(Buffer.alloc(100))).toBe(true);
    expect(arena.bytesInUse).toBe(100);
    arena.release(buffer);
    expect(arena.bytesInUse).toBe(0);
    arena.dispose();
  });

  it('takes back only what it handed out, once', () => {
    const arena = new LockedArena(4096);
    const other = new LockedArena(4096);
    const buffer = arena.allocate(64);
    expect(() => arena.release(Buffer.alloc(64))).toThrow(TypeError);
    expect(() => arena.release(other.allocate(64))).toThrow(TypeError);
    expect(() => arena.release(buffer.subarray(0, 32))).toThrow(TypeError);
    arena.release(buffer);
    const next = arena.allocate(64);
    expect(addressOf(next)).toBe(addressOf(buffer));
    expect(() => arena.release(buffer)).toThrow(TypeError);
    arena.dispose();
    other.dispose();
  });

  it('refuses sizes and alignments that make no sense, and says when it is full', () => {
    const arena = new LockedArena(4096);
    for (const bytes of [0, -1, 1.5, Number.NaN, Infinity]) {
      expect(() => arena.allocate(bytes)).toThrow(TypeError);
      expect(() => new LockedArena(bytes)).toThrow(TypeError);
    }
    for (const alignment of [0, 3, -16, 2 * pageSize()]) expect(() => arena.allocate(1, alignment)).toThrow(TypeError);
    expect(() => arena.allocate(4097)).toThrow(expect.objectContaining({ code: 'ENOMEM', syscall: 'allocate' }));
    expect(arena.allocate(4096)).toHaveLength(4096);
    expect(() => arena.allocate(1)).toThrow(expect.objectContaining({ code: 'ENOMEM' }));
    arena.dispose();
  });

  it('can not be transferred to another thread', () => {
    const arena = new LockedArena(4096);
    const buffer = arena.allocate(16).fill(3);
    try {
      structuredClone(buffer.buffer, { transfer: [buffer.buffer] });
    } catch {
      // Newer Node throws, older Node copies; both leave the memory where it is.
    }
    expect(buffer.equals(Buffer.alloc(16, 3))).toBe(true);
    arena.dispose();
  });

  it('stays consistent over 10,000 random allocations and releases', () => {
    const arena = new LockedArena(256 * 1024);
    const held: { buffer: Buffer; mark: number }[] = [];
    // A fixed sequence (a linear congruential generator), so that a failure can be repeated.
    let seed = 20261122;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    let refused = 0;
    const check = ({ buffer, mark }: { buffer: Buffer; mark: number }): void => {
      if (!buffer.equals(Buffer.alloc(buffer.length, mark))) throw new Error('another piece was overwritten');
    };
    for (let round = 0; round < 10_000; round += 1) {
      if (held.length > 0 && random(100) < 45) {
        const [piece] = held.splice(random(held.length), 1);
        if (piece === undefined) throw new Error('unreachable');
        check(piece);
        arena.release(piece.buffer);
        if (piece.buffer.some((byte) => byte !== 0)) throw new Error('a released piece was not erased');
        continue;
      }
      const alignment = 2 ** random(13);
      try {
        const buffer = arena.allocate(1 + random(4000), alignment);
        if (buffer.some((byte) => byte !== 0)) throw new Error('a new piece was not empty');
        if (!isAligned(buffer, alignment)) throw new Error('a new piece was not aligned');
        const mark = 1 + random(255);
        held.push({ buffer: buffer.fill(mark), mark });
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOMEM' });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(0);
    expect(arena.bytesInUse).toBe(held.reduce((sum, { buffer }) => sum + buffer.length, 0));
    for (const piece of held) {
      check(piece);
      arena.release(piece.buffer);
    }
    expect(arena.bytesInUse).toBe(0);
    // Everything has grown together again.
    expect(arena.allocate(arena.capacity)).toHaveLength(arena.capacity);
    arena.dispose();
  });

  it('works unlocked where the limit forbids locking, and says why', () => {
    // root may lock beyond the limit unless it gives that right up.
    const asOther = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-ipc_lock', '--inh-caps=-ipc_lock'] : [];
    const { output } = runInChild(
      `const limit = native.memoryLockLimit();
       const arena = new native.LockedArena(65536);
       const buffer = arena.allocate(10).fill(1);
       arena.release(buffer);
       const small = new native.LockedArena(4096);
       arena.dispose();
       console.log(JSON.stringify({ limit, locked: arena.locked, lockError: arena.lockError, erased: buffer.every((byte) => byte === 0), small: small.locked }));`,
      ['prlimit', '--memlock=16384:16384', ...asOther],
    );
    expect(JSON.parse(output)).toEqual({
      limit: { soft: 16384, hard: 16384 },
      locked: false,
      lockError: expect.stringMatching(/^(ENOMEM|EAGAIN): .*mlock/) as string,
      erased: true,
      small: true,
    });
  });

  it('is unlocked when a worker thread ends without dispose', async (context) => {
    const forbidden = lockingForbidden();
    if (forbidden !== undefined) return context.skip(forbidden);
    const worker = new Worker(
      `const native = require(${JSON.stringify(bundle)});
       const { parentPort } = require('node:worker_threads');
       const arena = new native.LockedArena(1 << 20);
       parentPort.postMessage({ address: native.addressOf(arena.allocate(16)), locked: arena.locked });
       parentPort.once('message', () => process.exit());`,
      { eval: true },
    );
    const { address, locked } = await new Promise<{ address: bigint; locked: boolean }>((done) => worker.once('message', done));
    expect(locked).toBe(true);
    expect(flags(address)).toContain('lo');
    const ended = new Promise((done) => worker.once('exit', done));
    worker.postMessage('end');
    await ended;
    expect(flags(address)).not.toContain('lo');
    expect(flags(address)).not.toContain('dd');
  });
});

describe('FreeList', () => {
  it('joins what is given back with both neighbours', () => {
    const list = new FreeList(160, 16);
    expect([list.take(48, 16), list.take(48, 16), list.take(48, 16)]).toEqual([0, 48, 96]);
    list.give(0, 48);
    list.give(96, 48);
    expect(list.spans).toEqual([{ offset: 0, length: 48 }, { offset: 96, length: 64 }]);
    list.give(48, 48);
    expect(list.spans).toEqual([{ offset: 0, length: 160 }]);
  });

  it('keeps the gap before an aligned piece', () => {
    const list = new FreeList(256, 16);
    list.take(16, 16);
    expect(list.take(16, 128)).toBe(128);
    expect(list.spans).toEqual([{ offset: 16, length: 112 }, { offset: 144, length: 112 }]);
    expect(list.take(128, 16)).toBeUndefined();
    expect(list.take(112, 16)).toBe(16);
  });
});

describe('memory', () => {
  it('overwrites exactly the view that it is given', () => {
    const whole = Buffer.alloc(64, 9);
    zero(whole.subarray(10, 20));
    expect(whole.equals(Buffer.concat([Buffer.alloc(10, 9), Buffer.alloc(10), Buffer.alloc(44, 9)]))).toBe(true);
    zero(Buffer.alloc(0));
  });

  it('compares contents', () => {
    expect(equal(Buffer.from('secret'), Buffer.from('secret'))).toBe(true);
    expect(equal(Buffer.from('secret'), Buffer.from('secreT'))).toBe(false);
    expect(equal(Buffer.from('Secret'), Buffer.from('secret'))).toBe(false);
    expect(equal(Buffer.from('secret'), Buffer.from('secre'))).toBe(false);
    expect(equal(Buffer.alloc(0), Buffer.alloc(0))).toBe(true);
  });

  it('hands out aligned, empty buffers', () => {
    for (const alignment of [1, 512, 4096, 65536]) {
      const buffer = alignedBuffer(1000, alignment);
      expect(buffer).toHaveLength(1000);
      expect(addressOf(buffer) % BigInt(alignment)).toBe(0n);
      expect(buffer.every((byte) => byte === 0)).toBe(true);
    }
    const buffer = alignedBuffer(8192);
    expect(isAligned(buffer, 4096)).toBe(true);
    expect(isAligned(buffer.subarray(1), 2)).toBe(false);
    expect(() => alignedBuffer(0)).toThrow(TypeError);
    expect(() => alignedBuffer(10, 3)).toThrow(TypeError);
  });

  it('refuses what is no buffer', () => {
    for (const value of [undefined, null, 5, 'text', {}, new Uint16Array(4), new ArrayBuffer(4), new DataView(new ArrayBuffer(4))]) {
      const buffer = value as Buffer;
      expect(() => zero(buffer)).toThrow(TypeError);
      expect(() => equal(buffer, Buffer.alloc(1))).toThrow(TypeError);
      expect(() => equal(Buffer.alloc(1), buffer)).toThrow(TypeError);
      expect(() => addressOf(buffer)).toThrow(TypeError);
    }
  });

  it('knows the lock limit', () => {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const [, soft, hard] = /^Max locked memory\s+(\S+)\s+(\S+)/m.exec(limits) ?? [];
    const bytes = (text: string | undefined): number => (text === 'unlimited' ? Infinity : Number(text));
    expect(memoryLockLimit()).toEqual({ soft: bytes(soft), hard: bytes(hard) });
  });

  it('forbids core dumps', () => {
    // The files in /proc of a process that may be dumped belong to its user, else to root: so the child must not be root.
    const asOther =
      process.getuid?.() === 0
        ? ['setpriv', '--reuid=65534', '--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
        : [];
    const { output } = runInChild(
      `const { readFileSync, statSync } = require('node:fs');
       const owner = () => statSync('/proc/self/maps').uid;
       const before = owner();
       native.disableCoreDumps();
       const limits = /^Max core file size\\s+(\\S+)\\s+(\\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')).slice(1);
       console.log(JSON.stringify({ before: before === process.getuid(), after: owner(), limits }));`,
      asOther,
    );
    expect(JSON.parse(output)).toEqual({ before: true, after: 0, limits: ['0', '0'] });
  });
});
