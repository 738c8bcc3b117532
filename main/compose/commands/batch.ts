import { readFileSync } from 'node:fs';
import { counterIdentity, type GivenCount } from '../../domain/counter';
import { ImprintError } from '../../domain/errors';
import { describeIdentity, type IdentityAttribute } from '../../domain/identity';
import type { ListReading } from '../../domain/order-list';
import { leftOf, orderStates, plannedStates, yieldOf, type WorkOrder } from '../../domain/work-orders';
import { changeOrder, createOrder, describeProblem, readListForOrder, type OrderContent } from '../../station/work-orders';
import { required, text, usage, wrongOption, type Command, type CommandContext } from './arguments';
import { profileOf, withStation } from './context';
import { table } from './table';

const words = 'batch list, show, create, import, pause, resume or close';
const changes = { pause: 'paused', resume: 'resumed', close: 'closed' } as const;
/** Bad rows that are named one by one for people; --json has all. */
const mostNamed = 50;

/** `batch list | show | create | import | pause | resume | close`: work orders. */
export const batchCommand: Command = async (context) => {
  const [what = 'list', ...more] = context.positionals;
  // Further words are further pairs of --count and --column.
  if (more.length > 0 && what !== 'create' && what !== 'import') throw usage(`"${more.join(' ')}" is one word too many.`, words);
  switch (what) {
    case 'list':
      return list(context);
    case 'show':
      return show(context);
    case 'create':
      return create(context, more);
    case 'import':
      return importList(context, more);
    case 'pause':
    case 'resume':
    case 'close':
      return withStation(context, async ({ station }) => done(context, await changeOrder(station, required(context, 'batch'), changes[what]), `is ${changes[what] === 'resumed' ? 'open again' : changes[what]}`));
    default:
      throw usage(`There is no command "batch ${what}".`, words);
  }
};

function list(context: CommandContext): Promise<number> {
  const given = context.values['state'];
  const asked = Array.isArray(given) ? (given as readonly string[]) : [];
  const wrong = asked.find((each) => !(orderStates as readonly string[]).includes(each));
  if (wrong !== undefined) throw wrongOption('state', `"${wrong}" is no state of a batch.`, orderStates.join(', '));
  const states = asked.length === 0 ? undefined : orderStates.filter((state) => asked.includes(state));
  return withStation(context, async ({ station }) => {
    const rows = [['BATCH', 'STATE', 'KIND', 'PROFILE', 'MADE', 'LEFT', 'YIELD', 'CUSTOMER', 'WORK ORDER', 'PALLET', 'ORIGIN', 'SINCE']];
    for (let offset = 0; ; offset += 500) {
      const { orders, total } = await station.record.orders.orders({ states, limit: 500, offset });
      for (const order of orders) {
        context.output.emit({ event: 'result', ...orderResult(order) });
        const { made } = order.tally;
        rows.push([order.batch, order.state, order.kind, order.profileName, `${String(made)}${order.quantity === undefined ? '' : ` of ${String(order.quantity)}`}`, inWords(leftOf(order)), percent(order), order.customer ?? '', order.workOrder ?? '', order.pallet ?? '', originOf(order), order.createdAt.slice(0, 10)]);
      }
      if (orders.length === 0 || offset + orders.length >= total) break;
    }
    context.output.print(rows.length === 1 ? 'No batch was ordered.' : table(rows));
    return 0;
  });
}

function show(context: CommandContext): Promise<number> {
  const batch = required(context, 'batch');
  return withStation(context, async ({ station }) => {
    const { orders } = station.record;
    const order = await orders.order(batch);
    if (order === undefined) throw new ImprintError('no-such-batch', `There is no batch "${batch}" that was ordered.`, { field: '--batch', expected: 'the name of an order, as "imprint batch list" has it' });
    context.output.emit({ event: 'result', ...orderResult(order) });
    const { tally, counter, quantity } = order;
    const lines = [
      `Batch ${batch}: ${order.state}, ${order.kind}, profile ${order.profileName}, made by ${order.createdBy} on ${order.createdAt}${order.mes === undefined ? '' : order.mes.source === 'http' ? ', over HTTP' : ', by its folder'}`,
      ...(['customer', 'workOrder', 'pallet'] as const).flatMap((name) => (order[name] === undefined ? [] : [`${name === 'workOrder' ? 'work order' : name}: ${order[name]}`])),
      `${String(tally.made)}${quantity === undefined ? '' : ` of ${String(quantity)}`} made, ${String(tally.making)} at work, ${String(tally.failures)} cards failed, ${inWords(leftOf(order))} left, first pass yield ${percent(order)}`,
      ...(counter === undefined || quantity === undefined ? [] : [`from ${describeIdentity(counterIdentity(counter, 0))} to ${describeIdentity(counterIdentity(counter, quantity - 1))}`]),
      ...(order.identitiesSha256 === undefined ? [] : [`SHA-256 of the identities: ${order.identitiesSha256}`]),
    ];
    for (const state of plannedStates.filter((each) => each !== 'made')) {
      for (const planned of await orders.planned(batch, { state, limit: 20, offset: 0 })) {
        context.output.emit({ event: 'result', ...planned });
        lines.push(`  ${state.padEnd(8)} ${describeIdentity(planned.identity)}`);
      }
    }
    context.output.print(lines.join('\n'));
    return 0;
  });
}

