import { z } from 'zod';

import type { ActionEntry, ForeignDevice, SignOff } from '../domain/acceptance';
import type { CertificateState } from '../domain/certificates';
import type { Identity } from '../domain/identity';
import type { DeviceState, StepFacts, StepName } from '../domain/job';
import { keyTypes } from '../domain/keys';
import type { LabelPrint, LabelPrinterKind } from '../domain/labels';
import type { PreparedImage } from '../domain/ports';
import type { LoggedOrderChange, WorkOrder } from '../domain/work-orders';
import type { EventData } from '../ledger/events';
import { logText } from './log-writer';
import type { LogWriter, RecordedEvent } from './log-writer';
import { deviceStateSchema, parse } from './rows';
import type { RecordSession } from './session';

/** Who is named where the station does something by itself. */
const station = 'station';

/**
 * What the log says of each call of the record, made from the rows that the call has just written. Every method is inside
 * the transaction of its call. A device without a key is none of the log's: nothing was given to anybody.
 */
export class LogEvents {
  readonly #session: RecordSession;
  readonly #writer: LogWriter;

  constructor(session: RecordSession, writer: LogWriter) {
    this.#session = session;
    this.#writer = writer;
  }

  profileUsed(name: string, sha256: string, by: string | undefined, at: string): void {
    this.#writer.add({ event: 'profile-used', by: by ?? station, at, data: { name: logText(name), sha256 } });
  }

  imageUsed({ sha256, decodedSha256, decodedBytes, path }: PreparedImage, by: string | undefined, at: string): void {
    this.#writer.add({ event: 'image-used', by: by ?? station, at, data: { sha256, decodedSha256, decodedBytes, path: logText(path) } });
  }

  keyGenerated(jobId: string, at: string): void {
    const job = this.#job(jobId);
    if (job === undefined) return;
    this.#writer.add({ event: 'key-generated', by: job.operator, at, data: { ...aboutJob(job), ...keyOf(job) } });
  }

  stepDone(jobId: string, step: StepName, facts: StepFacts, at: string): void {
    const job = this.#job(jobId);
    const event = job === undefined ? undefined : eventOf(step, job, facts, at);
    if (event !== undefined) this.#writer.add(event);
  }

  /** The end of a job that has moved its device to another state. */
  jobEnded(jobId: string, state: DeviceState, sentence: string, at: string): void {
    const job = this.#job(jobId);
    if (job === undefined) return;
    const about = aboutJob(job);
    if (state === 'released') this.#writer.add({ event: 'released', by: job.operator, at, data: { ...about, reason: logText(sentence) } });
    if (state !== 'preauthorized') return;
    this.#writer.add({ event: 'preauthorized', by: job.operator, at, data: { ...about, identity: identityOf(job), server: logText(job.server_url), ...serverDeviceOf(job.server_device_id) } });
  }

