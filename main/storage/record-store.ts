import type Database from 'better-sqlite3';
import { z } from 'zod';

import { ImprintError } from '../domain/errors';
import { canonicalIdentity, describeIdentity } from '../domain/identity';
import type { Identity } from '../domain/identity';
import type { DeviceState, JobState, StepName } from '../domain/job';
import type { PublicKey } from '../domain/keys';
import type { DeviceDetails, DeviceRow, JobRow, ListQuery, PreparedImage, ProcessOwner, RecordStore, Reservation } from '../domain/ports';
import { openDatabase, readTransaction, writeTransaction } from './database';
import type { OpenDatabaseOptions, RecordDatabase } from './database';
import { deviceColumns, deviceStateSchema, fingerprintOf, jobColumns, jobStateSchema, parse, readDevice, readJob } from './rows';
import { recordError } from './sqlite-errors';

type Value = string | number | null | Uint8Array;

const unfinished = `('open', 'waiting')`;

/**
 * The local record in one SQLite file. Every write is one transaction that is on the disk when its promise resolves;
 * every answer is checked row by row. One instance is for one process, one file is for any number of them.
 */
export class SqliteRecordStore implements RecordStore {
  readonly #database: RecordDatabase;
  readonly #statements = new Map<string, Database.Statement<Value[]>>();

  constructor(database: RecordDatabase) {
    this.#database = database;
  }

  /** @throws ImprintError as openDatabase */
  static open(path: string, options: OpenDatabaseOptions = {}): SqliteRecordStore {
    return new SqliteRecordStore(openDatabase(path, options));
  }

