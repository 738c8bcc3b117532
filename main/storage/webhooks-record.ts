import { z } from 'zod';

import { ImprintError } from '../domain/errors';
import { attemptOutcomes, webhookStates } from '../domain/webhooks';
import type { DeliveryAttempt, DeliveryOutcome, NextDelivery, WaitingDeliveries, WebhookEvent, WebhookJournal, WebhookMessage, WebhookProgress, WebhookState } from '../domain/webhooks';
import { parseEntry } from '../ledger/entry';
import { timestamp, wholeNumber } from './checks';
import type { LogStore } from './log-store';
import { parse } from './rows';
import type { RecordSession } from './session';
import { eventOfEntry, messageOf } from './webhook-messages';

/** Entries that are looked at in one transaction: a receiver that is far behind must not keep a job at the bench waiting. */
const portion = 200;

const columns = 'url, state, next_entry, attempts, next_try_at, failing_since, sentence, delivered_at, opened_at';

/** Where each receiver is in the log, and what was tried; a port of its own. */
export class WebhookRecord implements WebhookJournal {
  readonly #session: RecordSession;
  readonly #log: LogStore;
  readonly #practice: boolean;

  constructor(session: RecordSession, log: LogStore, practice: boolean) {
    this.#session = session;
    this.#log = log;
    this.#practice = practice;
  }