function create(context: CommandContext, more: readonly string[]): Promise<number> {
  const { profile } = profileOf(context);
  const counts = [...texts(context, 'count'), ...more].map((given) => readCount(given, profile.identity));
  const open = context.values['open'] === true;
  if (open === counts.length > 0) throw usage('A batch has a counter or is open-ended.', '--count NAME=PREFIX+FIRST … or --open; "imprint batch import" takes a list');
  const quantity = wholeNumber(context, 'quantity');
  if (!open && quantity === undefined) throw usage('This command needs --quantity.', '--quantity with a value');
  return order(context, open ? { kind: 'open', quantity } : { kind: 'counter', quantity: quantity ?? 0, counts });
}

/** `--file -` is standard input: what an MES writes into a pipe. */
function importList(context: CommandContext, more: readonly string[]): Promise<number> {
  const path = required(context, 'file');
  let content: string;
  try {
    content = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path === '-' ? 0 : path));
  } catch (thrown) {
    throw new ImprintError('import-invalid', `Nothing was ordered: ${path} cannot be read as UTF-8 text.`, { field: '--file', expected: 'a CSV file', cause: thrown });
  }
  const reading = readingOf(context, content, more);
  const onlyGood = context.values['only-good'] === true;
  return order(context, { kind: 'list', text: content, reading, onlyGood });
}

function order(context: CommandContext, content: OrderContent): Promise<number> {
  const { profile } = profileOf(context);
  const batch = required(context, 'batch');
  const facts = { customer: text(context, 'customer'), workOrder: text(context, 'work-order'), pallet: text(context, 'pallet') };
  return withStation(context, async ({ station }) => {
    // Every bad row is named before one word about the first of them.
    const { problems } = content.kind === 'list' ? await readListForOrder(station, profile, content.text, content.reading) : { problems: [] };
    problems.forEach((problem, index) => {
      if (context.output.json || index < mostNamed) context.output.emit({ event: 'warning', sentence: describeProblem(problem) });
    });
    const made = await createOrder(station, profile, { batch, ...facts, content });
    const left = problems.length === 0 ? '' : `, ${String(problems.length)} bad rows left out`;
    return done(context, made, `was ordered${made.quantity === undefined ? '' : `: ${String(made.quantity)} devices`}${left}`);
  });
}

/** `--column mac=3` or `--column mac=HEADER`, columns from 1. */
function readingOf(context: CommandContext, content: string, more: readonly string[]): ListReading {
  const header = context.values['no-header'] === true ? false : undefined;
  const given = [...texts(context, 'column'), ...more];
  if (given.length === 0) return { header };
  const [first = ''] = content.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/, 1);
  const names = first.split(first.includes('\t') ? '\t' : first.includes(',') ? ',' : ';').map((name) => name.trim().replace(/^"(.*)"$/, '$1').toLowerCase());
  const columns = given.map((pair): readonly [string, number] => {
    const [, name, column] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
    if (name === undefined || column === undefined) throw wrongOption('column', `"${pair}" names no column.`, 'NAME=COLUMN, such as mac=2 or mac="MAC address"');
    const named = names.indexOf(column.trim().toLowerCase());
    const number = named >= 0 ? named : /^[1-9][0-9]*$/.test(column) ? Number(column) - 1 : -1;
    if (number < 0) throw wrongOption('column', `The list has no column "${column}".`, `a number from 1, or one of ${names.join(', ')}`);
    return [name, number];
  });
  return { header, columns: Object.fromEntries(columns) };
}

/** `serial=SN-+000100`, `mac=02:12:61+000010/2`: what stays, where it begins, from one to the next. */
function readCount(given: string, scheme: readonly IdentityAttribute[]): GivenCount {
  const [, name, prefix, hexadecimal, first, step] = /^([^=]+)=(.*)\+(0x)?([0-9A-Fa-f]+)(?:\/([1-9][0-9]*))?$/.exec(given) ?? [];
  if (name === undefined || prefix === undefined || first === undefined) throw wrongOption('count', `"${given}" is no counter.`, 'NAME=PREFIX+FIRST[/STEP], such as serial=SN-+000100 or mac=02:12:61+000010');
  const mac = scheme.some((attribute) => attribute.name === name && attribute.normalise.includes('mac'));
  return { name, prefix, first, hexadecimal: mac || hexadecimal !== undefined, step: step === undefined ? 1 : Number(step) };
}

function texts(context: CommandContext, name: 'count' | 'column'): readonly string[] {
  const given = context.values[name];
  return Array.isArray(given) ? (given as readonly (string | boolean)[]).filter((value) => typeof value === 'string') : [];
}

function wholeNumber(context: CommandContext, name: 'quantity'): number | undefined {
  const given = text(context, name);
  if (given === undefined) return undefined;
  if (!/^[1-9][0-9]{0,8}$/.test(given)) throw wrongOption(name, `"${given}" is no number of devices.`, 'a whole number from 1');
  return Number(given);
}

function orderResult({ counter, ...order }: WorkOrder): Readonly<Record<string, unknown>> {
  const range = counter === undefined || order.quantity === undefined ? {} : { first: counterIdentity(counter, 0), last: counterIdentity(counter, order.quantity - 1) };
  return { ...order, ...range, origin: order.mes === undefined ? 'station' : 'mes', left: leftOf(order), yield: yieldOf(order.tally) };
}

function originOf({ mes }: WorkOrder): string {
  return mes === undefined ? 'station' : 'MES';
}

function percent({ tally }: WorkOrder): string {
  const share = yieldOf(tally);
  return share === undefined ? '-' : `${(share * 100).toFixed(1)} %`;
}

const inWords = (left: number | undefined): string => (left === undefined ? '-' : String(left));

function done({ output }: CommandContext, result: WorkOrder, what: string): number {
  const sentence = `Batch ${result.batch} ${what}.`;
  output.emit({ event: 'result', ...orderResult(result), sentence });
  output.print(sentence);
  return 0;
}
