import { z } from 'zod';

import { acceptanceStates } from '../domain/acceptance';
import type { Acceptance, AcceptanceState, WatchedDevice } from '../domain/acceptance';
import type { AcceptancePage, AcceptanceQuery, RecordStore } from '../domain/ports';
import { noSuchDevice, timestamp, wholeNumber } from './checks';
import { fingerprintsFrom, identitiesWith } from './identity-parts';
import type { LogEvents } from './log-events';
import { acceptanceStateSchema, deviceColumns, parse, readAcceptance, readAcceptanceRow, readWatched } from './rows';
import type { RecordSession, Value } from './session';

/** A condition of a query with the values that are bound in it. */
interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** What was seen of the recorded devices at their servers. */
export class AcceptanceRecord {
  readonly #session: RecordSession;
  readonly #events: LogEvents;

  constructor(session: RecordSession, events: LogEvents) {
    this.#session = session;
    this.#events = events;
  }

  devicesToWatch(query: Parameters<RecordStore['devicesToWatch']>[0]): Promise<readonly WatchedDevice[]> {
    return this.#session.read(() => {
      const checkedBefore = timestamp(query.checkedBefore);
      const limit = wholeNumber(query.limit, 'limit');
      // One index range for each state: together they would have to be sorted, all that there are.
      return [...new Set(query.states)]
        .flatMap((state) => this.#session.all(watchedInState, query.serverUrl, state, checkedBefore, limit))
        .map((row) => ({ order: parse(orderSchema, row, 'device', this.#session.path), device: readWatched(row, this.#session.path) }))
        .sort((one, other) => compare(one.order.last_look, other.order.last_look) || one.order.sequence - other.order.sequence)
        .slice(0, limit)
        .map(({ device }) => device);
    });
  }

  /** An older look than the one that is kept changes nothing: two stations may watch at once. @throws ImprintError no-such-device */
  saveAcceptances(acceptances: readonly Acceptance[]): Promise<void> {
    return this.#session.write(() => {
      for (const acceptance of acceptances) this.#save(acceptance);
    });
  }

  acceptancePage(query: AcceptanceQuery): Promise<AcceptancePage> {
    return this.#session.read(() => {
      const limit = wholeNumber(query.limit, 'limit');
      const offset = wholeNumber(query.offset, 'offset');
      const common = allOf([
        { sql: 'acceptances.watched = 1', values: [] },
        ...equal('acceptances.batch', query.batch),
        ...equal('acceptances.profile_name', query.profileName),
        ...this.#matching(query.text),
      ]);
      const counts = this.#counts(common);
      const all = allOf([common, ...equal('acceptances.state', query.state), ...equal('acceptances.diagnosis', query.diagnosis)]);
      const rows = this.#session.all(pageOf(all.sql), ...all.values, limit, offset).map((row) => readAcceptanceRow(row, this.#session.path));
      return { rows, total: this.#total(query, counts, all), counts };
    });
  }

  /** By state, of the devices of a batch that are preauthorized or accepted. */
  countsOfBatch(batch: string): Readonly<Record<AcceptanceState, number>> {
    return this.#counts(allOf([{ sql: 'acceptances.watched = 1', values: [] }, ...equal('acceptances.batch', batch)]));
  }

  /** The last look at a device, or undefined where its server was never asked. */
  lastLook(deviceId: string): Acceptance | undefined {
    const row = this.#session.get(
      `SELECT devices.device_id, acceptances.state, acceptances.diagnosis, acceptances.sentence, acceptances.server_status,
         acceptances.server_device_id, acceptances.related_device_id, acceptances.checked_at
       FROM devices JOIN acceptances USING (sequence) WHERE devices.device_id = ? AND acceptances.checked_at IS NOT NULL`,
      deviceId,
    );
    return row === undefined ? undefined : readAcceptance(row, this.#session.path);
  }

