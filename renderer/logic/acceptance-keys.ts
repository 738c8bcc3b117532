import type { AcceptanceState } from '../contract';
import type { KeyPress } from './focus';

/** The order of the buttons, and of Alt and a digit: what needs a person comes first. */
export const statesInOrder = ['stuck', 'missing', 'waiting', 'unchecked', 'accepted'] as const satisfies readonly AcceptanceState[];

export type AcceptanceCommand =
  | { readonly type: 'ask-now' | 'text-filter' | 'batches' | 'into-rows' }
  /** `undefined`: all of them. */
  | { readonly type: 'state'; readonly state: AcceptanceState | undefined };

/** Reads a key press on QA's page; undefined where it is not the page's business. */
export function readAcceptanceKey(press: KeyPress, context: { readonly inInput: boolean }): AcceptanceCommand | undefined {
  const { key } = press;
  if (press.metaKey) return undefined;
  if (press.ctrlKey) return key.toLowerCase() === 'b' && !press.altKey ? { type: 'batches' } : undefined;
  if (press.altKey) {
    if (!/^[1-6]$/.test(key)) return undefined;
    return { type: 'state', state: statesInOrder[Number(key) - 2] };
  }
  if (key === 'F5') return { type: 'ask-now' };
  if (key === 'F3') return { type: 'text-filter' };
  if (key === 'ArrowDown' && context.inInput) return { type: 'into-rows' };
  return undefined;
}

/** The row that a key leads to; `page` rows are on the screen at once. */
export function rowAfterKey(key: string, current: number, count: number, page: number): number | undefined {
  const last = count - 1;
  if (last < 0) return undefined;
  const within = (row: number): number => Math.min(last, Math.max(0, row));
  switch (key) {
    case 'ArrowDown':
      return within(current + 1);
    case 'ArrowUp':
      return within(current - 1);
    case 'PageDown':
      return within(current + Math.max(1, page - 1));
    case 'PageUp':
      return within(current - Math.max(1, page - 1));
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return undefined;
  }
}
