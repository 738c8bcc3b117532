/** What other systems of the factory are told, and how far each of them is. docs/integration.md is the same for people. */
import type { JsonObject, SecretReference } from './profile';

/** `batch.changed` is about batches that were ordered; `batch.signed-off` about all of them. */
export const webhookEvents = ['device.preauthorized', 'device.accepted', 'device.failed', 'device.decommissioned', 'batch.signed-off', 'batch.changed'] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

/** Who wants to hear of what over HTTP. */
export interface Webhook {
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  readonly secret: SecretReference;
  /** How long one attempt may take, in milliseconds. */
  readonly timeout: number;
  /** PEM certificates that are trusted there instead of the system's. */
  readonly certificateAuthority?: string | undefined;
}

/** What is told of one entry of the log. SECURITY: identities and public facts only; no key, no secret, no person's name. */
export interface WebhookMessage {
  /** The same at every attempt; another one for another entry, also after a record was put back from a backup. */
  readonly id: string;
  readonly event: WebhookEvent;
  /** Number of the entry in the log. */
  readonly entry: number;
  /** The text that is sent, byte for byte the same at every attempt. */
  readonly body: string;
}

/**
 * active: entries are sent in their order. gone: the other side said that it wants none any more (410). dead: it did not take
 * an entry for days. The last two wait for a person.
 */
export const webhookStates = ['active', 'gone', 'dead'] as const;
export type WebhookState = (typeof webhookStates)[number];

/** How far a receiver is. */
export interface WebhookProgress {
  readonly url: string;
  readonly state: WebhookState;
  /** First entry of the log that it was not told of. */
  readonly nextEntry: number;
  /** In a row, without success. */
  readonly attempts: number;
  readonly nextTryAt?: string | undefined;
  readonly failingSince?: string | undefined;
  /** How the last attempt ended, where it failed. */
  readonly sentence?: string | undefined;
  readonly deliveredAt?: string | undefined;
  readonly openedAt: string;
}

/** How one attempt ended. */
export type DeliveryOutcome =
  | { readonly kind: 'delivered'; readonly sentence: string }
  | { readonly kind: 'gone'; readonly sentence: string }
  | { readonly kind: 'failed'; readonly sentence: string };

/** What there is to do for a receiver. `more`: nothing in this portion of the log, and the log goes on. */
export type NextDelivery =
  | { readonly kind: 'message'; readonly message: WebhookMessage; readonly progress: WebhookProgress }
  | { readonly kind: 'nothing'; readonly progress: WebhookProgress }
  | { readonly kind: 'more' };

/**
 * The outbox of all receivers, in the record: for each of them the first entry of the log that it was not told of, and the
 * attempts. What is to be told is the log itself, so it is durable with whatever it tells of.
 *
 * @throws ImprintError record-*
 */
export interface WebhookJournal {
  /** Begins at the end of the log where the receiver is new; what was before is not told. */
  openWebhook(url: string, at: string): Promise<void>;
  /** In the order of the log. `events`: what this receiver is told of. */
  nextDelivery(url: string, events: readonly WebhookEvent[]): Promise<NextDelivery>;
  /**
   * Before it is sent.
   *
   * @param from where the receiver was when the message was found (`progress.nextEntry`)
   * @returns false where somebody was faster: the receiver is elsewhere by now, or waits for a person
   */
  beginDelivery(url: string, from: number, entry: number, at: string, nextTryAt: string): Promise<boolean>;
  /** `state`: of the receiver from now on. */
  endDelivery(url: string, entry: number, outcome: DeliveryOutcome, state: WebhookState, at: string): Promise<void>;
  webhookProgress(): Promise<readonly WebhookProgress[]>;
  /** How many messages wait, counted up to `limit`, and the entry of the first. Writes nothing. */
  waitingDeliveries(url: string, events: readonly WebhookEvent[], limit: number): Promise<WaitingDeliveries>;
  /** The newest attempts, newest first. */
  attempts(url: string, limit: number): Promise<readonly DeliveryAttempt[]>;
  /** Tries again now, from `entry` on where it is told. @throws no-such-webhook */
  retryWebhook(url: string, by: string, at: string, entry?: number): Promise<WebhookProgress>;
  /** Leaves one entry out. `from` as in beginDelivery. @throws no-such-webhook where the receiver is elsewhere by now */
  skipDelivery(url: string, from: number, entry: number, by: string, at: string): Promise<WebhookProgress>;
}

export interface WaitingDeliveries {
  readonly count: number;
  readonly first?: number | undefined;
}

export const attemptOutcomes = ['delivered', 'gone', 'failed', 'skipped', 'retried'] as const;
export type AttemptOutcome = (typeof attemptOutcomes)[number];

export interface DeliveryAttempt {
  readonly entry: number;
  readonly begunAt: string;
  /** Absent while it is under way, and for ever where the station was killed in it: nobody knows whether it arrived. */
  readonly endedAt?: string | undefined;
  readonly outcome?: AttemptOutcome | undefined;
  readonly sentence?: string | undefined;
  /** Who skipped it or had it tried again. */
  readonly by?: string | undefined;
}

/** Somebody who is told of what the log says. Never throws but for `cancelled`: whatever goes wrong is how the attempt ended. */
export interface Receiver {
  /** Its name in the record: another one is another receiver. */
  readonly url: string;
  readonly events: readonly WebhookEvent[];
  /** The same message may come again; it must have the same effect as once. */
  send(message: Pick<WebhookMessage, 'id' | 'body'>, signal: AbortSignal): Promise<DeliveryOutcome>;
}

/** What a message says, as it is sent. */
export interface WebhookPayload {
  readonly v: 1;
  readonly id: string;
  readonly event: WebhookEvent | 'test';
  readonly at: string;
  readonly station: string;
  /** There where nothing of it is real: whoever books devices must not book these. */
  readonly practice?: true | undefined;
  readonly data: JsonObject;
}
