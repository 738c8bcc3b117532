import type { FocusSituation, KeyPress } from './focus';
import type { ArrowKey } from './slots';
import { slotIndexOfDigit } from './slots';

/** What a key press asks of the bench. */
export type BenchCommand =
  | { readonly type: 'terminator'; readonly key: 'Enter' | 'Tab' }
  | { readonly type: 'start' | 'escape' | 'power-on' | 'clear' | 'day-list' | 'to-field' | 'batch' | 'renew' }
  | { readonly type: 'select'; readonly index: number }
  | { readonly type: 'move'; readonly key: ArrowKey }
  /** A held-down key: done once, not again. */
  | { readonly type: 'ignore' };

export interface BenchKeyContext {
  readonly holder: FocusSituation['holder'];
  readonly fieldEmpty: boolean;
  readonly slotCount: number;
}

export interface BenchKeyPress extends KeyPress {
  readonly shiftKey: boolean;
  readonly repeat: boolean;
}

const functionKeys: Readonly<Record<string, 'start' | 'power-on' | 'clear' | 'day-list'>> = { F3: 'day-list', F5: 'start', F6: 'power-on', F7: 'clear' };

const controlKeys: Readonly<Record<string, 'batch' | 'renew' | undefined>> = { b: 'batch', e: 'renew' };

/** Reads a key press on the bench; undefined where it is not the bench's business. */
export function readBenchKey(press: BenchKeyPress, context: BenchKeyContext): BenchCommand | undefined {
  const { key } = press;
  if (press.metaKey) return undefined;
  if (press.ctrlKey) {
    const command = press.altKey ? undefined : controlKeys[key.toLowerCase()];
    return command === undefined ? undefined : { type: press.repeat ? 'ignore' : command };
  }
  if (press.altKey) {
    const index = slotIndexOfDigit(key);
    return index === undefined || index >= context.slotCount ? undefined : { type: 'select', index };
  }
  const command = Object.hasOwn(functionKeys, key) ? functionKeys[key] : undefined;
  if (command !== undefined) return press.repeat ? { type: 'ignore' } : { type: command };
  const elsewhere = context.holder === 'control' || context.holder === 'text-input';
  if (key === 'Escape') {
    if (press.repeat) return { type: 'ignore' };
    return { type: elsewhere ? 'to-field' : 'escape' };
  }
  if (elsewhere) return undefined;
  if (key === 'Enter') return { type: 'terminator', key };
  if (key === 'Tab' && !press.shiftKey && context.holder === 'scan-field') return { type: 'terminator', key };
  if (!context.fieldEmpty) return undefined;
  if (key === 'Delete') return press.repeat ? { type: 'ignore' } : { type: 'clear' };
  if (isArrow(key)) {
    if (context.slotCount > 1) return { type: 'move', key };
    return key === 'ArrowDown' ? { type: 'day-list' } : undefined;
  }
  return undefined;
}

function isArrow(key: string): key is ArrowKey {
  return key === 'ArrowLeft' || key === 'ArrowRight' || key === 'ArrowUp' || key === 'ArrowDown';
}