  /** The device was seen at its server for the first time. */
  accepted(deviceId: string, at: string): void {
    const device = this.#device(deviceId);
    if (device === undefined) return;
    this.#writer.add({
      event: 'accepted',
      by: station,
      at,
      data: { device: device.device_id, fingerprint: device.fingerprint, server: logText(device.server_url), ...serverDeviceOf(device.server_device_id) },
    });
  }

  signedOff({ batch, by, at, total, accepted, remark }: SignOff): void {
    this.#writer.add({ event: 'sign-off', by, at, data: { batch: logText(batch), total, accepted, ...(remark === undefined ? {} : { remark: logText(remark) }) } });
  }

  /** @param by undefined where the station found it by itself */
  batchChanged({ batch, kind, quantity, profileName, identitiesSha256, mes, tally }: WorkOrder, change: LoggedOrderChange, by: string | undefined, at: string): void {
    const ordered = {
      kind,
      ...(quantity === undefined ? {} : { quantity }),
      profile: logText(profileName),
      ...(identitiesSha256 === undefined ? {} : { identitiesSha256 }),
      ...(mes === undefined ? {} : { source: mes.source }),
    };
    this.#writer.add({ event: 'batch-changed', by: by ?? station, at, data: { batch: logText(batch), change, ...(change === 'created' ? ordered : {}), ...tally } });
  }

  /**
   * An action that was done at the server. A renewal speaks through its certificates.
   *
   * @param ended whether the recorded device has just become decommissioned: only then the entry names its key, which is
   *   what ends a device for every reader of the log
   */
  actionDone(action: ActionEntry, ended: boolean, at: string): void {
    const device = action.deviceId === undefined ? undefined : this.#device(action.deviceId);
    const named = action.deviceId === undefined ? {} : { device: logText(action.deviceId) };
    if (action.action === 'renew') return;
    if (action.action === 'replace') {
      const reason = `The server expects another key besides the one that it had for device ${action.serverDeviceId}.`;
      this.#writer.add({ event: 'override', by: action.by, at, data: { what: 'identity-at-server', reason: logText(action.reason ?? reason), ...named } });
      return;
    }
    this.#writer.add({
      event: 'decommissioned',
      by: action.by,
      at,
      data: {
        action: action.action,
        identity: action.identity,
        server: logText(action.serverUrl),
        serverDevice: logText(action.serverDeviceId),
        ...named,
        ...(device !== undefined && (ended || action.action !== 'decommission') ? { fingerprint: device.fingerprint } : {}),
        ...(action.authSetId === undefined ? {} : { authSet: logText(action.authSetId) }),
        ...(action.reason === undefined ? {} : { reason: logText(action.reason) }),
      },
    });
  }

  /** A label was printed; a device that has no key has none. */
  labelPrinted({ deviceId: device, fingerprint, reprint, reason, askedBy }: LabelPrint, printer: LabelPrinterKind, copies: number, at: string): void {
    this.#writer.add({ event: 'label-printed', by: askedBy, at, data: { device, fingerprint, printer, copies, reprint, ...(reason === undefined ? {} : { reason: logText(reason) }) } });
  }

  signedIn(data: EventData<'operator-signed-in'>, at: string): void {
    this.#writer.add({ event: 'operator-signed-in', by: data.operator, at, data });
  }

  accessChanged(data: EventData<'operator-changed'>, by: string, at: string): void {
    this.#writer.add({ event: 'operator-changed', by, at, data });
  }

  foreignImported({ identity, fingerprint, source, importedBy, importedAt }: ForeignDevice, spki: Uint8Array): void {
    const data = { identity, fingerprint, spki: base64(spki), source: logText(source) };
    this.#writer.add({ event: 'foreign-imported', by: importedBy, at: importedAt, data });
  }

  /** @param which condition on `certificates`, of those that have just come to this state */
  certificates(change: CertificateState, at: string, which: string, ...values: string[]): void {
    const rows = this.#session.all(
      `SELECT devices.device_id, devices.fingerprint, certificates.serial, certificates.sha256, certificates.issuer, certificates.not_after, certificates.revocation_reason,
         (SELECT jobs.operator FROM jobs WHERE jobs.device_id = devices.device_id ORDER BY jobs.sequence DESC LIMIT 1) AS operator
       FROM certificates JOIN devices USING (device_id) WHERE devices.fingerprint IS NOT NULL AND ${which} ORDER BY certificates.sequence`,
      ...values,
    );
    for (const row of rows) {
      const found = parse(certificateSchema, row, 'certificate', this.#session.path);
      this.#writer.add({
        event: 'certificate',
        by: change === 'issued' ? (found.operator ?? station) : station,
        at,
        data: {
          device: found.device_id,
          fingerprint: found.fingerprint,
          change,
          serial: found.serial,
          sha256: found.sha256,
          ...(change === 'issued' ? { issuer: logText(found.issuer), notAfter: found.not_after } : {}),
          ...(change === 'revoked' && found.revocation_reason !== null ? { reason: logText(found.revocation_reason) } : {}),
        },
      });
    }
  }

  #job(jobId: string): Job | undefined {
    const row = this.#session.get(
      `SELECT jobs.job_id, jobs.operator, jobs.slot, jobs.target_path, jobs.image_sha256, jobs.profile_sha256, ${keyColumns}
       FROM jobs JOIN devices USING (device_id) WHERE jobs.job_id = ? AND devices.fingerprint IS NOT NULL`,
      jobId,
    );
    return row === undefined ? undefined : parse(jobSchema, row, 'job', this.#session.path);
  }

  #device(deviceId: string): Device | undefined {
    const row = this.#session.get(`SELECT ${keyColumns} FROM devices WHERE device_id = ? AND fingerprint IS NOT NULL`, deviceId);
    return row === undefined ? undefined : parse(loggedDeviceSchema, row, 'device', this.#session.path);
  }
}