  #save(acceptance: Acceptance): void {
    const checkedAt = timestamp(acceptance.checkedAt);
    const row = this.#session.get(
      `SELECT acceptances.sequence, ifnull(acceptances.checked_at, '') AS last_look FROM devices JOIN acceptances USING (sequence) WHERE devices.device_id = ?`,
      acceptance.deviceId,
    );
    if (row === undefined) throw noSuchDevice(acceptance.deviceId);
    const { sequence, last_look: lastLook } = parse(orderSchema, row, 'device', this.#session.path);
    if (lastLook > checkedAt) return;
    if (acceptance.state === 'accepted') {
      const changes = this.#session.run(`UPDATE devices SET state = 'accepted', updated_at = ? WHERE sequence = ? AND state = 'preauthorized'`, checkedAt, sequence);
      if (changes === 1) this.#events.accepted(acceptance.deviceId, checkedAt);
    }
    this.#session.run(
      `UPDATE acceptances SET state = ?, diagnosis = ?, sentence = ?, server_status = ?, server_device_id = ?, related_device_id = ?, checked_at = ?
       WHERE sequence = ?`,
      acceptance.state,
      acceptance.diagnosis ?? null,
      acceptance.sentence,
      acceptance.serverStatus ?? null,
      acceptance.serverDeviceId ?? null,
      acceptance.relatedDeviceId ?? null,
      checkedAt,
      sequence,
    );
  }

  #counts(condition: Condition): Readonly<Record<AcceptanceState, number>> {
    const counts: Record<AcceptanceState, number> = { unchecked: 0, waiting: 0, accepted: 0, stuck: 0, missing: 0 };
    const rows = this.#session.all(`SELECT acceptances.state, count(*) AS number FROM acceptances WHERE ${condition.sql} GROUP BY acceptances.state`, ...condition.values);
    for (const row of rows) {
      const { state, number } = parse(countSchema, row, 'row', this.#session.path);
      counts[state] = number;
    }
    return counts;
  }

  #total(query: AcceptanceQuery, counts: Readonly<Record<AcceptanceState, number>>, all: Condition): number {
    if (query.diagnosis !== undefined) return this.#session.number(`SELECT count(*) AS value FROM acceptances WHERE ${all.sql}`, ...all.values);
    return query.state === undefined ? totalOf(counts) : counts[query.state];
  }

  /** A part of a value in any letter case, or the beginning of a fingerprint. */
  #matching(given: string | undefined): readonly Condition[] {
    const text = given?.trim() ?? '';
    if (text === '') return [];
    const either = [identitiesWith(text), fingerprintsFrom(text)].filter((select) => select !== undefined);
    return [{ sql: `acceptances.sequence IN (${either.map(({ sql }) => sql).join(' UNION ')})`, values: either.flatMap(({ values }) => values) }];
  }
}

/** How many devices there are in all states together. */
export function totalOf(counts: Readonly<Record<AcceptanceState, number>>): number {
  return acceptanceStates.reduce((sum, state) => sum + counts[state], 0);
}

const orderSchema = z.object({ sequence: z.int(), last_look: z.string() });
const countSchema = z.object({ state: acceptanceStateSchema, number: z.int() });

/** Devices of one server in one state, the one first whose last look is longest ago. */
const watchedInState = `SELECT devices.device_id, devices.identity, devices.server_device_id, devices.fingerprint, acceptances.state AS acceptance,
    acceptances.diagnosis, acceptances.sequence, ifnull(acceptances.checked_at, '') AS last_look,
    (SELECT max(jobs.ended_at) FROM jobs WHERE jobs.device_id = devices.device_id AND jobs.state = 'done') AS finished_at,
    (SELECT max(certificates.not_after) FROM certificates WHERE certificates.device_id = devices.device_id AND certificates.state = 'issued') AS certificate_ends_at
  FROM acceptances CROSS JOIN devices USING (sequence)
  WHERE acceptances.watched = 1 AND acceptances.server_url = ? AND acceptances.state = ? AND ifnull(acceptances.checked_at, '') < ?
    AND devices.fingerprint IS NOT NULL
  ORDER BY ifnull(acceptances.checked_at, ''), acceptances.sequence LIMIT ?`;

/** The page is found in the index alone; only its rows are read. */
function pageOf(condition: string): string {
  return `SELECT ${deviceColumns}, acceptances.state AS acceptance, acceptances.diagnosis, acceptances.sentence, acceptances.checked_at, acceptances.accepted_at,
      (SELECT jobs.ended_at FROM jobs WHERE jobs.device_id = devices.device_id AND jobs.state = 'done' ORDER BY jobs.sequence DESC LIMIT 1) AS preauthorized_at
    FROM (SELECT acceptances.sequence FROM acceptances WHERE ${condition} ORDER BY acceptances.sequence DESC LIMIT ? OFFSET ?) AS page
    CROSS JOIN acceptances USING (sequence) CROSS JOIN devices USING (sequence) ORDER BY page.sequence DESC`;
}

function equal(column: string, value: string | undefined): readonly Condition[] {
  return value === undefined ? [] : [{ sql: `${column} = ?`, values: [value] }];
}

function allOf(conditions: readonly Condition[]): Condition {
  return { sql: conditions.map(({ sql }) => sql).join(' AND '), values: conditions.flatMap(({ values }) => values) };
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