  /** The first text under a hash stays: another one under it could differ in blanks only. */
  keepProfile(name: string, sha256: string, json: string, at: string): Promise<void> {
    return this.#write(() => {
      this.#run('INSERT INTO profiles (sha256, name, json, kept_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', sha256, name, json, timestamp(at));
    });
  }

  keptProfile(sha256: string): Promise<string | undefined> {
    return this.#read(() => this.#text('SELECT json AS value FROM profiles WHERE sha256 = ?', sha256));
  }

  /** @throws ImprintError unexpected where the same file was decoded to other bytes before */
  keepImage(image: PreparedImage, at: string): Promise<void> {
    return this.#write(() => {
      const moment = timestamp(at);
      const changes = this.#run(
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
    });
  }

  /** The journal's first line is `reserve`, done: the reservation is complete when this returns. */
  reserve(reservation: Reservation): Promise<void> {
    return this.#write(() => {
      const moment = timestamp(reservation.at);
      const identity = canonicalIdentity(reservation.identity);
      this.#refuseRecordedIdentity(reservation.identity, identity);
      this.#run(
        `INSERT INTO operators (name, first_seen_at, last_seen_at) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET last_seen_at = max(last_seen_at, excluded.last_seen_at)`,
        reservation.operator,
        moment,
        moment,
      );
      this.#run(
        `INSERT INTO devices (device_id, identity, state, key_type, server_kind, server_url, profile_name, created_at, updated_at)
         VALUES (?, ?, 'reserved', ?, ?, ?, ?, ?, ?)`,
        reservation.deviceId,
        identity,
        reservation.keyType,
        reservation.serverKind,
        reservation.serverUrl,
        reservation.profileName,
        moment,
        moment,
      );
      this.#run(
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
      this.#run(
        `INSERT INTO steps (job_id, name, state, started_at, ended_at, sentence) VALUES (?, 'reserve', 'done', ?, ?, ?)`,
        reservation.jobId,
        moment,
        moment,
        `The identity is taken in the record, for ${reservation.slot}.`,
      );
    });
  }

  /** @throws ImprintError unexpected where the job is unknown or has ended */
  startStep(jobId: string, step: StepName, at: string): Promise<void> {
    return this.#write(() => {
      this.#unfinishedJob(jobId);
      this.#run(
        `INSERT INTO steps (job_id, name, state, started_at) VALUES (?, ?, 'started', ?)
         ON CONFLICT (job_id, name) DO UPDATE SET state = 'started', started_at = excluded.started_at, ended_at = NULL, sentence = NULL`,
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
  endStep(jobId: string, step: StepName, state: 'done' | 'failed', sentence: string, at: string): Promise<void> {
    return this.#write(() => {
      const moment = timestamp(at);
      const before = this.#text('SELECT state AS value FROM steps WHERE job_id = ? AND name = ?', jobId, step);
      if (before === undefined) throw bug(`Step ${step} of job ${jobId} ends without having started`);
      if (before === state) return;
      if (before !== 'started') throw bug(`Step ${step} of job ${jobId} is ${before} and cannot become ${state}`);
      this.#unfinishedJob(jobId);
      this.#run('UPDATE steps SET state = ?, ended_at = ?, sentence = ? WHERE job_id = ? AND name = ?', state, moment, sentence, jobId, step);
    });
  }

  /** The same key for the same job a second time changes nothing. */
  recordPublicKey(jobId: string, publicKey: PublicKey, at: string): Promise<void> {
    return this.#write(() => {
      const moment = timestamp(at);
      const job = this.#unfinishedJob(jobId);
      if (fingerprintOf(publicKey.spki) !== publicKey.fingerprint) throw bug(`The public key of job ${jobId} does not have its own fingerprint`);
      const holder = this.#oneDevice('devices.fingerprint = ?', publicKey.fingerprint);
      if (holder !== undefined && holder.deviceId === job.deviceId) return;
      if (holder !== undefined) {
        throw new ImprintError(
          'public-key-recorded',
          `This public key is recorded already for ${describeIdentity(holder.identity)} (${stateInWords[holder.state]}, ${day(holder.updatedAt)}): no two devices may share a key, so this card must not be used.`,
          { field: 'publicKey', expected: 'a key that no device had before' },
        );
      }
      const changes = this.#run(
        'UPDATE devices SET fingerprint = ?, spki = ?, updated_at = ? WHERE device_id = ? AND key_type = ? AND fingerprint IS NULL',
        publicKey.fingerprint,
        // A copy: the caller's view may lie in a larger or shared buffer.
        Uint8Array.from(publicKey.spki),
        moment,
        job.deviceId,
        publicKey.type,
      );
      if (changes === 0) throw bug(`Job ${jobId} has another public key or another key type`);
    });
  }

  /**
   * `waiting` leaves the job unfinished. A job that has ended in the same state stays as it is.
   *
   * @throws ImprintError unexpected where the job is unknown, or has ended in another state
   */
  endJob(jobId: string, state: JobState, deviceState: DeviceState, sentence: string, at: string, serverDeviceId?: string): Promise<void> {
    return this.#write(() => {
      const moment = timestamp(at);
      const job = this.#job(jobId);
      if (job === undefined) throw bug(`There is no job ${jobId}`);
      if (job.state !== 'open' && job.state !== 'waiting') {
        if (job.state === state) return;
        throw bug(`Job ${jobId} has ended as ${job.state} and cannot become ${state}`);
      }
      if (state === 'open') throw bug(`Job ${jobId} cannot end as open`);
      this.#run('UPDATE jobs SET state = ?, sentence = ?, ended_at = ? WHERE job_id = ?', state, sentence, state === 'waiting' ? null : moment, jobId);
      this.#run(
        // A waiting job's device may have come to the server meanwhile: what was seen is not taken back.
        `UPDATE devices SET state = CASE WHEN state = 'accepted' AND ? = 'preauthorized' THEN state ELSE ? END,
           server_device_id = coalesce(?, server_device_id), updated_at = ? WHERE device_id = ?`,
        deviceState,
        deviceState,
        serverDeviceId ?? null,
        moment,
        job.deviceId,
      );
    });
  }

  /** A device that is accepted already stays as it is. @throws ImprintError no-such-device, unexpected where the server does not expect it */
  markAccepted(deviceId: string, at: string): Promise<void> {
    return this.#write(() => {
      const moment = timestamp(at);
      const state = this.#text('SELECT state AS value FROM devices WHERE device_id = ?', deviceId);
      if (state === undefined) throw new ImprintError('no-such-device', `The record has no device ${deviceId}.`);
      if (state === 'accepted') return;
      if (state !== 'preauthorized') throw bug(`Device ${deviceId} is ${state} and cannot become accepted`);
      this.#run(`UPDATE devices SET state = 'accepted', updated_at = ? WHERE device_id = ?`, moment, deviceId);
    });
  }

  unfinishedJobs(): Promise<readonly JobRow[]> {
    return this.#read(() => this.#all(`SELECT ${jobColumns} FROM jobs WHERE state IN ${unfinished} ORDER BY sequence`).map((row) => this.#jobOf(row)));
  }

  takeOver(jobId: string, from: ProcessOwner, to: ProcessOwner): Promise<boolean> {
    return this.#write(() => {
      const changes = this.#run(
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
    return this.#details(`devices.identity = ? ORDER BY (state = 'released'), sequence DESC LIMIT 1`, canonicalIdentity(identity));
  }

  findByFingerprint(fingerprint: string): Promise<DeviceDetails | undefined> {
    return this.#details('devices.fingerprint = ?', fingerprint.toLowerCase());
  }

  device(deviceId: string): Promise<DeviceDetails | undefined> {
    return this.#details('devices.device_id = ?', deviceId);
  }

  /** Newest first, released devices too. */
  list(query: ListQuery): Promise<{ readonly devices: readonly DeviceRow[]; readonly total: number }> {
    return this.#read(() => {
      const conditions: string[] = [];
      const values: Value[] = [];
      for (const [name, value] of Object.entries(query.identity ?? {})) {
        conditions.push('json_extract(devices.identity, ?) = ?');
        values.push(attributePath(name), value);
      }
      if (query.state !== undefined) {
        conditions.push('devices.state = ?');
        values.push(query.state);
      }
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
      const total = this.#number(`SELECT count(*) AS value FROM devices ${where}`, ...values);
      const rows = this.#all(
        `SELECT ${deviceColumns} FROM devices ${where} ORDER BY devices.created_at DESC, devices.sequence DESC LIMIT ? OFFSET ?`,
        ...values,
        wholeNumber(query.limit, 'limit'),
        wholeNumber(query.offset, 'offset'),
      );
      return { devices: rows.map((row) => readDevice(row, this.#database.path)), total };
    });
  }

  jobsSince(since: string, limit: number): Promise<readonly (JobRow & { readonly identity: Identity; readonly deviceState: DeviceState })[]> {
    return this.#read(() =>
      this.#all(
        `SELECT ${jobColumns} FROM jobs WHERE started_at >= ? ORDER BY started_at DESC, sequence DESC LIMIT ?`,
        timestamp(since),
        wholeNumber(limit, 'limit'),
      ).map((row) => {
        const job = this.#jobOf(row);
        const device = this.#oneDevice('devices.device_id = ?', job.deviceId);
        if (device === undefined) throw bug(`Job ${job.jobId} has no device`);
        return { ...job, identity: device.identity, deviceState: device.state };
      }),
    );
  }

  /** May be called twice; every other method afterwards throws record-unavailable. */
  close(): Promise<void> {
    return settle(() => {
      this.#statements.clear();
      try {
        this.#database.connection.close();
      } catch (thrown) {
        throw recordError(thrown, this.#database.path);
      }
    });
  }

  #refuseRecordedIdentity(identity: Identity, canonical: string): void {
    const holder = this.#get(
      `SELECT devices.state AS device_state, iif(devices.state = 'reserved', devices.created_at, devices.updated_at) AS since, jobs.job_id, jobs.slot, jobs.state AS job_state
       FROM devices JOIN jobs USING (device_id) WHERE devices.identity = ? AND devices.state <> 'released' ORDER BY jobs.sequence DESC LIMIT 1`,
      canonical,
    );
    if (holder === undefined) return;
    const found = parse(holderSchema, holder, 'device', this.#database.path);
    throw new ImprintError(
      'identity-recorded',
      `${describeIdentity(identity)} is in the record already: ${stateInWords[found.device_state]} since ${day(found.since)}, by job ${found.job_id} in slot ${found.slot} (${found.job_state}).`,
      { field: 'identity', expected: 'an identity that no other device holds' },
    );
  }

  #unfinishedJob(jobId: string): JobRow {
    const job = this.#job(jobId);
    if (job === undefined) throw bug(`There is no job ${jobId}`);
    if (job.state !== 'open' && job.state !== 'waiting') throw bug(`Job ${jobId} has ended as ${job.state}`);
    return job;
  }

  #job(jobId: string): JobRow | undefined {
    const row = this.#get(`SELECT ${jobColumns} FROM jobs WHERE job_id = ?`, jobId);
    return row === undefined ? undefined : readJob(row, [], this.#database.path);
  }

  #jobOf(row: unknown): JobRow {
    const { jobId } = readJob(row, [], this.#database.path);
    const steps = this.#all('SELECT name, state, started_at, ended_at, sentence FROM steps WHERE job_id = ? ORDER BY sequence', jobId);
    return readJob(row, steps, this.#database.path);
  }

  #oneDevice(condition: string, value: string): DeviceRow | undefined {
    const row = this.#get(`SELECT ${deviceColumns} FROM devices WHERE ${condition}`, value);
    return row === undefined ? undefined : readDevice(row, this.#database.path);
  }

  #details(condition: string, value: string): Promise<DeviceDetails | undefined> {
    return this.#read(() => {
      const device = this.#oneDevice(condition, value);
      if (device === undefined) return undefined;
      const rows = this.#all(`SELECT ${jobColumns} FROM jobs WHERE device_id = ? ORDER BY sequence DESC`, device.deviceId);
      return { ...device, jobs: rows.map((row) => this.#jobOf(row)) };
    });
  }

  #write<Result>(work: () => Result): Promise<Result> {
    return settle(() => writeTransaction(this.#database, work));
  }

  #read<Result>(work: () => Result): Promise<Result> {
    return settle(() => readTransaction(this.#database, work));
  }

  /** @returns number of rows that were changed */
  #run(sql: string, ...values: Value[]): number {
    return this.#statement(sql).run(...values).changes;
  }

  #get(sql: string, ...values: Value[]): unknown {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: Value[]): unknown[] {
    return this.#statement(sql).all(...values);
  }

  #text(sql: string, ...values: Value[]): string | undefined {
    const row = this.#get(sql, ...values);
    return row === undefined ? undefined : parse(textSchema, row, 'row', this.#database.path).value;
  }

  #number(sql: string, ...values: Value[]): number {
    return parse(numberSchema, this.#get(sql, ...values), 'row', this.#database.path).value;
  }

  /** The texts are all ours and few; values are always bound, never part of them. */
  #statement(sql: string): Database.Statement<Value[]> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.connection.prepare<Value[]>(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

