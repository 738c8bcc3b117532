import type { KeyPress } from './focus';

/** Where the keyboard goes. */
export interface PlaceCommand {
  readonly type: 'text-filter' | 'into-rows';
}

export interface StateCommand<State> {
  readonly type: 'state';
  /** `undefined`: all of them. */
  readonly state: State | undefined;
}

/** Reads what every page of rows with a search knows. @param states in the order of Alt and a digit; the first digit is all of them */
export function readSearchKey<State>({ key, altKey }: KeyPress, { inInput }: { readonly inInput: boolean }, states: readonly State[]): PlaceCommand | StateCommand<State> | undefined {
  if (altKey) {
    const digit = Number(key);
    return /^[1-9]$/.test(key) && digit <= states.length + 1 ? { type: 'state', state: states[digit - 2] } : undefined;
  }
  if (key === 'F3') return { type: 'text-filter' };
  if (key === 'ArrowDown' && inInput) return { type: 'into-rows' };
  return undefined;
}
