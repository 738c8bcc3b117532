import { ImprintError } from '../../domain/errors';
import { readOperatorRole, type Operator, type OperatorChange } from '../../domain/operators';
import { addOperator, beSinglePerson, changeOperator, changeOwnPin, makeFirstAdmin, setIdleMinutes, type OperatorDoors } from '../../station/operators';
import { givenPin, operatorDoors, withOperators } from '../command-sign-in';
import { required, text, usage, type Command, type CommandContext } from './arguments';
import { table } from './table';

const words = 'operators init, list, add, role, pin, badge, disable, enable, idle or my-pin';

/** `operators init --admin NAME | --single-person`, what an admin does afterwards, and one's own PIN. */
export const operatorsCommand: Command = async (context) => {
  const [what = 'list', ...more] = context.positionals;
  if (more.length > 0) throw usage(`"${more.join(' ')}" is one word too many.`, words);
  return withOperators(context, async (operators) => {
    const doors = operatorDoors(operators);
    if (what === 'init') return init(context, doors);
    // A station of one person has nobody who was let in, and nobody to manage.
    if ((await operators.accessSettings()).mode !== 'operators') throw new ImprintError('no-such-operator', 'This station has no operators: make the first one with "imprint operators init --admin NAME".', { field: 'name' });
    switch (what) {
      case 'list':
        return list(context, await operators.operators());
      case 'add':
        return add(context, doors);
      case 'role':
        return change(context, doors, { what: 'role', role: readOperatorRole(required(context, 'role')) });
      case 'pin':
        return change(context, doors, { what: 'pin', pin: await newPin(context, required(context, 'name')) });
      case 'badge':
        return change(context, doors, { what: 'badge', badge: context.values['no-badge'] === true ? undefined : await newBadge(context, required(context, 'name')) });
      case 'disable':
        return change(context, doors, { what: 'enabled', enabled: false });
      case 'enable':
        return change(context, doors, { what: 'enabled', enabled: true });
      case 'idle':
        return idle(context, doors);
      case 'my-pin':
        return myPin(context, doors);
      default:
        throw usage(`There is no command "operators ${what}".`, words);
    }
  });
};

async function init(context: CommandContext, doors: OperatorDoors): Promise<number> {
  const admin = text(context, 'admin');
  const single = context.values['single-person'] === true;
  if ((admin === undefined) === !single) throw usage('A station has operators or a single person.', '--admin NAME or --single-person');
  if (admin === undefined) {
    await beSinglePerson(doors);
    return done(context, { mode: 'single-person' }, 'One person works at this station; nobody signs in.');
  }
  const badge = context.values['badge'] === true ? await newBadge(context, admin) : undefined;
  await makeFirstAdmin(doors, { name: admin, pin: await newPin(context, admin), badge });
  return done(context, { mode: 'operators', name: admin, role: 'admin' }, `${admin} is the first admin of this station. From now on everybody signs in.`);
}

async function add(context: CommandContext, doors: OperatorDoors): Promise<number> {
  const name = required(context, 'name');
  const role = readOperatorRole(required(context, 'role'));
  const badge = context.values['badge'] === true ? await newBadge(context, name) : undefined;
  await addOperator(doors, actorOf(context), { name, role, pin: await newPin(context, name), badge });
  return done(context, { name, role }, `${name} may sign in as ${role}.`);
}

async function change(context: CommandContext, doors: OperatorDoors, wanted: OperatorChange): Promise<number> {
  const name = required(context, 'name');
  await changeOperator(doors, actorOf(context), name, wanted);
  const operator = await doors.operators.operator(name);
  return done(context, { ...operator }, operator === undefined ? name : line(operator));
}

async function idle(context: CommandContext, doors: OperatorDoors): Promise<number> {
  const minutes = Number(required(context, 'minutes'));
  await setIdleMinutes(doors, actorOf(context), minutes);
  return done(context, { idleMinutes: minutes }, `The window locks after ${String(minutes)} minutes without a key or the mouse.`);
}

/** The old PIN is looked at by the call that sets the new one; nobody was signed in before. */
async function myPin(context: CommandContext, doors: OperatorDoors): Promise<number> {
  const name = context.who.operator;
  const pin = await givenPin(context, `PIN of ${name} as it is`, 'IMPRINT_PIN');
  await changeOwnPin(doors, name, pin, await newPin(context, name));
  return done(context, { name }, `${name} has another PIN.`);
}

function list({ output }: CommandContext, operators: readonly Operator[]): number {
  for (const operator of operators) output.emit({ event: 'result', ...operator });
  output.print(table([['NAME', 'ROLE', 'MAY SIGN IN', 'BADGE', 'SINCE', 'BY'], ...operators.map((each) => [each.name, each.role, each.enabled ? 'yes' : 'no', each.hasBadge ? 'yes' : 'no', each.createdAt.slice(0, 10), each.createdBy])]));
  return 0;
}

const line = ({ name, role, enabled, hasBadge }: Operator): string => `${name}: ${role}, ${enabled ? 'may sign in' : 'may not sign in'}, ${hasBadge ? 'with a badge' : 'without a badge'}.`;

function actorOf({ who }: CommandContext): { name: string; role: CommandContext['who']['role'] } {
  return { name: who.operator, role: who.role };
}

/** At a terminal twice, because nobody sees what was typed. */
async function newPin(context: CommandContext, name: string): Promise<string> {
  return twice(context, `New PIN of ${name}`, 'IMPRINT_NEW_PIN', 'The two PINs are not the same: nothing was changed.');
}

async function newBadge(context: CommandContext, name: string): Promise<string> {
  return givenPin(context, `Scan the badge of ${name}`, 'IMPRINT_NEW_BADGE');
}

async function twice(context: CommandContext, question: string, variable: string, differs: string): Promise<string> {
  const first = await givenPin(context, question, variable);
  if ((await givenPin(context, `${question} once more`, variable)) === first) return first;
  throw new ImprintError('operator-invalid', differs, { field: 'pin' });
}

function done({ output }: CommandContext, result: Readonly<Record<string, unknown>>, sentence: string): number {
  output.emit({ event: 'result', ...result, sentence });
  output.print(sentence);
  return 0;
}
