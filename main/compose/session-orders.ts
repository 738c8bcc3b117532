import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ParamsOf } from '../contract/methods';
import type { BatchLine, ListView, OrderRequestParams, OrderView } from '../contract/orders-channel';
import type { WindowMethods } from '../contract/window-channel';
import { counterIdentity } from '../domain/counter';
import { ImprintError } from '../domain/errors';
import type { Profile } from '../domain/profile';
import { leftOf, yieldOf, type PlannedIdentity, type WorkOrder } from '../domain/work-orders';
import { asNow, type Station } from '../station/station';
import { changeOrder, createOrder, readListForOrder, type OrderContent } from '../station/work-orders';

type Source = ParamsOf<WindowMethods, 'readList'>['source'];

/** Orders and batches that the page shows; older ones are found by their name at the command line. */
const mostLines = 500;
const mostSamples = 5;
const mostProblems = 200;
/** A million addresses are 18 MB. */
const mostListBytes = 64 * 1024 * 1024;

/** All that the window asks about work orders. */
export class SessionOrders {
  readonly #station: Station;
  readonly #profile: Profile;
  /** An order is new, or another one than before. */
  readonly #tell: () => void;
  #version = 0;
  /** The file that was chosen last; its text never goes through the window. */
  #chosen: { readonly file: string; readonly text: string } | undefined;

  constructor(station: Station, profile: Profile, changed: () => void) {
    this.#station = station;
    this.#profile = profile;
    this.#tell = changed;
  }

  /** How often an order was new, or another one than before. */
  get version(): number {
    return this.#version;
  }

  /** An MES has handed one in. */
  changedElsewhere(): void {
    this.#changed();
  }

  /** Of a batch that was ordered; undefined for one that was only typed. */
  async view(batch: string | undefined): Promise<OrderView | undefined> {
    const order = batch === undefined ? undefined : await this.#station.record.orders.order(batch);
    return order === undefined ? undefined : orderView(order);
  }

  async lines(): Promise<readonly BatchLine[]> {
    const { record } = this.#station;
    const [{ orders }, summaries] = await Promise.all([record.orders.orders({ limit: mostLines, offset: 0 }), record.batches(mostLines)]);
    const summaryOf = new Map(summaries.map((summary) => [summary.batch, summary]));
    const ordered = new Set(orders.map(({ batch }) => batch));
    return [...orders.map((order) => ({ batch: order.batch, order: orderView(order), summary: summaryOf.get(order.batch) })), ...summaries.filter(({ batch }) => !ordered.has(batch)).map((summary) => ({ batch: summary.batch, summary }))];
  }

  planned({ batch, ...query }: ParamsOf<WindowMethods, 'plannedIdentities'>): Promise<readonly PlannedIdentity[]> {
    return this.#station.record.orders.planned(batch, query);
  }

  attributes(): { readonly name: string; readonly mac: boolean }[] {
    return this.#profile.identity.filter(({ constant }) => constant === undefined).map(({ name, normalise }) => ({ name, mac: normalise.includes('mac') }));
  }

  /** @param choose asks the person. @throws ImprintError import-invalid */
  async chooseFile(choose: () => Promise<string | undefined>): Promise<{ readonly file: string; readonly name: string } | undefined> {
    const path = await choose();
    if (path === undefined) return undefined;
    const name = basename(path);
    try {
      if ((await stat(path)).size > mostListBytes) throw new ImprintError('import-invalid', `${name} is too large for a list.`, { field: 'file', expected: 'at most 64 MiB' });
      this.#chosen = { file: randomUUID(), text: new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path)) };
    } catch (thrown) {
      if (thrown instanceof ImprintError) throw thrown;
      throw new ImprintError('import-invalid', `${name} cannot be read as UTF-8 text.`, { field: 'file', expected: 'a CSV file', cause: thrown });
    }
    return { file: this.#chosen.file, name };
  }

  async readList({ source, reading }: ParamsOf<WindowMethods, 'readList'>): Promise<ListView> {
    const { rows, problems, ...list } = await readListForOrder(this.#station, this.#profile, this.#textOf(source), reading);
    return {
      ...list,
      columnNames: [...list.columnNames],
      columns: { ...list.columns },
      good: rows.length,
      samples: rows.slice(0, mostSamples).map(({ line, identity }) => ({ line, identity: { ...identity } })),
      problems: problems.slice(0, mostProblems),
      bad: problems.length,
    };
  }

  async create({ content, ...facts }: OrderRequestParams): Promise<OrderView> {
    const given: OrderContent = content.kind === 'list' ? { ...content, text: this.#textOf(content.source) } : content;
    const order = await createOrder(asNow(this.#station), this.#profile, { ...facts, content: given });
    this.#changed();
    return orderView(order);
  }

  async change({ batch, change }: ParamsOf<WindowMethods, 'changeOrder'>): Promise<OrderView> {
    const order = await changeOrder(asNow(this.#station), batch, change);
    this.#changed();
    return orderView(order);
  }

  #changed(): void {
    this.#version += 1;
    this.#tell();
  }

  #textOf(source: Source): string {
    if ('text' in source) return source.text;
    if (this.#chosen?.file === source.file) return this.#chosen.text;
    throw new ImprintError('import-invalid', 'The file is not open any more: choose it again.', { field: 'file', expected: 'a CSV file' });
  }
}

function orderView({ orderId: _, counter, ...order }: WorkOrder): OrderView {
  const range = counter === undefined || order.quantity === undefined ? undefined : { first: { ...counterIdentity(counter, 0) }, last: { ...counterIdentity(counter, order.quantity - 1) } };
  return { ...order, left: leftOf(order), yield: yieldOf(order.tally), range };
}
