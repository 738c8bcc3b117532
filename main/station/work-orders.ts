import { readBatch } from '../domain/batches';
import { counterIdentity, readCounter, type GivenCount } from '../domain/counter';
import { ImprintError } from '../domain/errors';
import { describeIdentity, type Identity } from '../domain/identity';
import { readOrderList, type ListProblem, type ListReading, type OrderList } from '../domain/order-list';
import type { Profile } from '../domain/profile';
import { assertMay } from '../domain/roles';
import { mostPlannedAtOnce, type NewOrder, type OrderChange, type OrderFacts, type TakenIdentity, type WorkOrder } from '../domain/work-orders';
import { now, serverKindOf, type Station } from './station';

/** Where the identities of a new order come from. */
export type OrderContent =
  | { readonly kind: 'list'; readonly text: string; readonly reading: ListReading; readonly onlyGood: boolean }
  | { readonly kind: 'counter'; readonly quantity: number; readonly counts: readonly GivenCount[] }
  | { readonly kind: 'open'; readonly quantity?: number | undefined };

export interface OrderWish extends OrderFacts {
  readonly batch: string;
  readonly content: OrderContent;
}

/** How far an import has come: identities that were looked up or planned. */
export type OrderProgress = (done: number, total: number) => void;

const longestFact = 200;

/**
 * A list as it would be ordered: read, and looked up in the record. Changes nothing.
 *
 * @throws ImprintError import-invalid
 */
export async function readListForOrder(station: Station, profile: Profile, text: string, reading: ListReading): Promise<OrderList> {
  const list = readOrderList(text, profile.identity, reading);
  const checkIdentity = serverKindOf(station, profile).checkIdentity?.bind(undefined);
  const problems: ListProblem[] = [...list.problems];
  const rows: OrderList['rows'][number][] = [];
  for (const row of list.rows) {
    try {
      checkIdentity?.(row.identity, profile.server);
      rows.push(row);
    } catch (thrown) {
      if (!(thrown instanceof ImprintError)) throw thrown;
      problems.push({ line: row.line, why: 'invalid', sentence: thrown.message, expected: thrown.expected ?? 'an identity that the server takes' });
    }
  }
  const taken = new Map((await takenOf(station, rows.map(({ identity }) => identity))).map((each) => [each.index, each]));
  taken.forEach(({ why, how }, index) => {
    const row = rows[index];
    if (row !== undefined) problems.push({ line: row.line, why, sentence: `${describeIdentity(row.identity)} ${how}.`, expected: why === 'recorded' ? 'an identity that no device has' : 'an identity that no other batch plans' });
  });
  return { ...list, rows: rows.filter((_, index) => !taken.has(index)), problems: problems.sort((one, other) => one.line - other.line) };
}

/**
 * Makes an order. Nobody sees it before all of it is there.
 *
 * @throws ImprintError not-allowed, batch-invalid, batch-exists, import-invalid with the first bad row, identity-recorded, identity-planned
 */
export async function createOrder(station: Station, profile: Profile, wish: OrderWish, progress: OrderProgress = () => undefined): Promise<WorkOrder> {
  assertMay(station.role, 'manage-batches');
  const { content } = wish;
  const order = { ...readFacts(wish), orderId: station.randomness.uuid(), batch: readBatch(wish.batch), kind: content.kind, profileName: profile.name, by: station.operator, at: now(station) };
  switch (content.kind) {
    case 'open':
      return planned(station, { ...order, quantity: content.quantity === undefined ? undefined : readQuantity(content.quantity) }, [], progress);
    case 'counter': {
      const quantity = readQuantity(content.quantity);
      const counter = readCounter(profile.identity, content.counts, quantity);
      serverKindOf(station, profile).checkIdentity?.(counterIdentity(counter, 0), profile.server);
      await assertCounterFree(station, quantity, (position) => counterIdentity(counter, position), progress);
      return planned(station, { ...order, quantity, counter }, [], progress);
    }
    case 'list': {
      const { rows, problems, columns } = await readListForOrder(station, profile, content.text, content.reading);
      const missing = profile.identity.find(({ name, constant }) => constant === undefined && columns[name] === undefined);
      if (missing !== undefined) throw new ImprintError('import-invalid', `Nothing was ordered: no column of the list is ${missing.name}.`, { field: `columns.${missing.name}`, expected: 'a column for every attribute of the profile' });
      const [first] = problems;
      if (first !== undefined && !content.onlyGood) throw badRows(first, problems.length);
      if (rows.length === 0) throw new ImprintError('import-invalid', 'Nothing was ordered: the list has no good row.', { field: 'list', expected: 'one identity a line' });
      return planned(station, { ...order, quantity: rows.length }, rows.map(({ identity }) => identity), progress);
    }
  }
}

