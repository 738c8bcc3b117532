import { z } from 'zod';

import type { CertificateFacts, CertificatePage, CertificateQuery, CertificateRow, CertificateState } from '../domain/certificates';
import { certificateStates } from '../domain/certificates';
import { ImprintError } from '../domain/errors';
import { containing, noSuchDevice, timestamp, wholeNumber } from './checks';
import { identitiesWith } from './identity-parts';
import type { LogEvents } from './log-events';
import { certificateColumns, parse, readCertificate } from './rows';
import type { RecordSession, Value } from './session';

const hashSchema = z.object({ sha256: z.string() });

/** Certificates that servers issued for recorded devices. */
export class CertificateRecord {
  readonly #session: RecordSession;
  readonly #events: LogEvents;

  constructor(session: RecordSession, events: LogEvents) {
    this.#session = session;
    this.#events = events;
  }

  /** Within the caller's transaction. The same certificate a second time changes nothing. */
  add(deviceId: string, certificates: readonly CertificateFacts[], at: string): void {
    const recordedAt = timestamp(at);
    for (const certificate of certificates) {
      const changes = this.#session.run(
        `INSERT INTO certificates (device_id, serial, issuer, not_before, not_after, sha256, certificate, state, recorded_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'issued', ?) ON CONFLICT (sha256) DO NOTHING`,
        deviceId,
        certificate.serial,
        certificate.issuer,
        timestamp(certificate.notBefore),
        timestamp(certificate.notAfter),
        certificate.sha256,
        certificate.pem,
        recordedAt,
      );
      if (changes === 1) this.#events.certificates('issued', recordedAt, 'certificates.sha256 = ?', certificate.sha256);
    }
  }

  /** Within the caller's transaction: those that were issued for a card that did not become one. */
  lose(deviceId: string, at: string): void {
    this.#events.certificates('lost', at, `certificates.device_id = ? AND certificates.state = 'issued'`, deviceId);
    this.#session.run(`UPDATE certificates SET state = 'lost' WHERE device_id = ? AND state = 'issued'`, deviceId);
  }

  addLater(deviceId: string, certificates: readonly CertificateFacts[], supersede: boolean, at: string): Promise<void> {
    return this.#session.write(() => {
      if (this.#session.get('SELECT 1 FROM devices WHERE device_id = ?', deviceId) === undefined) throw noSuchDevice(deviceId);
      const kept = JSON.stringify(certificates.map(({ sha256 }) => sha256));
      if (supersede) {
        const superseded = `certificates.device_id = ? AND certificates.state = 'issued' AND certificates.sha256 NOT IN (SELECT value FROM json_each(?))`;
        this.#events.certificates('superseded', timestamp(at), superseded, deviceId, kept);
        this.#session.run(
          `UPDATE certificates SET state = 'superseded' WHERE device_id = ? AND state = 'issued' AND sha256 NOT IN (SELECT value FROM json_each(?))`,
          deviceId,
          kept,
        );
      }
      this.add(deviceId, certificates, at);
    });
  }

  /** @throws ImprintError no-such-device where the device has no certificate with this serial number */
  revoke(deviceId: string, serial: string, reason: string, at: string): Promise<void> {
    return this.#session.write(() => {
      const moment = timestamp(at);
      const state = this.#session.text('SELECT state AS value FROM certificates WHERE serial = ? AND device_id = ? ORDER BY sequence DESC LIMIT 1', serial, deviceId);
      if (state === undefined) throw new ImprintError('no-such-device', `The record has no certificate ${serial} of this device.`, { field: 'serial', expected: 'the serial number of a recorded certificate of the device' });
      const revoked = this.#session.all(`SELECT sha256 FROM certificates WHERE serial = ? AND device_id = ? AND state <> 'revoked'`, serial, deviceId).map((row) => parse(hashSchema, row, 'certificate', this.#session.path));
      this.#session.run(`UPDATE certificates SET state = 'revoked', revoked_at = ?, revocation_reason = ? WHERE serial = ? AND device_id = ? AND state <> 'revoked'`, moment, reason, serial, deviceId);
      for (const { sha256 } of revoked) this.#events.certificates('revoked', moment, 'certificates.sha256 = ?', sha256);
    });
  }

  page(query: CertificateQuery): Promise<CertificatePage> {
    return this.#session.read(() => {
      const others = [...equal('device_id', query.deviceId), ...endingBefore(query.endBefore), ...issuedBy(query.issuer), ...matching(query.text)];
      const all = [...others, ...equal('state', query.state)];
      const counts = this.#counts(others);
      // From the end of validity to the device, in this order: the other way round every page would be sorted.
      const rows = this.#session.all(
        `SELECT ${certificateColumns}, devices.identity, devices.batch FROM certificates CROSS JOIN devices USING (device_id) ${where(all)}
         ORDER BY certificates.not_after, certificates.sequence LIMIT ? OFFSET ?`,
        ...all.flatMap(({ values }) => values),
        wholeNumber(query.limit, 'limit'),
        wholeNumber(query.offset, 'offset'),
      );
      const total = query.state === undefined ? certificateStates.reduce((sum, state) => sum + counts[state], 0) : counts[query.state];
      return { certificates: rows.map((row) => readCertificate(row, this.#session.path)), total, counts };
    });
  }

  /** Newest first. */
  ofDevice(deviceId: string): readonly CertificateRow[] {
    const rows = this.#session.all(
      `SELECT ${certificateColumns}, devices.identity, devices.batch FROM certificates JOIN devices USING (device_id)
       WHERE certificates.device_id = ? ORDER BY certificates.sequence DESC`,
      deviceId,
    );
    return rows.map((row) => readCertificate(row, this.#session.path));
  }

  #counts(conditions: readonly Condition[]): Readonly<Record<CertificateState, number>> {
    const counts: Record<CertificateState, number> = { issued: 0, superseded: 0, revoked: 0, lost: 0 };
    const rows = this.#session.all(`SELECT certificates.state, count(*) AS number FROM certificates ${where(conditions)} GROUP BY certificates.state`, ...conditions.flatMap(({ values }) => values));
    for (const row of rows) {
      const { state, number } = parse(countSchema, row, 'row', this.#session.path);
      counts[state] = number;
    }
    return counts;
  }
}

