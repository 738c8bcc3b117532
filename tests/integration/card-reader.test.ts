import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asImprintError } from '../../main/domain/errors';
import { CardReader } from '../../main/flash/card-reader';
import { CardTarget } from '../../main/flash/card-target';
import { alignedBuffer } from '../../native/index';
import { attachLoop, detachLoop, loopProblem } from '../support/loop-devices';

const problem = loopProblem();
let folder: string;
const cleanUp: (() => void)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-reader-'));
});

afterEach(() => {
  for (const undo of cleanUp.splice(0).reverse()) undo();
  rmSync(folder, { recursive: true });
});

async function withReader(path: string, use: (reader: CardReader, bounce: Buffer) => Promise<void>): Promise<void> {
  const target = await CardTarget.openForReading(path);
  const bounce = alignedBuffer(2 * 4096);
  try {
    await use(new CardReader(target, bounce), bounce);
  } finally {
    await target.close();
  }
}

function card(bytes: number): { path: string; content: Buffer } {
  const content = randomBytes(bytes);
  const path = join(folder, 'card.img');
  writeFileSync(path, content);
  return { path, content };
}

/** Places and lengths around the ends of sectors, blocks, the bounce buffer and the card. */
async function readEverywhere(reader: CardReader, content: Buffer): Promise<void> {
  const end = content.length;
  const places = [0, 1, 511, 512, 4095, 4096, 8191, 8192, end - 4097, end - 513, end - 512, end - 1];
  for (const position of places) {
    for (const length of [0, 1, 512, 513, 4096, 4097, 8192, 20_000, end - position]) {
      if (position + length > end) continue;
      const into = Buffer.alloc(length + 20, 0xee);
      await reader.read(into, 10, length, position);
      expect(into.subarray(10, 10 + length).equals(content.subarray(position, position + length))).toBe(true);
      expect(into.subarray(0, 10).every((byte) => byte === 0xee) && into.subarray(10 + length).every((byte) => byte === 0xee)).toBe(true);
    }
  }
}

describe('reading any piece', () => {
  it.each([64 * 1024, 64 * 1024 + 512, 64 * 1024 + 4096 - 512])('of a file of %d bytes', async (bytes) => {
    const { path, content } = card(bytes);
    await withReader(path, (reader) => readEverywhere(reader, content));
  });

  it.skipIf(problem !== undefined).each([
    [512, 64 * 1024 + 512],
    [4096, 64 * 1024],
  ])(`of a loop device with sectors of %d bytes: %d bytes (${problem ?? 'root'})`, async (sectorBytes, bytes) => {
    const { path, content } = card(bytes);
    const device = attachLoop(path, { sectorBytes });
    cleanUp.push(() => detachLoop(device));
    await withReader(device, (reader) => readEverywhere(reader, content));
  });

  it('at the same time gives everyone his own', async () => {
    const { path, content } = card(256 * 1024);
    await withReader(path, async (reader) => {
      const pieces = Array.from({ length: 40 }, (_, index) => ({ position: index * 6000 + 3, into: Buffer.alloc(9000) }));
      await Promise.all(pieces.map(({ position, into }) => reader.read(into, 0, into.length, position)));
      for (const { position, into } of pieces) expect(into.equals(content.subarray(position, position + into.length))).toBe(true);
    });
  });

  it('leaves nothing in the buffer between', async () => {
    const { path } = card(64 * 1024);
    await withReader(path, async (reader, bounce) => {
      await reader.read(Buffer.alloc(30_000), 0, 30_000, 100);
      expect(bounce.every((byte) => byte === 0)).toBe(true);
      await reader.read(Buffer.alloc(8192), 0, 8192, 60_000).catch(() => undefined);
      expect(bounce.every((byte) => byte === 0)).toBe(true);
    });
  });

  it('beyond the end is an error, and the next piece is read all the same', async () => {
    const { path, content } = card(8192 + 512);
    await withReader(path, async (reader) => {
      for (const [position, length] of [[8192 + 512, 1], [8192, 513], [1_000_000, 4096]] as const) {
        const error = await reader.read(Buffer.alloc(length), 0, length, position).then(() => undefined, asImprintError);
        expect(error?.code).toBe('target-read-failed');
      }
      const into = Buffer.alloc(512);
      await reader.read(into, 0, 512, 8192);
      expect(into.equals(content.subarray(8192))).toBe(true);
    });
  });
});
