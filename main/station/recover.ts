import { asImprintError, ImprintError } from '../domain/errors';
import { describeIdentity, type Identity } from '../domain/identity';
import { decideRecovery, type JobState } from '../domain/job';
import { spkiOfPem, type PublicKey } from '../domain/keys';
import type { DeviceDetails, JobRow, RecordStore } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { Journal } from './journal';
import { endReplacements, mayReplace } from './replacement';
import { now, serverKindOf, withServer, type Station } from './station';

export interface RecoveryReport {
  readonly jobId: string;
  readonly deviceId: string;
  readonly identity: Identity;
  readonly state: JobState;
  /** What was found and what was done about it. */
  readonly sentence: string;
}

/**
 * Takes every job that a dead process left behind to a defined end: finishes it where the verified card already has the
 * key, releases the identity where it does not. Jobs of processes that live are left alone.
 *
 * CRASH: may itself be killed anywhere; each decision is taken again from the journal.
 */
export function recover(station: Station, signal: AbortSignal): Promise<readonly RecoveryReport[]> {
  return sweep(station, () => true, signal);
}

/** As recover(), for the verified cards alone that wait for this profile's server, in the order of their jobs. */
export function sendWaiting(station: Station, profile: Profile, signal: AbortSignal): Promise<readonly RecoveryReport[]> {
  return sweep(station, (job, device) => job.state === 'waiting' && device.serverUrl === profile.server.url, signal);
}

/** The last sweep of each record: its start, its outbox and a person may all want one, and two would be in each other's way. */
const sweeps = new WeakMap<RecordStore, Promise<unknown>>();

function sweep(station: Station, concerns: (job: JobRow, device: DeviceDetails) => boolean, signal: AbortSignal): Promise<readonly RecoveryReport[]> {
  const turn = (sweeps.get(station.record) ?? Promise.resolve()).then(() => sweepOnce(station, concerns, signal));
  sweeps.set(
    station.record,
    turn.catch(() => undefined),
  );
  return turn;
}

async function sweepOnce(station: Station, concerns: (job: JobRow, device: DeviceDetails) => boolean, signal: AbortSignal): Promise<readonly RecoveryReport[]> {
  const reports: RecoveryReport[] = [];
  const away: AwayServers = new Map();
  for (const job of await station.record.unfinishedJobs()) {
    const ours = job.owner.pid === station.processes.self.pid && job.owner.started === station.processes.self.started;
    // An open job of this very process is at work; a waiting one is not.
    if (job.state === 'open' && (ours || station.processes.alive(job.owner))) continue;
    const device = await station.record.device(job.deviceId);
    if (device === undefined || !concerns(job, device)) continue;
    if (!(await station.record.takeOver(job.jobId, job.owner, station.processes.self))) continue;
    reports.push(await recoverJob(station, job, device, away, signal));
  }
  return reports;
}

/** Why a server could not be told, by its URL: it is asked once for all the cards that wait for it. */
type AwayServers = Map<string, ImprintError>;

