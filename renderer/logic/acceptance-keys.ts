import type { AcceptanceState } from '../contract';
import type { KeyPress } from './focus';
import { readSearchKey, type PlaceCommand, type StateCommand } from './search-keys';

/** The order of the buttons, and of Alt and a digit: what needs a person comes first. */
export const statesInOrder = ['stuck', 'missing', 'waiting', 'unchecked', 'accepted'] as const satisfies readonly AcceptanceState[];

export type AcceptanceCommand = { readonly type: 'ask-now' | 'batches' } | StateCommand<AcceptanceState>;

/** Reads a key press on QA's page; undefined where it is not the page's business. */
export function readAcceptanceKey(press: KeyPress, context: { readonly inInput: boolean }): AcceptanceCommand | PlaceCommand | undefined {
  const { key } = press;
  if (press.metaKey) return undefined;
  if (press.ctrlKey) return key.toLowerCase() === 'b' && !press.altKey ? { type: 'batches' } : undefined;
  if (key === 'F5' && !press.altKey) return { type: 'ask-now' };
  return readSearchKey(press, context, statesInOrder);
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
