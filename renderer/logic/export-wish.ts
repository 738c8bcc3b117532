import type { DeviceState, ExportWish } from '../contract';
import { rangeOfDays } from './days';

/** What the export's dialog holds, as it is typed; days as `2026-11-25`. */
export interface ExportDraft {
  readonly zip: boolean;
  readonly batch: string;
  readonly profile: string;
  readonly from: string;
  readonly to: string;
  /** None chosen: all of them. */
  readonly states: readonly DeviceState[];
  readonly summary: boolean;
  readonly publicKeys: boolean;
  readonly receipts: boolean;
}

/** As the command line has it unless told. */
export function newDraft(search: Pick<ExportDraft, 'batch' | 'from' | 'to'>): ExportDraft {
  const { batch, from, to } = search;
  return { zip: false, batch, profile: '', from, to, states: [], summary: true, publicKeys: false, receipts: false };
}

export function hasWrongDays({ from, to }: Pick<ExportDraft, 'from' | 'to'>): boolean {
  return from !== '' && to !== '' && to < from;
}

export function wishOf({ zip, batch, profile, from, to, states, summary, publicKeys, receipts }: ExportDraft): ExportWish {
  const [wholeBatch, wholeProfile] = [batch.trim(), profile.trim()];
  const selection = {
    ...rangeOfDays(from, to),
    ...(wholeBatch === '' ? {} : { batch: wholeBatch }),
    ...(wholeProfile === '' ? {} : { profile: wholeProfile }),
    ...(states.length === 0 ? {} : { states: [...states] }),
  };
  return { zip, selection, summary, publicKeys, receipts };
}

export function toggled(states: readonly DeviceState[], state: DeviceState): readonly DeviceState[] {
  return states.includes(state) ? states.filter((each) => each !== state) : [...states, state];
}