  openWebhook(url: string, at: string): Promise<void> {
    return this.#session.write(() => {
      this.#session.run(
        `INSERT INTO webhooks (url, state, next_entry, attempts, opened_at) VALUES (?, 'active', ?, 0, ?) ON CONFLICT (url) DO NOTHING`,
        url,
        this.#log.size(),
        timestamp(at),
      );
    });
  }

  async nextDelivery(url: string, events: readonly WebhookEvent[]): Promise<NextDelivery> {
    const found = await this.#session.read(() => {
      const progress = this.#progress(url);
      return { progress, ...this.#messageFrom(progress.nextEntry, events) };
    });
    const { progress, message, end } = found;
    if (message !== undefined) return { kind: 'message', message, progress };
    // Entries that are told to nobody are passed in larger steps: each step is a write.
    if (end - progress.nextEntry < portion) return { kind: 'nothing', progress };
    await this.#session.write(() => this.#session.run('UPDATE webhooks SET next_entry = ? WHERE url = ? AND next_entry = ?', end, url, progress.nextEntry));
    return { kind: 'more' };
  }

  /** CRASH: the attempt and the time of the next one are durable before anything is sent: a station that is killed in it does not try in a circle. */
  beginDelivery(url: string, from: number, entry: number, at: string, nextTryAt: string): Promise<boolean> {
    return this.#session.write(() => {
      const begun = this.#session.run(
        `UPDATE webhooks SET next_entry = ?, attempts = attempts + 1, next_try_at = ?, failing_since = ifnull(failing_since, ?) WHERE url = ? AND next_entry = ? AND state = 'active'`,
        entry,
        timestamp(nextTryAt),
        timestamp(at),
        url,
        from,
      );
      if (begun === 0) return false;
      this.#session.run('INSERT INTO webhook_attempts (url, entry, begun_at) VALUES (?, ?, ?)', url, entry, timestamp(at));
      return true;
    });
  }

  /** CRASH: the place moves in the transaction that ends the attempt. Killed before: the same message is sent again, under the same id. */
  endDelivery(url: string, entry: number, outcome: DeliveryOutcome, state: WebhookState, at: string): Promise<void> {
    return this.#session.write(() => {
      const moment = timestamp(at);
      this.#session.run(
        `UPDATE webhook_attempts SET ended_at = ?, outcome = ?, sentence = ?
         WHERE sequence = (SELECT max(sequence) FROM webhook_attempts WHERE url = ? AND entry = ? AND ended_at IS NULL)`,
        moment,
        outcome.kind,
        outcome.sentence,
        url,
        entry,
      );
      // Somebody may have skipped it meanwhile: then it is at another entry and stays there.
      if (outcome.kind === 'delivered') {
        this.#session.run(
          'UPDATE webhooks SET next_entry = ?, attempts = 0, next_try_at = NULL, failing_since = NULL, sentence = NULL, delivered_at = ? WHERE url = ? AND next_entry = ?',
          entry + 1,
          moment,
          url,
          entry,
        );
      } else this.#session.run('UPDATE webhooks SET state = ?, sentence = ? WHERE url = ? AND next_entry = ?', state, outcome.sentence, url, entry);
    });
  }

  webhookProgress(): Promise<readonly WebhookProgress[]> {
    return this.#session.read(() => this.#session.all(`SELECT ${columns} FROM webhooks ORDER BY url`).map((row) => this.#read(row)));
  }

  waitingDeliveries(url: string, events: readonly WebhookEvent[], limit: number): Promise<WaitingDeliveries> {
    return this.#session.read(() => {
      const most = wholeNumber(limit, 'limit');
      let count = 0;
      let first: number | undefined;
      for (let from = this.#progress(url).nextEntry; count < most; ) {
        const { found, end } = this.#eventsFrom(from, events);
        count += found.length;
        first ??= found[0];
        if (end === from) break;
        from = end;
      }
      return { count: Math.min(count, most), ...(first === undefined ? {} : { first }) };
    });
  }

  attempts(url: string, limit: number): Promise<readonly DeliveryAttempt[]> {
    return this.#session.read(() =>
      this.#session
        .all('SELECT entry, begun_at, ended_at, outcome, sentence, done_by FROM webhook_attempts WHERE url = ? ORDER BY sequence DESC LIMIT ?', url, wholeNumber(limit, 'limit'))
        .map((row) => readAttempt(row, this.#session.path)),
    );
  }

  retryWebhook(url: string, by: string, at: string, entry?: number): Promise<WebhookProgress> {
    return this.#session.write(() => {
      const { nextEntry } = this.#progress(url);
      const from = entry ?? nextEntry;
      if (from > this.#log.size()) throw new ImprintError('usage', `The log has no entry ${String(from)} yet.`, { field: '--entry', expected: `a number up to ${String(this.#log.size())}` });
      this.#session.run(`UPDATE webhooks SET state = 'active', next_entry = ?, attempts = 0, next_try_at = NULL, failing_since = NULL, sentence = NULL WHERE url = ?`, from, url);
      this.#note(url, from, 'retried', by, at);
      return this.#progress(url);
    });
  }

  skipDelivery(url: string, from: number, entry: number, by: string, at: string): Promise<WebhookProgress> {
    return this.#session.write(() => {
      const { nextEntry } = this.#progress(url);
      if (nextEntry !== from || entry < from) {
        throw new ImprintError('no-such-webhook', 'This webhook has gone on meanwhile: nothing was skipped. Look again with "imprint hooks list".', { field: 'url' });
      }
      this.#session.run(`UPDATE webhooks SET state = 'active', next_entry = ?, attempts = 0, next_try_at = NULL, failing_since = NULL, sentence = NULL WHERE url = ?`, entry + 1, url);
      this.#note(url, entry, 'skipped', by, at);
      return this.#progress(url);
    });
  }

  #note(url: string, entry: number, outcome: 'skipped' | 'retried', by: string, at: string): void {
    const moment = timestamp(at);
    this.#session.run('INSERT INTO webhook_attempts (url, entry, begun_at, ended_at, outcome, done_by) VALUES (?, ?, ?, ?, ?, ?)', url, entry, moment, moment, outcome, by);
  }

  /** The first message from an entry on, and where the portion ends that was looked at. */
  #messageFrom(from: number, events: readonly WebhookEvent[]): { readonly message?: WebhookMessage; readonly end: number } {
    let end = from;
    for (const { seq, bytes, leaf } of this.#log.entriesFrom(from, portion)) {
      const message = messageOf({ entry: parseEntry(bytes, seq), leaf }, this.#session, this.#practice);
      end = seq + 1;
      if (message !== undefined && events.includes(message.event)) return { message, end };
    }
    return { end };
  }

  #eventsFrom(from: number, events: readonly WebhookEvent[]): { readonly found: readonly number[]; readonly end: number } {
    const entries = this.#log.entriesFrom(from, portion).map(({ seq, bytes }) => parseEntry(bytes, seq));
    const found = entries.flatMap((entry) => {
      const event = eventOfEntry(entry);
      return event !== undefined && events.includes(event) ? [entry.seq] : [];
    });
    return { found, end: (entries.at(-1)?.seq ?? from - 1) + 1 };
  }

  /** @throws ImprintError no-such-webhook */
  #progress(url: string): WebhookProgress {
    const row = this.#session.get(`SELECT ${columns} FROM webhooks WHERE url = ?`, url);
    if (row === undefined) throw new ImprintError('no-such-webhook', 'The record knows no such webhook: it is known from its first start on.', { field: 'url' });
    return this.#read(row);
  }

  #read(row: unknown): WebhookProgress {
    const { url, state, next_entry: nextEntry, attempts, next_try_at, failing_since, sentence, delivered_at, opened_at: openedAt } = parse(webhookSchema, row, 'webhook', this.#session.path);
    return {
      url,
      state,
      nextEntry,
      attempts,
      openedAt,
      ...(next_try_at === null ? {} : { nextTryAt: next_try_at }),
      ...(failing_since === null ? {} : { failingSince: failing_since }),
      ...(sentence === null ? {} : { sentence }),
      ...(delivered_at === null ? {} : { deliveredAt: delivered_at }),
    };
  }
}

const webhookSchema = z.object({
  url: z.string(),
  state: z.enum(webhookStates),
  next_entry: z.int(),
  attempts: z.int(),
  next_try_at: z.string().nullable(),
  failing_since: z.string().nullable(),
  sentence: z.string().nullable(),
  delivered_at: z.string().nullable(),
  opened_at: z.string(),
});

const attemptSchema = z.object({
  entry: z.int(),
  begun_at: z.string(),
  ended_at: z.string().nullable(),
  outcome: z.enum(attemptOutcomes).nullable(),
  sentence: z.string().nullable(),
  done_by: z.string().nullable(),
});

function readAttempt(row: unknown, path: string): DeliveryAttempt {
  const { entry, begun_at: begunAt, ended_at, outcome, sentence, done_by } = parse(attemptSchema, row, 'attempt', path);
  return {
    entry,
    begunAt,
    ...(ended_at === null ? {} : { endedAt: ended_at }),
    ...(outcome === null ? {} : { outcome }),
    ...(sentence === null ? {} : { sentence }),
    ...(done_by === null ? {} : { by: done_by }),
  };
}
