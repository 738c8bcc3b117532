import type { KeyPress } from './focus';

export type WindowCommand = 'bench' | 'devices' | 'acceptance' | 'certificates' | 'audit' | 'orders' | 'shift' | 'dashboard' | 'slots' | 'people' | 'help' | 'desk' | 'theme' | 'open-profile' | 'labels' | 'back';

export interface WindowKeyContext {
  readonly dialogOpen: boolean;
  /** The input that has the focus is empty, or none has it. */
  readonly fieldEmpty: boolean;
  readonly page: 'bench' | 'devices' | 'acceptance' | 'certificates' | 'audit' | 'orders' | 'shift' | 'dashboard' | 'device';
}

const functionKeys: Readonly<Record<string, WindowCommand>> = { F1: 'bench', F2: 'devices', F4: 'slots', F8: 'theme', F9: 'acceptance', F11: 'certificates', F12: 'help' };

/** Every function key has its work already. */
const withControl: Readonly<Record<string, WindowCommand | undefined>> = { o: 'open-profile', f: 'audit', u: 'people', g: 'orders', r: 'shift', d: 'dashboard', p: 'labels', m: 'desk' };

/** The keys that work on every page. A dialog leaves only the theme. */
export function readWindowKey(press: KeyPress, context: WindowKeyContext): WindowCommand | undefined {
  const { key } = press;
  if (press.altKey || press.metaKey) return undefined;
  if (press.ctrlKey) return context.dialogOpen || isOfPage(key, context.page) ? undefined : withControl[key.toLowerCase()];
  const command = Object.hasOwn(functionKeys, key) ? functionKeys[key] : undefined;
  if (command !== undefined) return context.dialogOpen && command !== 'theme' ? undefined : command;
  if (context.dialogOpen) return undefined;
  if (key === '?' && context.fieldEmpty) return 'help';
  if (key === 'Escape' && context.page !== 'bench') return 'back';
  return undefined;
}

/** On the page of the shift the letter prints its report. */
function isOfPage(key: string, page: WindowKeyContext['page']): boolean {
  return page === 'shift' && key.toLowerCase() === 'p';
}
