/** Batches that were ordered: what main asks of the storage process, and what the window asks of main. */
import { z } from 'zod';
import type { Counter, GivenCount } from '../domain/counter';
import { listProblems, type ListProblem } from '../domain/order-list';
import { mostPlacedAtOnce, mostPlannedAtOnce, orderChanges, orderKinds, orderSources, orderStates, plannedStates, type MesOrigin, type NewOrder, type PlacedOrder, type PlannedIdentity, type TakenIdentity, type WorkOrder } from '../domain/work-orders';
import type { Methods } from './methods';
import { batchSummarySchema, identitySchema, listOf, sha256Schema, timestampSchema } from './values';

const nothing = z.void();
const count = z.int().min(0);
const batch = z.string().min(1).max(200);
const fact = z.string().min(1).max(200).optional();

export const orderKindSchema = z.enum(orderKinds);
export const orderStateSchema = z.enum(orderStates);
export const plannedStateSchema = z.enum(plannedStates);
const laterChangeSchema = z.enum(orderChanges).exclude(['created']);

const counterSchema = z.object({
  scheme: listOf(z.object({ name: z.string(), pattern: z.string().optional(), normalise: listOf(z.enum(['trim', 'lower-case', 'upper-case', 'mac'])), scan: z.boolean(), constant: z.string().optional() })),
  attributes: listOf(
    z.object({ name: z.string(), prefix: z.string(), first: count, width: z.int().min(1).max(15), base: z.union([z.literal(10), z.literal(16)]), step: z.int().min(1), upperCase: z.boolean() }),
  ),
}) satisfies z.ZodType<Counter>;

const mesSchema = z.object({ source: z.enum(orderSources), sha256: sha256Schema }) satisfies z.ZodType<MesOrigin>;

const facts = { customer: fact, workOrder: fact, pallet: fact };

export const workOrderSchema = z.object({
  orderId: z.string(),
  batch: z.string(),
  kind: orderKindSchema,
  state: orderStateSchema,
  profileName: z.string(),
  quantity: z.int().min(1).optional(),
  counter: counterSchema.optional(),
  identitiesSha256: z.string().optional(),
  ...facts,
  mes: mesSchema.optional(),
  tally: z.object({ making: count, made: count, failures: count, firstPasses: count, firstFailures: count }),
  createdBy: z.string(),
  createdAt: timestampSchema,
}) satisfies z.ZodType<WorkOrder>;

const newOrderSchema = z.object({
  orderId: z.string(),
  batch: z.string().min(1),
  kind: orderKindSchema,
  profileName: z.string().min(1),
  quantity: z.int().min(1).optional(),
  counter: counterSchema.optional(),
  ...facts,
  mes: mesSchema.optional(),
  by: z.string().min(1),
  at: timestampSchema,
}) satisfies z.ZodType<NewOrder>;

const plannedIdentitySchema = z.object({ identity: identitySchema, state: plannedStateSchema, attempts: count }) satisfies z.ZodType<PlannedIdentity>;
const takenSchema = z.object({ index: count, why: z.enum(['recorded', 'planned']), how: z.string() }) satisfies z.ZodType<TakenIdentity>;

const placedSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['placed', 'already']), order: workOrderSchema }),
  z.object({ kind: z.literal('other'), order: workOrderSchema.optional() }),
  z.object({ kind: z.literal('taken'), taken: listOf(takenSchema) }),
]) satisfies z.ZodType<PlacedOrder>;

const identities = z.array(identitySchema).max(mostPlannedAtOnce).readonly();
const request = { batch: z.string().min(1).optional(), profileName: z.string() };
const ordersQuery = z.object({ states: listOf(orderStateSchema).optional(), limit: z.int().min(1), offset: count });
const orderPage = z.object({ orders: listOf(workOrderSchema), total: count });