async function recoverJob(station: Station, job: JobRow, device: DeviceDetails, away: AwayServers, signal: AbortSignal): Promise<RecoveryReport> {
  const { record } = station;
  const decision = decideRecovery(job.steps);
  const report = (state: JobState, sentence: string): RecoveryReport => ({ jobId: job.jobId, deviceId: device.deviceId, identity: device.identity, state, sentence });
  switch (decision.action) {
    case 'release':
      await endReplacements(station, device, 'failed', decision.sentence);
      await record.endJob(job.jobId, 'compensated', 'released', decision.sentence, now(station));
      return report('compensated', decision.sentence);
    case 'finish': {
      await finish(station, job);
      await endReplacements(station, device, 'done', decision.sentence);
      await record.endJob(job.jobId, 'done', 'preauthorized', decision.sentence, now(station));
      return report('done', decision.sentence);
    }
    case 'resume-enrol':
      try {
        const known = away.get(device.serverUrl);
        if (known !== undefined) throw known;
        const sentence = await resumeEnrolment(station, job, device, signal);
        return report('done', sentence);
      } catch (thrown) {
        const error = asImprintError(thrown);
        // Another process may have been faster after all.
        const ended = (await record.device(device.deviceId))?.jobs.find((each) => each.jobId === job.jobId);
        if (ended !== undefined && ended.state !== 'open' && ended.state !== 'waiting') return report(ended.state, ended.sentence ?? '');
        if (!isRefusal(error)) {
          away.set(device.serverUrl, error);
          const sentence = `The card is verified, but the server could not be told yet: ${error.message}`;
          await record.endJob(job.jobId, 'waiting', 'reserved', sentence, now(station));
          return report('waiting', sentence);
        }
        // The card left its slot long ago: only a person can see to it.
        const written = job.startedAt.slice(0, 16).replace('T', ' ');
        const sentence = `The server refused the key of a card that is already written (${error.message}) Destroy the card from slot ${job.slot}, written on ${written} UTC, or write it again: its key is expected nowhere.`;
        await endReplacements(station, device, 'failed', error.message);
        await record.endJob(job.jobId, 'failed', 'released', sentence, now(station), undefined, error.code);
        return report('failed', sentence);
      }
  }
}

/** Whether the server said no to this device. What is wrong with its address, rights or credentials can be put right. */
function isRefusal({ code, field = '' }: ImprintError): boolean {
  return code === 'identity-at-server' || code === 'record-corrupt' || (code === 'server-refused' && !field.startsWith('server.'));
}

/** The steps that need nothing but the record. The private key ended with the process that held it. */
async function finish(station: Station, job: JobRow): Promise<void> {
  const journal = new Journal(station, job.jobId, () => undefined);
  await journal.step('destroy', async () => Promise.resolve({ value: undefined, sentence: 'The private key is not on this computer any more; only the card has it.' }));
  await journal.step('record', async () => Promise.resolve({ value: undefined, sentence: 'Recorded afterwards.' }));
}

async function resumeEnrolment(station: Station, job: JobRow, device: DeviceDetails, signal: AbortSignal): Promise<string> {
  const { record } = station;
  const profile = await keptProfile(station, job);
  const key = publicKeyOf(device);
  const journal = new Journal(station, job.jobId, () => undefined);
  const receipt = await withServer(station, profile, signal, (connection) =>
    journal.step('enrol', async () => {
      const value = await connection.enrol({ identity: device.identity, publicKey: key, replace: mayReplace(device) ? true : undefined }, signal);
      return { value, sentence: value.sentence, facts: { serverDevice: value.serverDeviceId } };
    }),
  );
  await finish(station, job);
  await endReplacements(station, device, 'done', receipt.sentence);
  const sentence = `${serverKindOf(station, profile).expectedWord} afterwards: ${describeIdentity(device.identity)} is expected at the server with the key on its card.`;
  await record.endJob(job.jobId, 'done', 'preauthorized', sentence, now(station), receipt.serverDeviceId);
  return sentence;
}

function publicKeyOf(device: DeviceDetails): PublicKey {
  const spki = device.publicKeyPem === undefined ? undefined : spkiOfPem(device.publicKeyPem);
  if (spki === undefined || device.fingerprint === undefined) {
    throw new ImprintError('record-corrupt', `The record has no public key for ${describeIdentity(device.identity)}, although its card was verified.`);
  }
  return { type: device.keyType, spki, fingerprint: device.fingerprint };
}

async function keptProfile(station: Station, job: JobRow): Promise<Profile> {
  const json = await station.record.keptProfile(job.profileSha256);
  if (json === undefined) throw new ImprintError('record-corrupt', `The record does not have the profile ${job.profileName} that this job was started with.`);
  return station.readKeptProfile(json);
}
