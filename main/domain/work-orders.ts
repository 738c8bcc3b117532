import type { Counter } from './counter';
import type { Identity } from './identity';

/** Where the identities of an order come from. list: imported. counter: counted. open: whatever is scanned. */
export const orderKinds = ['list', 'counter', 'open'] as const;
export type OrderKind = (typeof orderKinds)[number];

/** A paused order can be resumed, a closed one cannot. That it was signed off is QA's word beside it. */
export const orderStates = ['open', 'paused', 'closed'] as const;
export type OrderState = (typeof orderStates)[number];

/** What a person does to an order, as the log names it. */
export const orderChanges = ['created', 'paused', 'resumed', 'closed'] as const;
export type OrderChange = (typeof orderChanges)[number];

/** What the log says of an order: what a person or an MES did to it, that QA signed it off, that its last device is made. */
export const loggedOrderChanges = [...orderChanges, 'signed-off', 'completed'] as const;
export type LoggedOrderChange = (typeof loggedOrderChanges)[number];

/** How an MES hands its orders in. */
export const orderSources = ['folder', 'http'] as const;
export type OrderSource = (typeof orderSources)[number];

/** Who is named as the one who made an order that an MES handed in. */
export const mesName = 'MES';

/** Of an order that an MES handed in. */
export interface MesOrigin {
  readonly source: OrderSource;
  /** SHA-256 over the whole order as it was taken, hexadecimal: the same order has the same. */
  readonly sha256: string;
}

/** What an order says for people: where its devices go. */
export interface OrderFacts {
  readonly customer?: string | undefined;
  readonly workOrder?: string | undefined;
  readonly pallet?: string | undefined;
}

/** What became of an order's identities so far. */
export interface OrderTally {
  /** At the bench, or verified and waiting for the server. */
  readonly making: number;
  readonly made: number;
  /** Cards that failed. One that a person cancelled is none of them. */
  readonly failures: number;
  /** Devices whose first card was good, and those whose first card failed. */
  readonly firstPasses: number;
  readonly firstFailures: number;
}

/** A batch that was ordered. Its devices name it as their batch. */
export interface WorkOrder extends OrderFacts {
  readonly orderId: string;
  readonly batch: string;
  readonly kind: OrderKind;
  readonly state: OrderState;
  readonly profileName: string;
  /** Absent where nobody said how many; a list and a counter always have it. */
  readonly quantity?: number | undefined;
  readonly counter?: Counter | undefined;
  /** SHA-256 over the identities in their order, canonical JSON, each with a line end. */
  readonly identitiesSha256?: string | undefined;
  /** Absent where it was made at the station. */
  readonly mes?: MesOrigin | undefined;
  readonly tally: OrderTally;
  readonly createdBy: string;
  /** ISO 8601 UTC. */
  readonly createdAt: string;
}

export interface NewOrder extends OrderFacts {
  readonly orderId: string;
  readonly batch: string;
  readonly kind: OrderKind;
  readonly profileName: string;
  readonly quantity?: number | undefined;
  readonly counter?: Counter | undefined;
  readonly mes?: MesOrigin | undefined;
  readonly by: string;
  readonly at: string;
}

/**
 * What became of an order that was placed as a whole. already: an MES handed the same one in before. other: its name has
 * another order, or devices of a batch that nobody ordered.
 */
export type PlacedOrder =
  | { readonly kind: 'placed' | 'already'; readonly order: WorkOrder }
  | { readonly kind: 'other'; readonly order?: WorkOrder | undefined }
  | { readonly kind: 'taken'; readonly taken: readonly TakenIdentity[] };

/** planned: nobody has begun. failed: its last card failed, and it may be made again. */
export const plannedStates = ['planned', 'making', 'made', 'failed'] as const;
export type PlannedState = (typeof plannedStates)[number];

export interface PlannedIdentity {
  readonly identity: Identity;
  readonly state: PlannedState;
  /** Cards that were begun for it. */
  readonly attempts: number;
}

/** Why an identity cannot be planned. */
export interface TakenIdentity {
  /** Its place among those that were asked about. */
  readonly index: number;
  readonly why: 'recorded' | 'planned';
  /** The end of a sentence: `was made already (expected by the server, 2026-11-22 07:47 UTC)`. */
  readonly how: string;
}

export interface OrdersQuery {
  readonly states?: readonly OrderState[] | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** Devices that a bench wants to begin. */
export interface OrderRequest {
  readonly batch?: string | undefined;
  readonly profileName: string;
}

/** Most identities in one message: a longer transaction would keep the jobs at the bench waiting. */
export const mostPlannedAtOnce = 5000;

/** Most identities of an order that is placed as a whole: looking them up and keeping them takes less than a second. */
export const mostPlacedAtOnce = 10_000;

/** Orders in the record. Every method is durable and atomic when it returns. @throws ImprintError record-*, no-such-batch */
export interface WorkOrderStore {
  order(batch: string): Promise<WorkOrder | undefined>;
  /** Newest first. */
  orders(query: OrdersQuery): Promise<{ readonly orders: readonly WorkOrder[]; readonly total: number }>;
  /** In the order's own order. */
  planned(batch: string, query: { readonly state: PlannedState; readonly limit: number; readonly offset: number }): Promise<readonly PlannedIdentity[]>;
  /** Which of these identities a device has, or another order that is not closed plans. */
  taken(identities: readonly Identity[]): Promise<readonly TakenIdentity[]>;
  /** Takes the name of an order, which nobody sees until `finishOrder`. @throws ImprintError batch-exists */
  beginOrder(order: NewOrder): Promise<void>;
  /** The identities of a list from place `from` on, at most `mostPlannedAtOnce`. */
  planIdentities(orderId: string, from: number, identities: readonly Identity[]): Promise<void>;
  /** Opens the order. @throws ImprintError identity-recorded, identity-planned where an identity was taken meanwhile: there is no order then */
  finishOrder(orderId: string): Promise<WorkOrder>;
  /** Throws a begun order away. */
  dropOrder(orderId: string): Promise<void>;
  /**
   * All of it in one transaction, for whoever has all of it at hand and may come twice: `identities` are those of a list, at
   * most `mostPlacedAtOnce`. What is in the way is no error but the answer, and nothing was ordered then.
   */
  placeOrder(order: NewOrder, identities: readonly Identity[]): Promise<PlacedOrder>;
  /** To the state that it has already: nothing changes. @throws ImprintError no-such-batch, batch-stopped where it is closed */
  changeOrder(batch: string, change: Exclude<OrderChange, 'created'>, by: string, at: string): Promise<WorkOrder>;
  /** Whether this device may be begun in this batch. @throws ImprintError batch-stopped, identity-foreign, identity-planned */
  checkIdentity(request: OrderRequest & { readonly identity: Identity }): Promise<void>;
  /** The identity that a counter's next device will most likely get; `without`: those that wait in other slots. @throws ImprintError batch-stopped, no-such-batch */
  nextIdentity(request: OrderRequest & { readonly batch: string; readonly without: readonly Identity[] }): Promise<Identity>;
}

/** How many are neither made nor being made; undefined where nobody said how many there shall be. */
export function leftOf({ quantity, tally }: Pick<WorkOrder, 'quantity' | 'tally'>): number | undefined {
  return quantity === undefined ? undefined : Math.max(0, quantity - tally.made - tally.making);
}

/** First pass yield from 0 to 1: of the devices whose first card has ended, those where it was good. */
export function yieldOf({ firstPasses, firstFailures }: OrderTally): number | undefined {
  const ended = firstPasses + firstFailures;
  return ended === 0 ? undefined : firstPasses / ended;
}
