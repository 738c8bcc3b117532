import { z } from 'zod';

import type { CertificateFacts, CertificateQuery, CertificateRow } from '../domain/certificates';
import { bug, noSuchDevice, timestamp, wholeNumber } from './checks';
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

  /** @throws ImprintError unexpected where no certificate has this serial number */
  revoke(serial: string, reason: string, at: string): Promise<void> {
    return this.#session.write(() => {
      const moment = timestamp(at);
      const state = this.#session.text('SELECT state AS value FROM certificates WHERE serial = ? ORDER BY sequence DESC LIMIT 1', serial);
      if (state === undefined) throw bug(`There is no certificate ${serial}`);
      const revoked = this.#session.all(`SELECT sha256 FROM certificates WHERE serial = ? AND state <> 'revoked'`, serial).map((row) => parse(hashSchema, row, 'certificate', this.#session.path));
      this.#session.run(`UPDATE certificates SET state = 'revoked', revoked_at = ?, revocation_reason = ? WHERE serial = ? AND state <> 'revoked'`, moment, reason, serial);
      for (const { sha256 } of revoked) this.#events.certificates('revoked', moment, 'certificates.sha256 = ?', sha256);
    });
  }

  page(query: CertificateQuery): Promise<{ readonly certificates: readonly CertificateRow[]; readonly total: number }> {
    return this.#session.read(() => {
      const conditions: string[] = ['1 = 1'];
      const values: Value[] = [];
      const equal = (column: string, value: string | undefined, comparison = '='): void => {
        if (value === undefined) return;
        conditions.push(`certificates.${column} ${comparison} ?`);
        values.push(value);
      };
      equal('device_id', query.deviceId);
      equal('state', query.state);
      equal('not_after', query.endBefore === undefined ? undefined : timestamp(query.endBefore), '<');
      const where = conditions.join(' AND ');
      const total = this.#session.number(`SELECT count(*) AS value FROM certificates WHERE ${where}`, ...values);
      const rows = this.#session.all(
        `SELECT ${certificateColumns}, devices.identity, devices.batch FROM certificates JOIN devices USING (device_id) WHERE ${where}
         ORDER BY certificates.not_after, certificates.sequence LIMIT ? OFFSET ?`,
        ...values,
        wholeNumber(query.limit, 'limit'),
        wholeNumber(query.offset, 'offset'),
      );
      return { certificates: rows.map((row) => readCertificate(row, this.#session.path)), total };
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
}
