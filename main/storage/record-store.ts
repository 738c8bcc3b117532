import { z } from 'zod';

import type { Acceptance, ActionEntry, ActionStep, BatchSummary, ForeignDevice, SignOff, WatchedDevice } from '../domain/acceptance';
import type { CertificateFacts, CertificatePage, CertificateQuery } from '../domain/certificates';
import { ImprintError } from '../domain/errors';
import type { ErrorCode } from '../domain/errors';
import { canonicalIdentity, describeIdentity } from '../domain/identity';
import type { Identity } from '../domain/identity';
import type { DeviceState, JobState, StepFacts, StepName } from '../domain/job';
import type { PublicKey } from '../domain/keys';
import type {
  AcceptancePage,
  AcceptanceQuery,
  DayRow,
  DeviceDetails,
  DeviceRow,
  JobRow,
  KeyHolder,
  ListQuery,
  PreparedImage,
  ProcessOwner,
  RecordStore,
  Reservation,
} from '../domain/ports';
import type { BenchHealth, CardNames, HealthQuery } from '../domain/slot-health';
import type { EventData } from '../ledger/events';
import { AcceptanceRecord } from './acceptances';
import { ActionRecord } from './actions';
import { BatchRecord } from './batches';
import { BenchHealthRecord } from './bench-health';
import { CertificateRecord } from './certificates';
import { bug, day, freeStates, noSuchDevice, stateInWords, timestamp, wholeNumber } from './checks';
import { openDatabase, writeTransaction } from './database';
import type { OpenDatabaseOptions, RecordDatabase } from './database';
import { ForeignDeviceRecord, importedFrom } from './foreign-devices';
import { backfillLog, hasLog } from './log-backfill';
import { LabelRecord } from './labels';
import { LogEvents } from './log-events';
import { LogStore } from './log-store';
import { LogWriter } from './log-writer';
import { MesBatchRecord } from './mes-record';
import { SqliteRecordLog } from './record-log';
import { deviceColumns, deviceStateSchema, fingerprintOf, jobColumns, jobStateSchema, parse, readDevice, readHolder, readJob } from './rows';
import { DeviceSearchRecord } from './device-search';
import { OrderAdmission } from './order-admission';
import { OperatorRecord } from './operators-record';
import { ReportRecord } from './reports';
import { RecordSession } from './session';
import type { Value } from './session';
import { recordError } from './sqlite-errors';
import { WebhookRecord } from './webhooks-record';
import { WorkOrderRecord } from './work-orders';

const unfinished = `('open', 'waiting')`;

export interface RecordOptions {
  /** Name for the entries of a log that has none yet; the host's unless told. */
  readonly station?: string | undefined;
  /** Of a practice bench: whoever is told of anything is told that too. */
  readonly practice?: boolean | undefined;
  /** Which program this is, for the log. */
  readonly build?: EventData<'station-build'> | undefined;
  /** Cost of new hashes of PINs and badges, as a power of two: for tests, where hundreds are made. */
  readonly hashLogCost?: number | undefined;
}

/**
 * The local record in one SQLite file. Every write is one transaction that is on the disk when its promise resolves;
 * every answer is checked row by row. One instance is for one process, one file is for any number of them.
 */
export class SqliteRecordStore implements RecordStore {
  readonly log: SqliteRecordLog;
  readonly #session: RecordSession;
  readonly #events: LogEvents;
  readonly #acceptances: AcceptanceRecord;
  readonly #batches: BatchRecord;
  readonly #foreignDevices: ForeignDeviceRecord;
  readonly #admission: OrderAdmission;
  readonly #actions: ActionRecord;
  readonly #certificates: CertificateRecord;
  readonly orders: WorkOrderRecord;
  readonly #health: BenchHealthRecord;
  /** Who may sign in; a port of its own. */
  readonly operators: OperatorRecord;
  /** What was printed; a port of its own. */
  readonly labels: LabelRecord;
  /** The auditor's search; a port of its own. */
  readonly search: DeviceSearchRecord;
  /** How far the receivers of webhooks are; a port of its own. */
  readonly webhooks: WebhookRecord;
  /** What an MES asks for; a port of its own. */
  readonly mes: MesBatchRecord;
  /** The report of a shift and the dashboards; a port of its own. */
  readonly reports: ReportRecord;

