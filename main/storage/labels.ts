import { z } from 'zod';

import { labelPrinterKinds, labelStates, type LabelEnd, type LabelPrint, type LabelStore } from '../domain/labels';
import type { ProcessOwner } from '../domain/ports';
import { bug, noSuchDevice, timestamp, wholeNumber } from './checks';
import type { LogEvents } from './log-events';
import { parse, readIdentityText } from './rows';
import type { RecordSession, Value } from './session';

const moment = z.iso.datetime({ precision: 3 });
const flag = z.union([z.literal(0), z.literal(1)]);

const rowSchema = z.object({
  sequence: z.int(),
  device_id: z.string(),
  job_id: z.string(),
  identity: z.string(),
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  batch: z.string().nullable(),
  profile_name: z.string(),
  profile_sha256: z.string(),
  ended_at: moment,
  reprint: flag,
  reason: z.string().nullable(),
  asked_by: z.string(),
  asked_at: moment,
  state: z.enum(labelStates),
  attempts: z.int(),
  owner_pid: z.int().nullable(),
  owner_started: z.string().nullable(),
  sentence: z.string().nullable(),
  changed_at: moment,
  printer: z.enum(labelPrinterKinds).nullable(),
  copies: z.int().nullable(),
  scan_back: flag,
  scanned_at: moment.nullable(),
  scanned_by: z.string().nullable(),
});

const own = ['sequence', 'device_id', 'job_id', 'reprint', 'reason', 'asked_by', 'asked_at', 'state', 'attempts', 'owner_pid', 'owner_started', 'sentence', 'changed_at', 'printer', 'copies', 'scan_back', 'scanned_at', 'scanned_by'];
const columns = [...own.map((name) => `label_prints.${name}`), 'devices.identity', 'devices.fingerprint', 'devices.batch', 'jobs.profile_name', 'jobs.profile_sha256', 'jobs.ended_at'].join(', ');
const joined = 'CROSS JOIN devices ON devices.device_id = label_prints.device_id CROSS JOIN jobs ON jobs.job_id = label_prints.job_id';

/** Journal of the labels. The first one of a job is asked for by a trigger (label-schema.ts). */
export class LabelRecord implements LabelStore {
  readonly #session: RecordSession;
  readonly #events: LogEvents;

  constructor(session: RecordSession, events: LogEvents) {
    this.#session = session;
    this.#events = events;
  }

  unfinishedLabels(): Promise<readonly LabelPrint[]> {
    return this.#session.read(() => this.#all(`label_prints ${joined} WHERE label_prints.state IN ('waiting', 'sending', 'doubtful') ORDER BY label_prints.sequence`));
  }

  labelsOfDevice(deviceId: string): Promise<readonly LabelPrint[]> {
    return this.#session.read(() => this.#all(`label_prints ${joined} WHERE label_prints.device_id = ? ORDER BY label_prints.sequence DESC`, deviceId));
  }

