import { ImprintError } from '../domain/errors';
import type { LoggedEntry } from '../domain/record-log';
import { may } from '../domain/roles';
import type { Station } from '../station/station';
import { checkpointIn, type LogKeeper } from './log-keeper';

interface ReceiptParts {
  readonly station: Pick<Station, 'log' | 'role'>;
  readonly keeper: Pick<LogKeeper, 'checkpoint'>;
}

export interface Receipt {
  /** The `.tlog-proof`. */
  readonly text: string;
  /** The signed head that it stands under, and its number of entries. */
  readonly checkpoint: string;
  readonly size: number;
}

/** The entry that proves which key a device has. */
export function keyEntry(entries: readonly LoggedEntry[]): LoggedEntry | undefined {
  return entries.find(({ event }) => event === 'key-generated');
}

/**
 * Proves that an entry is in the log. Where the last checkpoint does not cover it, one is signed by whoever may.
 *
 * @throws ImprintError not-allowed where a checkpoint would have to be signed first and this person may not; as the keeper says
 */
export async function receiptFor({ seq }: LoggedEntry, { station, keeper }: ReceiptParts): Promise<Receipt> {
  const why = await noReceipt(seq, station);
  if (why !== undefined) throw new ImprintError('not-allowed', why, { field: 'role' });
  const last = await station.log.lastCheckpoint();
  const checkpoint = last !== undefined && checkpointIn(last).size > seq ? last : (await keeper.checkpoint()).note;
  return { text: await station.log.receipt(seq, checkpoint), checkpoint, size: checkpointIn(checkpoint).size };
}

/** @returns why this person gets no receipt of an entry now, one sentence */
export async function noReceipt(seq: number, { log, role }: ReceiptParts['station']): Promise<string | undefined> {
  if (may(role, 'keep-log')) return undefined;
  const last = await log.lastCheckpoint();
  if (last !== undefined && checkpointIn(last).size > seq) return undefined;
  return `No checkpoint covers entry ${String(seq)} yet, and the role ${role} signs none: ask somebody who makes devices, QA or an admin to save this receipt.`;
}
