import { parseArgs, type ParseArgsConfig } from 'node:util';
import { ImprintError } from '../../domain/errors';
import type { Role } from '../../domain/roles';
import type { Output } from '../output';

/** What every command gets. */
export interface CommandContext {
  readonly dataFolder: string;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly values: Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;
  readonly positionals: readonly string[];
  /** Who runs it; signed in where the station has operators. */
  readonly who: { readonly operator: string; readonly role: Role };
}

/** A command returns its exit code. */
export type Command = (context: CommandContext) => Promise<number>;

export const options = {
  'data': { type: 'string' },
  'json': { type: 'boolean' },
  'csv': { type: 'boolean' },
  'ca-file': { type: 'string' },
  'profile': { type: 'string' },
  'identity': { type: 'string', multiple: true },
  'target': { type: 'string' },
  'image': { type: 'string' },
  'port': { type: 'string' },
  'server': { type: 'string' },
  'operator': { type: 'string' },
  'name': { type: 'string' },
  'fixed-disk': { type: 'boolean' },
  'batch': { type: 'string' },
  'open': { type: 'boolean' },
  'quantity': { type: 'string' },
  'count': { type: 'string', multiple: true },
  'column': { type: 'string', multiple: true },
  'no-header': { type: 'boolean' },
  'only-good': { type: 'boolean' },
  'customer': { type: 'string' },
  'work-order': { type: 'string' },
  'pallet': { type: 'string' },
  'role': { type: 'string' },
  'remark': { type: 'string' },
  'confirm': { type: 'string' },
  'file': { type: 'string' },
  'body': { type: 'string' },
  'device-id': { type: 'string' },
  'timestamp': { type: 'string' },
  'nonce': { type: 'string' },
  'interval': { type: 'string' },
  'watch': { type: 'boolean' },
  'once': { type: 'boolean' },
  'everything': { type: 'boolean' },
  'until-accepted': { type: 'boolean' },
  'replace': { type: 'boolean' },
  'reset': { type: 'string' },
  'slot': { type: 'string' },
  'issuer': { type: 'string' },
  'expiring-within': { type: 'string' },
  'reason': { type: 'string' },
  'card': { type: 'string' },
  'decide': { type: 'string' },
  'answer': { type: 'string' },
  'practice': { type: 'boolean' },
  'to': { type: 'string' },
  'zip': { type: 'boolean' },
  'from': { type: 'string' },
  'until': { type: 'string' },
  'state': { type: 'string', multiple: true },
  'public-keys': { type: 'boolean' },
  'receipts': { type: 'boolean' },
  'pdf': { type: 'boolean' },
  'no-pdf': { type: 'boolean' },
  'key': { type: 'string' },
  // A file for whoever verifies; `report` has none to give.
  'anchor': { type: 'string', multiple: true },
  'made-by': { type: 'string' },
  'url': { type: 'string' },
  'witness': { type: 'string' },
  'entry': { type: 'string' },
  'output': { type: 'string', short: 'o' },
  'override': { type: 'string' },
  'admin': { type: 'string' },
  'single-person': { type: 'boolean' },
  'badge': { type: 'boolean' },
  'no-badge': { type: 'boolean' },
  'minutes': { type: 'string' },
  'columns': { type: 'string' },
  'order': { type: 'string' },
  'offline': { type: 'boolean' },
  'help': { type: 'boolean', short: 'h' },
  'version': { type: 'boolean' },
} as const;

export function usage(sentence: string, expected = 'see "imprint --help"'): ImprintError {
  return new ImprintError('usage', sentence, { expected });
}

/** @throws ImprintError usage naming the option that is wrong */
export function readArguments(args: readonly string[]): { readonly positionals: readonly string[]; readonly values: CommandContext['values'] } {
  try {
    const { positionals, values } = parseArgs({ args: [...args], options: optionsFor(args), allowPositionals: true, strict: true });
    return { positionals, values };
  } catch (thrown) {
    throw usage(thrown instanceof Error ? (thrown.message.split('. ')[0] ?? thrown.message) : 'The arguments cannot be read.');
  }
}

/** `report --anchor` says that the paper is an anchor; everywhere else `--anchor` names a file. */
function optionsFor(args: readonly string[]): NonNullable<ParseArgsConfig['options']> {
  const withFlag: NonNullable<ParseArgsConfig['options']> = { ...options, anchor: { type: 'boolean' } };
  const { positionals } = parseArgs({ args: [...args], options: withFlag, allowPositionals: true, strict: false });
  return positionals[0] === 'report' ? withFlag : options;
}

/** An option has a value that it cannot have. */
export function wrongOption(name: keyof typeof options, sentence: string, expected: string): ImprintError {
  return new ImprintError('usage', sentence, { field: `--${name}`, expected });
}

/** A text option, or undefined. */
export function text(context: CommandContext, name: keyof typeof options): string | undefined {
  const value = context.values[name];
  return typeof value === 'string' ? value : undefined;
}

/** A text option that must be there. @throws ImprintError usage */
export function required(context: CommandContext, name: keyof typeof options): string {
  const value = text(context, name);
  if (value === undefined || value === '') throw usage(`This command needs --${name}.`, `--${name} with a value`);
  return value;
}

/** `--identity mac=02:… serial=7`: name → value. Further pairs may follow as further words. @throws ImprintError usage */
export function identityPairs(context: CommandContext): Readonly<Record<string, string>> | undefined {
  const given = context.values['identity'];
  const listed = Array.isArray(given) ? (given as readonly (string | boolean)[]).filter((value) => typeof value === 'string') : [];
  const pairs = [...listed, ...context.positionals];
  if (pairs.length === 0) return undefined;
  const identity: Record<string, string> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw usage(`"${pair}" is not an identity attribute.`, 'NAME=VALUE, such as mac=02:00:00:00:00:01');
    const name = pair.slice(0, at);
    if (Object.hasOwn(identity, name)) throw usage(`The identity attribute ${name} was given twice.`, 'every attribute once');
    identity[name] = pair.slice(at + 1);
  }
  return identity;
}
