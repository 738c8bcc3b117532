import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import type { Requirement } from '../contract/window-rights';
import { asImprintError, ImprintError } from '../domain/errors';
import type { AccessMode, OperatorStore } from '../domain/operators';
import { assertMay, type Role } from '../domain/roles';
import { operatorsClient } from '../ipc/operators';
import { signIn, type OperatorDoors } from '../station/operators';
import { readRole } from './at-work';
import { text, usage, type CommandContext } from './commands/arguments';
import { readHidden } from './commands/hidden-input';
import { stationFolder } from './station-folder';
import { stationSettings } from './station-settings';
import { keepStorage, takeStorage } from './storage-process';

type Asking = Pick<CommandContext, 'dataFolder' | 'values' | 'signal' | 'positionals' | 'output' | 'who'>;

/** The operators of the data folder's station for the time of `use`, in a process that ends with it. @param keep it is left for what comes after */
export async function withOperators<T>(context: Pick<CommandContext, 'dataFolder'>, use: (operators: OperatorStore) => Promise<T>, keep = false): Promise<T> {
  const { root, record } = stationFolder(context.dataFolder, false);
  const { name } = stationSettings(root);
  const storage = takeStorage(record, name, false);
  try {
    return await use(operatorsClient(storage));
  } finally {
    if (keep) keepStorage(record, name, storage);
    else await storage.stop();
  }
}

/** What the use cases about operators get here. */
export function operatorDoors(operators: OperatorStore): OperatorDoors {
  return { operators, clock: { now: () => new Date() } };
}

/** These put another record in its place, or another program over it: nobody may have it open. */
const aloneWithRecord: ReadonlySet<Requirement> = new Set<Requirement>(['restore', 'update']);

/**
 * Who runs a command: where the station has operators, whoever `--operator` names and has the PIN for; else what the person says.
 *
 * @throws ImprintError sign-in-needed, sign-in-refused, sign-in-paused, not-allowed, usage
 */
export async function whoRuns(context: Asking, requirement: Requirement): Promise<{ readonly operator: string; readonly role: Role }> {
  const said = { operator: text(context, 'operator') ?? userInfo().username, role: roleOf(context) ?? 'lab' } as const;
  // A record that is not there has no operators, and asking must not make it.
  if (requirement === 'anybody' || !existsSync(stationFolder(context.dataFolder, false).record)) return said;
  return withOperators(context, async (operators) => {
    if ((await modeOf(operators, requirement)) !== 'operators') return said;
    // Of `operators add` and `operators role` it is somebody else's.
    if (context.values['role'] !== undefined && requirement !== 'manage-operators') throw usage('The role is the one of whoever signs in at this station.', 'no --role');
    const name = text(context, 'operator');
    if (name === undefined || name === '') throw new ImprintError('sign-in-needed', 'This station has operators: say who you are with --operator NAME.', { field: '--operator', expected: 'the name of an operator' });
    // The command gives the PIN to the record itself. Until then nobody has shown anything, and may do the least.
    if (requirement === 'own-account') return { operator: name, role: 'auditor' };
    const operator = await signIn(operatorDoors(operators), { name }, await givenPin(context, `PIN of ${name}`, 'IMPRINT_PIN'));
    if (requirement !== 'look') assertMay(operator.role, requirement);
    return { operator: operator.name, role: operator.role };
  }, !aloneWithRecord.has(requirement));
}

/**
 * SECURITY: of a record that cannot be read nobody can be asked, and a backup must be put in its place all the same: whoever
 * does so could put a file there by hand, too. The restored record's log says that it was replaced, and by whom.
 */
async function modeOf(operators: OperatorStore, requirement: Requirement): Promise<AccessMode> {
  try {
    return (await operators.accessSettings()).mode;
  } catch (thrown) {
    const { code } = asImprintError(thrown);
    if (requirement === 'restore' && code === 'record-corrupt') return 'undecided';
    // After going back to an earlier version: it puts a backup in the record's place, or the newer version here again.
    if ((requirement === 'restore' || requirement === 'update') && code === 'record-from-the-future') return 'undecided';
    throw thrown;
  }
}

/** @throws ImprintError usage */
function roleOf(context: Asking): Role | undefined {
  const role = text(context, 'role');
  return role === undefined ? undefined : readRole(role, '--role');
}

/** From the environment, else from the terminal, where nothing of it is shown. @throws ImprintError sign-in-needed where nobody can be asked */
export async function givenPin({ signal }: Pick<CommandContext, 'signal'>, question: string, variable: string): Promise<string> {
  const value = process.env[variable];
  if (value !== undefined && value !== '') return value;
  const typed = process.stdin.isTTY ? await readHidden(question, process.stdin, process.stderr, signal) : undefined;
  if (typed !== undefined) return typed;
  throw new ImprintError('sign-in-needed', `${question}: nobody could be asked. Give it in the variable ${variable}, or run this at a terminal.`, { field: variable });
}