const holderSchema = z.object({ device_state: deviceStateSchema, since: z.string(), job_id: z.string(), slot: z.string(), job_state: jobStateSchema });
const textSchema = z.object({ value: z.string() });
const numberSchema = z.object({ value: z.number() });

const stateInWords: Readonly<Record<DeviceState, string>> = {
  reserved: 'being provisioned',
  preauthorized: 'expected by the server',
  accepted: 'accepted by the server',
  released: 'released',
};

/** `2026-11-22 07:47 UTC` */
function day(moment: string): string {
  return `${moment.slice(0, 10)} ${moment.slice(11, 16)} UTC`;
}

/** Brings a moment to the one form whose order as text is its order in time. @throws ImprintError unexpected */
function timestamp(text: string): string {
  const moment = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}T.*Z$/.test(text) || Number.isNaN(moment.getTime())) throw bug(`"${text}" is no ISO 8601 moment in UTC`);
  return moment.toISOString();
}

function wholeNumber(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ImprintError('usage', `The ${name} of a list is a whole number from 0.`, { field: name, expected: 'a whole number from 0' });
  }
  return value;
}

/** JSON path of one attribute whatever its name holds: SQLite compares the label in quotes with the same escapes as in the text. */
function attributePath(name: string): string {
  return `$.${JSON.stringify(name)}`;
}

function bug(what: string): ImprintError {
  return new ImprintError('unexpected', `${what}: this is a mistake in Imprint; nothing was recorded.`);
}

/** The driver is synchronous; the port is not, because the record may live in another process. */
function settle<Result>(work: () => Result): Promise<Result> {
  return new Promise((resolve) => {
    resolve(work());
  });
}
