import { randomFillSync } from 'node:crypto';
import { cancelled, ImprintError } from '../domain/errors';
import { describeBytes } from '../domain/targets';
import { alignedBuffer } from '../../native/index';
import { blockBytes, headBytes, roundUp } from './card-plan';
import type { TransferCode } from './io-errors';

/**
 * Parts of the stated capacity that counterfeit cards really have. Their addresses end there or wrap round, so that the end of
 * the stated range is the end of the real one: each probe lies just before such an end.
 */
const parts = [1, 2, 4, 8, 16];

/** What the probe needs of a card. */
export interface ProbedCard {
  readonly path: string;
  readonly bytes: number;
  readonly isDevice: boolean;
  write(buffer: Buffer, position: number): Promise<number>;
  compare(expected: Buffer, scratch: Buffer, position: number): Promise<number>;
  settle(): Promise<void>;
  explain(thrown: unknown, code: TransferCode, position: number, length: number): Promise<ImprintError>;
}

/**
 * Finds a card that has less than it says: writes a different random block to the end of its address range and to fractions
 * of it, and reads them all back. On a counterfeit card one of them is lost, or has become another.
 *
 * What was written behind the image is zeroed again; the rest is written or erased by the run that follows.
 *
 * @throws ImprintError target-counterfeit, target-write-failed, target-read-failed, cancelled
 */
export async function probeCapacity(target: ProbedCard, imageBytes: number, signal: AbortSignal): Promise<void> {
  if (!target.isDevice) return;
  const end = target.bytes - (target.bytes % blockBytes);
  const places = parts
    .map((part) => Math.floor(end / part / blockBytes) * blockBytes - blockBytes)
    .filter((place, index, all) => place >= headBytes && all.indexOf(place) === index);
  const probes = places.map((place) => ({ place, block: randomFillSync(alignedBuffer(blockBytes)) }));
  for (const { place, block } of probes) {
    if (signal.aborted) throw cancelled();
    await target.write(block, place).catch(async (thrown: unknown) => {
      throw await target.explain(thrown, 'target-write-failed', place, blockBytes);
    });
  }
  await target.settle();
  const scratch = alignedBuffer(blockBytes);
  for (const { place, block } of probes) {
    const difference = await target.compare(block, scratch, place).catch(async (thrown: unknown) => {
      throw await target.explain(thrown, 'target-read-failed', place, blockBytes);
    });
    if (difference < 0) continue;
    throw new ImprintError('target-counterfeit', `The card at ${target.path} says that it has ${describeBytes(target.bytes)}, but did not keep what was written at byte ${String(place)}: it is counterfeit or worn out, throw it away.`, { field: 'target' });
  }
  const zeros = alignedBuffer(blockBytes).fill(0);
  for (const { place } of probes.filter((probe) => probe.place >= roundUp(imageBytes, blockBytes))) await target.write(zeros, place);
}