  constructor(database: RecordDatabase, { station: stationName, build, practice = false, hashLogCost }: RecordOptions = {}) {
    this.#session = new RecordSession(database);
    const log = new LogStore(this.#session);
    const writer = new LogWriter(this.#session, log, stationName, build);
    this.log = new SqliteRecordLog(database, this.#session, log, writer);
    this.#events = new LogEvents(this.#session, writer);
    this.#acceptances = new AcceptanceRecord(this.#session, this.#events);
    this.#foreignDevices = new ForeignDeviceRecord(this.#session, this.#events);
    this.#admission = new OrderAdmission(this.#session, this.#foreignDevices);
    this.#batches = new BatchRecord(this.#session, this.#acceptances, this.#events, this.#admission);
    this.orders = new WorkOrderRecord(this.#session, this.#admission, this.#events);
    this.#actions = new ActionRecord(this.#session, this.#events);
    this.#certificates = new CertificateRecord(this.#session, this.#events);
    this.#health = new BenchHealthRecord(this.#session);
    this.operators = new OperatorRecord(this.#session, log, this.#events, hashLogCost);
    this.labels = new LabelRecord(this.#session, this.#events);
    this.search = new DeviceSearchRecord(this.#session);
    this.webhooks = new WebhookRecord(this.#session, log, practice);
    this.mes = new MesBatchRecord(this.#session);
    this.reports = new ReportRecord(this.#session, log, (limit) => this.#batches.newest(limit));
  }

  /** @throws ImprintError as openDatabase */
  static open(path: string, { station, build, practice, hashLogCost, ...options }: RecordOptions & OpenDatabaseOptions = {}): SqliteRecordStore {
    const database = openDatabase(path, options);
    try {
      const session = new RecordSession(database);
      const writer = new LogWriter(session, new LogStore(session), station, build);
      if (!hasLog(session)) writeTransaction(database, () => { backfillLog(session, writer, new Date().toISOString()); });
      return new SqliteRecordStore(database, { station, build, practice, hashLogCost });
    } catch (thrown) {
      database.connection.close();
      throw recordError(thrown, database.path);
    }
  }

  /** The first text under a hash stays: another one under it could differ in blanks only. */
  keepProfile(name: string, sha256: string, json: string, at: string, by?: string): Promise<void> {
    return this.#session.write(() => {
      const changes = this.#session.run('INSERT INTO profiles (sha256, name, json, kept_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', sha256, name, json, timestamp(at));
      if (changes === 1) this.#events.profileUsed(name, sha256, by, at);
    });
  }

  keptProfile(sha256: string): Promise<string | undefined> {
    return this.#session.read(() => this.#session.text('SELECT json AS value FROM profiles WHERE sha256 = ?', sha256));
  }

  /** @throws ImprintError unexpected where the same file was decoded to other bytes before */
  keepImage(image: PreparedImage, at: string, by?: string): Promise<void> {
    return this.#session.write(() => {
      const moment = timestamp(at);
      const known = this.#session.get('SELECT 1 FROM images WHERE sha256 = ?', image.sha256) !== undefined;
      const changes = this.#session.run(
        `INSERT INTO images (sha256, path, format, decoded_path, decoded_bytes, decoded_sha256, stamp, first_used_at, last_used_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (sha256) DO UPDATE SET path = excluded.path, decoded_path = excluded.decoded_path, stamp = excluded.stamp, last_used_at = excluded.last_used_at
         WHERE decoded_sha256 = excluded.decoded_sha256 AND decoded_bytes = excluded.decoded_bytes`,
        image.sha256,
        image.path,
        image.format,
        image.decodedPath,
        image.decodedBytes,
        image.decodedSha256,
        image.stamp,
        moment,
        moment,
      );
      if (changes === 0) throw bug(`Image ${image.sha256} was decoded to other bytes than before`);
      if (!known) this.#events.imageUsed(image, by, at);
    });
  }

  /** The journal's first line is `reserve`, done: the reservation is complete when this returns. */
  reserve(reservation: Reservation): Promise<Identity> {
    return this.#session.write(() => {
      const moment = timestamp(reservation.at);
      const reserved = this.#admitted(reservation);
      const identity = canonicalIdentity(reserved);
      this.#refuseRecordedIdentity(reserved, identity);
      this.#session.run(
        `INSERT INTO operators (name, first_seen_at, last_seen_at) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET last_seen_at = max(last_seen_at, excluded.last_seen_at)`,
        reservation.operator,
        moment,
        moment,
      );
      this.#session.run(
        `INSERT INTO devices (device_id, identity, state, key_type, server_kind, server_url, profile_name, batch, created_at, updated_at)
         VALUES (?, ?, 'reserved', ?, ?, ?, ?, ?, ?, ?)`,
        reservation.deviceId,
        identity,
        reservation.keyType,
        reservation.serverKind,
        reservation.serverUrl,
        reservation.profileName,
        reservation.batch ?? null,
        moment,
        moment,
      );
      this.#session.run(
        `INSERT INTO jobs (job_id, device_id, state, slot, target_path, operator, image_sha256, profile_name, profile_sha256, owner_pid, owner_started, started_at)
         VALUES (?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        reservation.jobId,
        reservation.deviceId,
        reservation.slot,
        reservation.targetPath,
        reservation.operator,
        reservation.imageSha256,
        reservation.profileName,
        reservation.profileSha256,
        reservation.owner.pid,
        reservation.owner.started,
        moment,
      );
      this.#session.run(
        `INSERT INTO steps (job_id, name, state, started_at, ended_at, sentence) VALUES (?, 'reserve', 'done', ?, ?, ?)`,
        reservation.jobId,
        moment,
        moment,
        `The identity is taken in the record, for ${reservation.slot}.`,
      );
      return reserved;
    });
  }

  /** @throws ImprintError unexpected where the job is unknown or has ended */
  startStep(jobId: string, step: StepName, at: string): Promise<void> {
    return this.#session.write(() => {
      this.#unfinishedJob(jobId);
      this.#session.run(
        `INSERT INTO steps (job_id, name, state, started_at) VALUES (?, ?, 'started', ?)
         ON CONFLICT (job_id, name) DO UPDATE SET state = 'started', started_at = excluded.started_at, ended_at = NULL, sentence = NULL, bytes = NULL`,
        jobId,
        step,
        timestamp(at),
      );
    });
  }

  /**
   * Ending a step a second time in the same state changes nothing.
   *
   * @throws ImprintError unexpected where the step was never started or has ended in the other state
   */
  endStep(jobId: string, step: StepName, state: 'done' | 'failed', sentence: string, at: string, facts: StepFacts = {}): Promise<void> {
    return this.#session.write(() => {
      const moment = timestamp(at);
      const before = this.#session.text('SELECT state AS value FROM steps WHERE job_id = ? AND name = ?', jobId, step);
      if (before === undefined) throw bug(`Step ${step} of job ${jobId} ends without having started`);
      if (before === state) return;
      if (before !== 'started') throw bug(`Step ${step} of job ${jobId} is ${before} and cannot become ${state}`);
      this.#unfinishedJob(jobId);
      this.#session.run('UPDATE steps SET state = ?, ended_at = ?, sentence = ?, bytes = ? WHERE job_id = ? AND name = ?', state, moment, sentence, facts.bytes ?? null, jobId, step);
      if (state === 'done') this.#events.stepDone(jobId, step, facts, moment);
    });
  }

  /** The same key for the same job a second time changes nothing. */
  recordPublicKey(jobId: string, publicKey: PublicKey, at: string): Promise<void> {
    return this.#session.write(() => {
      const moment = timestamp(at);
      const job = this.#unfinishedJob(jobId);
      if (fingerprintOf(publicKey.spki) !== publicKey.fingerprint) throw bug(`The public key of job ${jobId} does not have its own fingerprint`);
      const holder = this.#oneDevice('devices.fingerprint = ?', publicKey.fingerprint);
      if (holder !== undefined && holder.deviceId === job.deviceId) return;
      if (holder !== undefined) throw keyRecorded(holder.identity, `${stateInWords[holder.state]}, ${day(holder.updatedAt)}`);
      const foreign = this.#foreignDevices.holderOfKey(publicKey.fingerprint);
      if (foreign !== undefined) throw keyRecorded(foreign.identity, importedFrom(foreign));
      const changes = this.#session.run(
        'UPDATE devices SET fingerprint = ?, spki = ?, updated_at = ? WHERE device_id = ? AND key_type = ? AND fingerprint IS NULL',
        publicKey.fingerprint,
        // A copy: the caller's view may lie in a larger or shared buffer.
        Uint8Array.from(publicKey.spki),
        moment,
        job.deviceId,
        publicKey.type,
      );
      if (changes === 0) throw bug(`Job ${jobId} has another public key or another key type`);
      this.#events.keyGenerated(jobId, moment);
    });
  }

  /**
   * `waiting` leaves the job unfinished. A job that has ended in the same state stays as it is.
   *
   * @throws ImprintError unexpected where the job is unknown, or has ended in another state
   */
  endJob(jobId: string, state: JobState, deviceState: DeviceState, sentence: string, at: string, serverDeviceId?: string, cause?: ErrorCode): Promise<void> {
    return this.#session.write(() => {
      const moment = timestamp(at);
      const job = this.#job(jobId);
      if (job === undefined) throw bug(`There is no job ${jobId}`);
      if (job.state !== 'open' && job.state !== 'waiting') {
        if (job.state === state) return;
        throw bug(`Job ${jobId} has ended as ${job.state} and cannot become ${state}`);
      }
      if (state === 'open') throw bug(`Job ${jobId} cannot end as open`);
      const before = this.#stateOf(job.deviceId);
      // Only what failed has a cause, so that one from an earlier end that was not the last does not stay.
      const why = state === 'failed' ? (cause ?? null) : null;
      this.#session.run('UPDATE jobs SET state = ?, cause = ?, sentence = ?, ended_at = ? WHERE job_id = ?', state, why, sentence, state === 'waiting' ? null : moment, jobId);
      this.#session.run(
        // A waiting job's device may have come to the server meanwhile, or was taken off it: neither is taken back.
        `UPDATE devices SET state = CASE WHEN state = 'decommissioned' OR (state = 'accepted' AND ? = 'preauthorized') THEN state ELSE ? END,
           server_device_id = coalesce(?, server_device_id), updated_at = ? WHERE device_id = ?`,
        deviceState,
        deviceState,
        serverDeviceId ?? null,
        moment,
        job.deviceId,
      );
      const after = this.#stateOf(job.deviceId);
      if (after !== undefined && after !== before) this.#events.jobEnded(jobId, after, sentence, moment);
      if (before === 'reserved' && after === 'preauthorized') this.orders.noteCompletion(job.deviceId, moment);
      if (deviceState === 'released') this.#certificates.lose(job.deviceId, moment);
    });
  }

  /** @throws ImprintError unexpected where the job is unknown or has ended */
  recordEnrolment(jobId: string, serverDeviceId: string, certificates: readonly CertificateFacts[], at: string): Promise<void> {
    return this.#session.write(() => {
      const { deviceId } = this.#unfinishedJob(jobId);
      this.#session.run('UPDATE devices SET server_device_id = ?, updated_at = ? WHERE device_id = ?', serverDeviceId, timestamp(at), deviceId);
      this.#certificates.add(deviceId, certificates, at);
    });
  }

  addCertificates(deviceId: string, certificates: readonly CertificateFacts[], supersede: boolean, at: string): Promise<void> {
    return this.#certificates.addLater(deviceId, certificates, supersede, at);
  }

  revokeCertificate(deviceId: string, serial: string, reason: string, at: string): Promise<void> {
    return this.#certificates.revoke(deviceId, serial, reason, at);
  }

  certificates(query: CertificateQuery): Promise<CertificatePage> {
    return this.#certificates.page(query);
  }

  /** A device that is accepted already stays as it is. @throws ImprintError no-such-device, unexpected where the server does not expect it */
  markAccepted(deviceId: string, at: string): Promise<void> {
    return this.#session.write(() => {
      const moment = timestamp(at);
      const state = this.#session.text('SELECT state AS value FROM devices WHERE device_id = ?', deviceId);
      if (state === undefined) throw noSuchDevice(deviceId);
      if (state === 'accepted') return;
      if (state !== 'preauthorized') throw bug(`Device ${deviceId} is ${state} and cannot become accepted`);
      this.#session.run(`UPDATE devices SET state = 'accepted', updated_at = ? WHERE device_id = ?`, moment, deviceId);
      this.#events.accepted(deviceId, moment);
    });
  }

  unfinishedJobs(): Promise<readonly JobRow[]> {
    return this.#session.read(() => this.#session.all(`SELECT ${jobColumns} FROM jobs WHERE state IN ${unfinished} ORDER BY sequence`).map((row) => this.#jobOf(row)));
  }

  takeOver(jobId: string, from: ProcessOwner, to: ProcessOwner): Promise<boolean> {
    return this.#session.write(() => {
      const changes = this.#session.run(
        `UPDATE jobs SET owner_pid = ?, owner_started = ? WHERE job_id = ? AND owner_pid = ? AND owner_started = ? AND state IN ${unfinished}`,
        to.pid,
        to.started,
        jobId,
        from.pid,
        from.started,
      );
      return changes === 1;
    });
  }

  /** The device that holds the identity now; where none does, the last one that held it. */
  findByIdentity(identity: Identity): Promise<DeviceDetails | undefined> {
    return this.#details(`devices.identity = ? ORDER BY state IN ${freeStates}, sequence DESC LIMIT 1`, canonicalIdentity(identity));
  }

  findByFingerprint(fingerprint: string): Promise<DeviceDetails | undefined> {
    return this.#details('devices.fingerprint = ?', fingerprint.toLowerCase());
  }

  device(deviceId: string): Promise<DeviceDetails | undefined> {
    return this.#details('devices.device_id = ?', deviceId);
  }

  /** Newest first, released and decommissioned devices too. */
  list(query: ListQuery): Promise<{ readonly devices: readonly DeviceRow[]; readonly total: number }> {
    return this.#session.read(() => {
      const conditions: string[] = [];
      const values: Value[] = [];
      for (const [name, value] of Object.entries(query.identity ?? {})) {
        // The plain text first: taking every identity apart is what costs.
        conditions.push('instr(devices.identity, ?) > 0', 'json_extract(devices.identity, ?) = ?');
        values.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`, attributePath(name), value);
      }
      if (query.state !== undefined) {
        conditions.push('devices.state = ?');
        values.push(query.state);
      }
      if (query.batch !== undefined) {
        conditions.push('devices.batch = ?');
        values.push(query.batch);
      }
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
      const total = this.#session.number(`SELECT count(*) AS value FROM devices ${where}`, ...values);
      const rows = this.#session.all(
        `SELECT ${deviceColumns} FROM devices ${where} ORDER BY devices.created_at DESC, devices.sequence DESC LIMIT ? OFFSET ?`,
        ...values,
        wholeNumber(query.limit, 'limit'),
        wholeNumber(query.offset, 'offset'),
      );
      return { devices: rows.map((row) => readDevice(row, this.#session.path)), total };
    });
  }

  recordCard(jobId: string, card: CardNames, at: string): Promise<void> {
    return this.#health.recordCard(jobId, card, at);
  }

  benchHealth(query: HealthQuery): Promise<BenchHealth> {
    return this.#health.benchHealth(query);
  }

  jobsSince(since: string, limit: number): Promise<readonly DayRow[]> {
    return this.#session.read(() =>
      this.#session.all(
        `SELECT ${jobColumns} FROM jobs WHERE started_at >= ? ORDER BY started_at DESC, sequence DESC LIMIT ?`,
        timestamp(since),
        wholeNumber(limit, 'limit'),
      ).map((row) => {
        const job = this.#jobOf(row);
        const device = this.#oneDevice('devices.device_id = ?', job.deviceId);
        if (device === undefined) throw bug(`Job ${job.jobId} has no device`);
        return { ...job, identity: device.identity, deviceState: device.state, serverKind: device.serverKind };
      }),
    );
  }

  devicesToWatch(query: Parameters<RecordStore['devicesToWatch']>[0]): Promise<readonly WatchedDevice[]> {
    return this.#acceptances.devicesToWatch(query);
  }

  saveAcceptances(acceptances: readonly Acceptance[]): Promise<void> {
    return this.#acceptances.saveAcceptances(acceptances);
  }

  acceptancePage(query: AcceptanceQuery): Promise<AcceptancePage> {
    return this.#acceptances.acceptancePage(query);
  }

  /** Released and decommissioned devices hold their keys for ever. */
  keyHolders(fingerprints: readonly string[]): Promise<readonly KeyHolder[]> {
    return this.#session.read(() => {
      const asked = JSON.stringify(fingerprints.map((fingerprint) => fingerprint.toLowerCase()));
      const rows = this.#session.all(
        `SELECT devices.fingerprint, devices.identity, devices.device_id FROM json_each(?) AS asked CROSS JOIN devices ON devices.fingerprint = asked.value
         UNION ALL
         SELECT foreign_devices.fingerprint, foreign_devices.identity, NULL FROM json_each(?) AS asked CROSS JOIN foreign_devices ON foreign_devices.fingerprint = asked.value`,
        asked,
        asked,
      );
      return rows.map((row) => readHolder(row, this.#session.path));
    });
  }

  batches(limit: number): Promise<readonly BatchSummary[]> {
    return this.#batches.batches(limit);
  }

  signOff(batch: string, by: string, at: string, remark?: string): Promise<SignOff> {
    return this.#batches.signOff(batch, by, at, remark);
  }

  importForeign(devices: readonly ForeignDevice[]): Promise<{ readonly added: number; readonly known: number }> {
    return this.#foreignDevices.importForeign(devices);
  }

  foreignDevices(query: { readonly limit: number; readonly offset: number }): Promise<{ readonly devices: readonly ForeignDevice[]; readonly total: number }> {
    return this.#foreignDevices.foreignDevices(query);
  }

  startAction(action: Parameters<RecordStore['startAction']>[0]): Promise<void> {
    return this.#actions.startAction(action);
  }

  endAction(actionId: string, state: 'done' | 'failed', sentence: string, at: string): Promise<void> {
    return this.#actions.endAction(actionId, state, sentence, at);
  }

  addActionStep(actionId: string, step: ActionStep): Promise<void> {
    return this.#actions.addActionStep(actionId, step);
  }

  unfinishedActions(): Promise<readonly ActionEntry[]> {
    return this.#actions.unfinishedActions();
  }

  /** May be called twice; every other method afterwards throws record-unavailable. */
  close(): Promise<void> {
    return this.#session.close();
  }

  /** What the batch has to say, in the transaction that reserves. */
  #admitted({ identity, batch, profileName, counted }: Reservation): Identity {
    if (counted === true && batch !== undefined) return this.#admission.handOut({ batch, profileName }, identity);
    this.#admission.admit(identity, { batch, profileName });
    return identity;
  }

  #refuseRecordedIdentity(identity: Identity, canonical: string): void {
    const holder = this.#session.get(
      `SELECT devices.state AS device_state, iif(devices.state = 'reserved', devices.created_at, devices.updated_at) AS since, jobs.job_id, jobs.slot, jobs.state AS job_state
       FROM devices JOIN jobs USING (device_id) WHERE devices.identity = ? AND devices.state NOT IN ${freeStates} ORDER BY jobs.sequence DESC LIMIT 1`,
      canonical,
    );
    if (holder === undefined) {
      this.#refuseForeignIdentity(identity);
      return;
    }
    const found = parse(holderSchema, holder, 'device', this.#session.path);
    throw new ImprintError(
      'identity-recorded',
      `${describeIdentity(identity)} is in the record already: ${stateInWords[found.device_state]} since ${day(found.since)}, by job ${found.job_id} in slot ${found.slot} (${found.job_state}).`,
      { field: 'identity', expected: 'an identity that no other device holds' },
    );
  }

  #refuseForeignIdentity(identity: Identity): void {
    const foreign = this.#foreignDevices.holderOfIdentity(identity);
    if (foreign === undefined) return;
    throw new ImprintError(
      'identity-recorded',
      `${describeIdentity(identity)} is in the record already: another tool made it, ${importedFrom(foreign)} by ${foreign.importedBy}; decommission that device first, or use another board.`,
      { field: 'identity', expected: 'an identity that no other device holds' },
    );
  }

  #stateOf(deviceId: string): DeviceState | undefined {
    const row = this.#session.get('SELECT state FROM devices WHERE device_id = ?', deviceId);
    return row === undefined ? undefined : parse(stateSchema, row, 'device', this.#session.path).state;
  }

  #unfinishedJob(jobId: string): JobRow {
    const job = this.#job(jobId);
    if (job === undefined) throw bug(`There is no job ${jobId}`);
    if (job.state !== 'open' && job.state !== 'waiting') throw bug(`Job ${jobId} has ended as ${job.state}`);
    return job;
  }

  #job(jobId: string): JobRow | undefined {
    const row = this.#session.get(`SELECT ${jobColumns} FROM jobs WHERE job_id = ?`, jobId);
    return row === undefined ? undefined : readJob(row, [], this.#session.path);
  }

  #jobOf(row: unknown): JobRow {
    const { jobId } = readJob(row, [], this.#session.path);
    const steps = this.#session.all('SELECT name, state, started_at, ended_at, sentence FROM steps WHERE job_id = ? ORDER BY sequence', jobId);
    return readJob(row, steps, this.#session.path);
  }

  #oneDevice(condition: string, value: string): DeviceRow | undefined {
    const row = this.#session.get(`SELECT ${deviceColumns} FROM devices WHERE ${condition}`, value);
    return row === undefined ? undefined : readDevice(row, this.#session.path);
  }

  #details(condition: string, value: string): Promise<DeviceDetails | undefined> {
    return this.#session.read(() => {
      const device = this.#oneDevice(condition, value);
      if (device === undefined) return undefined;
      const rows = this.#session.all(`SELECT ${jobColumns} FROM jobs WHERE device_id = ? ORDER BY sequence DESC`, device.deviceId);
      const acceptance = this.#acceptances.lastLook(device.deviceId);
      return {
        ...device,
        jobs: rows.map((row) => this.#jobOf(row)),
        ...(acceptance === undefined ? {} : { acceptance }),
        actions: this.#actions.ofDevice(device.deviceId),
        certificates: this.#certificates.ofDevice(device.deviceId),
      };
    });
  }
}

const stateSchema = z.object({ state: deviceStateSchema });
const holderSchema = z.object({ device_state: deviceStateSchema, since: z.string(), job_id: z.string(), slot: z.string(), job_state: jobStateSchema });

/** JSON path of one attribute whatever its name holds: SQLite compares the label in quotes with the same escapes as in the text. */
function attributePath(name: string): string {
  return `$.${JSON.stringify(name)}`;
}

/** @param how how its holder came to it, and when */
function keyRecorded(holder: Identity, how: string): ImprintError {
  return new ImprintError(
    'public-key-recorded',
    `This public key is recorded already for ${describeIdentity(holder)} (${how}): no two devices may share a key, so this card must not be used.`,
    { field: 'publicKey', expected: 'a key that no device had before' },
  );
}