  labelsOfJobs(jobIds: readonly string[]): Promise<readonly LabelPrint[]> {
    return this.#session.read(() =>
      this.#all(`json_each(?) AS asked CROSS JOIN label_prints ON label_prints.job_id = asked.value AND label_prints.reprint = 0 ${joined}`, JSON.stringify(jobIds)),
    );
  }

  labelsToScan(limit: number): Promise<readonly LabelPrint[]> {
    return this.#session.read(() =>
      this.#all(
        `label_prints ${joined} WHERE label_prints.scan_back = 1 AND label_prints.scanned_at IS NULL AND label_prints.state = 'printed' ORDER BY label_prints.sequence DESC LIMIT ?`,
        wholeNumber(limit, 'limit'),
      ),
    );
  }

  askLabel({ deviceId, reason, by, at }: Parameters<LabelStore['askLabel']>[0]): Promise<LabelPrint> {
    return this.#session.write(() => {
      const asked = timestamp(at);
      const changes = this.#session.run(
        `INSERT INTO label_prints (device_id, job_id, reprint, reason, asked_by, asked_at, state, attempts, changed_at, scan_back)
         SELECT devices.device_id, jobs.job_id, 1, ?, ?, ?, 'waiting', 0, ?, 0 FROM devices JOIN jobs ON jobs.device_id = devices.device_id AND jobs.state = 'done'
         WHERE devices.device_id = ? AND devices.state IN ('preauthorized', 'accepted') ORDER BY jobs.sequence DESC LIMIT 1`,
        reason,
        by,
        asked,
        asked,
        deviceId,
      );
      if (changes === 0) throw noSuchDevice(deviceId);
      return this.#one(this.#session.number('SELECT last_insert_rowid() AS value'));
    });
  }

  /** Sending a label that another process is at changes nothing. */
  startLabel(printId: number, owner: ProcessOwner, at: string): Promise<boolean> {
    return this.#session.write(() => {
      const changes = this.#session.run(
        `UPDATE label_prints SET state = 'sending', attempts = attempts + 1, owner_pid = ?, owner_started = ?, changed_at = ? WHERE sequence = ? AND state = 'waiting'`,
        owner.pid,
        owner.started,
        timestamp(at),
        printId,
      );
      return changes === 1;
    });
  }

  /** @throws ImprintError unexpected where the label is unknown or has ended in another way */
  endLabel(printId: number, end: LabelEnd, at: string): Promise<LabelPrint> {
    return this.#session.write(() => {
      const label = this.#one(printId);
      const moment = timestamp(at);
      if (label.state === 'printed' || label.state === 'failed') {
        if (label.state === end.state) return label;
        throw bug(`Label ${String(printId)} is ${label.state} and cannot become ${end.state}`);
      }
      const printed = end.state === 'printed' ? end : undefined;
      this.#session.run(
        'UPDATE label_prints SET state = ?, sentence = ?, printer = ?, copies = ?, owner_pid = NULL, owner_started = NULL, changed_at = ? WHERE sequence = ?',
        end.state,
        end.sentence,
        printed?.printer ?? null,
        printed?.copies ?? null,
        moment,
        printId,
      );
      if (printed !== undefined) this.#events.labelPrinted(label, printed.printer, printed.copies, moment);
      return this.#one(printId);
    });
  }

  scanLabel(printId: number, by: string, at: string): Promise<LabelPrint> {
    return this.#session.write(() => {
      this.#session.run(`UPDATE label_prints SET scanned_at = ?, scanned_by = ? WHERE sequence = ? AND scan_back = 1 AND state = 'printed' AND scanned_at IS NULL`, timestamp(at), by, printId);
      return this.#one(printId);
    });
  }

  #one(printId: number): LabelPrint {
    const [label] = this.#all(`label_prints ${joined} WHERE label_prints.sequence = ?`, printId);
    if (label === undefined) throw bug(`There is no label ${String(printId)}`);
    return label;
  }

  #all(from: string, ...values: Value[]): readonly LabelPrint[] {
    return this.#session.all(`SELECT ${columns} FROM ${from}`, ...values).map((row) => this.#read(row));
  }

  #read(given: unknown): LabelPrint {
    const row = parse(rowSchema, given, 'label', this.#session.path);
    return {
      printId: row.sequence,
      deviceId: row.device_id,
      jobId: row.job_id,
      identity: readIdentityText(row.identity, this.#session.path),
      fingerprint: row.fingerprint,
      ...(row.batch === null ? {} : { batch: row.batch }),
      profileName: row.profile_name,
      profileSha256: row.profile_sha256,
      madeAt: row.ended_at,
      reprint: row.reprint === 1,
      ...(row.reason === null ? {} : { reason: row.reason }),
      askedBy: row.asked_by,
      askedAt: row.asked_at,
      state: row.state,
      attempts: row.attempts,
      ...(row.owner_pid === null || row.owner_started === null ? {} : { owner: { pid: row.owner_pid, started: row.owner_started } }),
      ...(row.sentence === null ? {} : { sentence: row.sentence }),
      changedAt: row.changed_at,
      ...(row.printer === null ? {} : { printer: row.printer }),
      ...(row.copies === null ? {} : { copies: row.copies }),
      scanBack: row.scan_back === 1,
      ...(row.scanned_at === null ? {} : { scannedAt: row.scanned_at }),
      ...(row.scanned_by === null ? {} : { scannedBy: row.scanned_by }),
    };
  }
}