/** The record's port, under names of its own among the others of the storage process. */
export const orderMethods = {
  order: { params: z.object({ batch: z.string() }), result: workOrderSchema.optional() },
  orders: { params: z.object({ query: ordersQuery }), result: orderPage },
  plannedIdentities: { params: z.object({ batch: z.string(), query: z.object({ state: plannedStateSchema, limit: z.int().min(1), offset: count }) }), result: listOf(plannedIdentitySchema) },
  takenIdentities: { params: z.object({ identities }), result: listOf(takenSchema) },
  beginOrder: { params: z.object({ order: newOrderSchema }), result: nothing },
  planIdentities: { params: z.object({ orderId: z.string(), from: count, identities }), result: nothing },
  finishOrder: { params: z.object({ orderId: z.string() }), result: workOrderSchema },
  dropOrder: { params: z.object({ orderId: z.string() }), result: nothing },
  placeOrder: { params: z.object({ order: newOrderSchema, identities: z.array(identitySchema).max(mostPlacedAtOnce).readonly() }), result: placedSchema },
  changeOrder: { params: z.object({ batch: z.string(), change: laterChangeSchema, by: z.string().min(1), at: timestampSchema }), result: workOrderSchema },
  checkOrderedIdentity: { params: z.object({ request: z.object({ ...request, identity: identitySchema }) }), result: nothing },
  nextIdentity: { params: z.object({ request: z.object({ ...request, batch: z.string().min(1), without: listOf(identitySchema) }) }), result: identitySchema },
} as const satisfies Methods;
export type OrderMethods = typeof orderMethods;

/** An order as the window shows it: without what only the record needs to count. */
export const orderViewSchema = workOrderSchema.omit({ orderId: true, counter: true }).extend({
  left: count.optional(),
  /** First pass yield from 0 to 1; absent before a first card has ended. */
  yield: z.number().min(0).max(1).optional(),
  /** The first and the last identity of a counter. */
  range: z.object({ first: identitySchema, last: identitySchema }).optional(),
});
export type OrderView = z.output<typeof orderViewSchema>;

/** One line of the page: an order, or a batch that nobody ordered and that has devices. */
export const batchLineSchema = z.object({ batch: z.string(), order: orderViewSchema.optional(), summary: batchSummarySchema.optional() });
export type BatchLine = z.output<typeof batchLineSchema>;

const reading = z.object({ header: z.boolean().optional(), columns: z.record(z.string(), count).optional() });

/** Where a list is: pasted, or in the file that was chosen last. */
export const listSourceSchema = z.union([z.strictObject({ text: z.string().max(32_000_000) }), z.strictObject({ file: z.string() })]);

export const listProblemSchema = z.object({
  line: z.int(),
  column: z.string().optional(),
  why: z.enum(listProblems),
  sentence: z.string(),
  expected: z.string(),
}) satisfies z.ZodType<ListProblem>;

/** A list as it was read, before anything is ordered. */
export const listViewSchema = z.object({
  header: z.boolean(),
  columnNames: listOf(z.string()),
  columns: z.record(z.string(), count),
  good: count,
  /** The first of them, so that a person sees what was read from which column. */
  samples: listOf(z.object({ line: z.int(), identity: identitySchema })),
  /** The first of the bad rows; `bad` counts them all. */
  problems: listOf(listProblemSchema),
  bad: count,
});
export type ListView = z.output<typeof listViewSchema>;

const countSchema = z.object({ name: z.string(), prefix: z.string().max(200), first: z.string().max(20), hexadecimal: z.boolean(), step: z.int() }) satisfies z.ZodType<GivenCount>;

export const orderRequestSchema = z.object({
  batch: z.string().max(1000),
  ...facts,
  content: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('list'), source: listSourceSchema, reading, onlyGood: z.boolean() }),
    z.object({ kind: z.literal('counter'), quantity: z.int(), counts: listOf(countSchema) }),
    z.object({ kind: z.literal('open'), quantity: z.int().optional() }),
  ]),
});
export type OrderRequestParams = z.output<typeof orderRequestSchema>;

export const orderWindowMethods = {
  /** Orders newest first, then the batches with devices that nobody ordered. */
  batchLines: { params: z.object({}), result: listOf(batchLineSchema) },
  plannedIdentities: { params: z.object({ batch, state: plannedStateSchema, limit: z.int().min(1).max(200), offset: count }), result: listOf(plannedIdentitySchema) },
  /** Attributes that a list or a counter must give, in the profile's order. */
  orderAttributes: { params: z.object({}), result: listOf(z.object({ name: z.string(), mac: z.boolean() })) },
  /** Asks for a file; undefined where the person closed the question. */
  chooseListFile: { params: z.object({}), result: z.object({ file: z.string(), name: z.string() }).optional() },
  readList: { params: z.object({ source: listSourceSchema, reading }), result: listViewSchema },
  createOrder: { params: z.object({ request: orderRequestSchema }), result: orderViewSchema },
  changeOrder: { params: z.object({ batch, change: laterChangeSchema }), result: orderViewSchema },
} as const satisfies Methods;