/** @throws ImprintError not-allowed, no-such-batch, batch-stopped */
export function changeOrder(station: Station, batch: string, change: Exclude<OrderChange, 'created'>): Promise<WorkOrder> {
  assertMay(station.role, 'manage-batches');
  return station.record.orders.changeOrder(batch, change, station.operator, now(station));
}

/** Where a bad row is, what is wrong with it, and what was expected. */
export function describeProblem({ line, column, sentence, expected }: ListProblem): string {
  return `Line ${String(line)}${column === undefined ? '' : `, ${column}`}: ${sentence} Expected: ${expected}.`;
}

function badRows(first: ListProblem, count: number): ImprintError {
  const more = count === 1 ? '' : ` ${String(count - 1)} more ${count === 2 ? 'row is' : 'rows are'} bad.`;
  const place = `line ${String(first.line)}${first.column === undefined ? '' : `, ${first.column}`}`;
  return new ImprintError('import-invalid', `Nothing was ordered: in ${place} of the list: ${first.sentence}${more}`, { field: place, expected: first.expected });
}

/** In portions, so that the jobs at the bench get their turn between them. CRASH: what was planned by then is seen by nobody. */
async function planned(station: Station, order: NewOrder, identities: readonly Identity[], progress: OrderProgress): Promise<WorkOrder> {
  const { orders } = station.record;
  await orders.beginOrder(order);
  try {
    for (let from = 0; from < identities.length; from += mostPlannedAtOnce) {
      await orders.planIdentities(order.orderId, from, identities.slice(from, from + mostPlannedAtOnce));
      progress(Math.min(identities.length, from + mostPlannedAtOnce), identities.length);
    }
  } catch (thrown) {
    await orders.dropOrder(order.orderId).catch(() => undefined);
    throw thrown;
  }
  return orders.finishOrder(order.orderId);
}

async function takenOf(station: Station, identities: readonly Identity[]): Promise<readonly TakenIdentity[]> {
  const taken: TakenIdentity[] = [];
  for (let from = 0; from < identities.length; from += mostPlannedAtOnce) {
    const portion = await station.record.orders.taken(identities.slice(from, from + mostPlannedAtOnce));
    taken.push(...portion.map((each) => ({ ...each, index: each.index + from })));
  }
  return taken;
}

async function assertCounterFree(station: Station, quantity: number, identityAt: (position: number) => Identity, progress: OrderProgress): Promise<void> {
  for (let from = 0; from < quantity; from += mostPlannedAtOnce) {
    const identities = Array.from({ length: Math.min(mostPlannedAtOnce, quantity - from) }, (_, index) => identityAt(from + index));
    const [taken] = await station.record.orders.taken(identities);
    progress(Math.min(quantity, from + mostPlannedAtOnce), quantity);
    const identity = taken === undefined ? undefined : identities[taken.index];
    if (taken === undefined || identity === undefined) continue;
    throw new ImprintError(taken.why === 'recorded' ? 'identity-recorded' : 'identity-planned', `Nothing was ordered: number ${String(from + taken.index + 1)} of the counter, ${describeIdentity(identity)}, ${taken.how}.`, {
      field: 'counter',
      expected: 'a range that nobody has a device of',
    });
  }
}

function readQuantity(quantity: number): number {
  if (Number.isSafeInteger(quantity) && quantity >= 1) return quantity;
  throw new ImprintError('batch-invalid', 'It is not said how many devices there shall be.', { field: 'quantity', expected: 'a whole number from 1' });
}

function readFacts({ customer, workOrder, pallet }: OrderFacts): OrderFacts {
  const facts = Object.entries({ customer, workOrder, pallet }).map(([name, given]) => {
    const text = given?.trim() ?? '';
    if (text.length > longestFact || /[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text)) {
      throw new ImprintError('batch-invalid', `The ${name === 'workOrder' ? 'work order' : name} is too long, or holds a control character.`, { field: name, expected: `up to ${String(longestFact)} printable characters` });
    }
    return [name, text] as const;
  });
  return Object.fromEntries(facts.filter(([, text]) => text !== ''));
}