const countSchema = z.object({ state: z.enum(certificateStates), number: z.int() });

interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

function where(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
}

function equal(column: string, value: string | undefined): readonly Condition[] {
  return value === undefined ? [] : [{ sql: `certificates.${column} = ?`, values: [value] }];
}

function endingBefore(moment: string | undefined): readonly Condition[] {
  return moment === undefined ? [] : [{ sql: 'certificates.not_after < ?', values: [timestamp(moment)] }];
}

function issuedBy(issuer: string | undefined): readonly Condition[] {
  const text = issuer?.trim() ?? '';
  return text === '' ? [] : [{ sql: issuerLike, values: [containing(text)] }];
}

/** Asked by a person who looks for one certificate. */
function matching(given: string | undefined): readonly Condition[] {
  const text = given?.trim() ?? '';
  if (text === '') return [];
  const identities = identitiesWith(text);
  const either: Condition[] = [
    { sql: `certificates.device_id IN (SELECT found.device_id FROM devices AS found WHERE found.sequence IN (${identities.sql}))`, values: identities.values },
    { sql: issuerLike, values: [containing(text)] },
  ];
  // As other tools print it: `0A:1B:…`, with the zeros that a record does without.
  const serial = text.toLowerCase().replaceAll(':', '').replace(/^0+(?=.)/, '');
  if (/^[0-9a-f]+$/.test(serial)) either.push({ sql: 'certificates.serial LIKE ?', values: [`${serial}%`] });
  return [{ sql: `(${either.map(({ sql }) => sql).join(' OR ')})`, values: either.flatMap(({ values }) => values) }];
}

const issuerLike = `certificates.issuer LIKE ? ESCAPE '\\'`;