/** Columns of a device that has a key, as the log tells of it. */
export const keyColumns = `devices.device_id, devices.identity, devices.state, devices.key_type, devices.fingerprint, devices.spki, devices.server_kind,
  devices.server_url, devices.server_device_id, devices.profile_name, devices.batch, devices.created_at, devices.updated_at`;

export const loggedDeviceSchema = z.object({
  device_id: z.string().min(1),
  identity: z.string(),
  state: deviceStateSchema,
  key_type: z.enum(keyTypes),
  fingerprint: z.string(),
  spki: z.instanceof(Uint8Array),
  server_kind: z.string(),
  server_url: z.string(),
  server_device_id: z.string().nullable(),
  profile_name: z.string(),
  batch: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
});
type Device = z.output<typeof loggedDeviceSchema>;

export const jobSchema = loggedDeviceSchema.extend({
  job_id: z.string().min(1),
  operator: z.string(),
  slot: z.string(),
  target_path: z.string(),
  image_sha256: z.string(),
  profile_sha256: z.string(),
});
type Job = z.output<typeof jobSchema>;

const certificateSchema = z.object({
  device_id: z.string(),
  fingerprint: z.string(),
  serial: z.string(),
  sha256: z.string(),
  issuer: z.string(),
  not_after: z.string(),
  revocation_reason: z.string().nullable(),
  operator: z.string().nullable(),
});

export function aboutJob({ device_id: device, job_id: job, fingerprint }: Job): { readonly device: string; readonly job: string; readonly fingerprint: string } {
  return { device, job, fingerprint };
}

export function keyOf(job: Job): Omit<Extract<RecordedEvent, { event: 'key-generated' }>['data'], 'device' | 'job' | 'fingerprint'> {
  return {
    identity: identityOf(job),
    keyType: job.key_type,
    spki: base64(job.spki),
    profile: logText(job.profile_name),
    profileSha256: job.profile_sha256,
    serverKind: logText(job.server_kind),
    server: logText(job.server_url),
    ...(job.batch === null ? {} : { batch: logText(job.batch) }),
  };
}

/** The table has it in its canonical form, which its own readers check. */
export function identityOf({ identity }: { readonly identity: string }): Identity {
  return JSON.parse(identity) as Identity;
}

export function serverDeviceOf(id: string | null | undefined): { readonly serverDevice?: string } {
  return id === null || id === undefined || id === '' ? {} : { serverDevice: logText(id) };
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function eventOf(step: StepName, job: Job, { card, bytes, files, serverDevice }: StepFacts, at: string): RecordedEvent | undefined {
  const common = { by: job.operator, at };
  const about = aboutJob(job);
  const medium = { slot: logText(job.slot), target: logText(job.target_path), ...(card === undefined ? {} : { card: logText(card) }), ...(bytes === undefined ? {} : { bytes }) };
  switch (step) {
    case 'write':
      return { event: 'written', ...common, data: { ...about, ...medium, imageSha256: job.image_sha256 } };
    case 'verify':
      return { event: 'verified', ...common, data: { ...about, ...medium, ...(files === undefined ? {} : { files }) } };
    case 'enrol':
      return { event: 'enrolled', ...common, data: { ...about, server: logText(job.server_url), ...serverDeviceOf(serverDevice ?? job.server_device_id) } };
    case 'destroy':
      return { event: 'destroyed', ...common, data: about };
    case 'reserve':
    case 'check':
    case 'generate':
    case 'confirm':
    case 'record':
      return undefined;
  }
}
