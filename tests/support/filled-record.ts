/** A record as a line leaves it after months: thousands of devices, written by the real store. */
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Acceptance, AcceptanceState, Diagnosis } from '../../main/domain/acceptance';
import type { CertificateFacts } from '../../main/domain/certificates';
import type { PublicKey } from '../../main/domain/keys';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { reservation } from './reservations';

export interface FilledRecord {
  readonly total: number;
  readonly counts: Readonly<Record<AcceptanceState, number>>;
}

/** Of every hundred devices: where they stand, and why. The others are accepted. */
const troubles: readonly { readonly at: number; readonly state: AcceptanceState; readonly diagnosis?: Diagnosis; readonly sentence: string }[] = [
  { at: 7, state: 'waiting', diagnosis: 'never-seen', sentence: 'No board came with this identity yet.' },
  { at: 19, state: 'waiting', diagnosis: 'never-seen', sentence: 'No board came with this identity yet.' },
  { at: 33, state: 'stuck', diagnosis: 'another-key', sentence: 'A board with this identity came with a key that nobody recorded: the key file on its card is not readable, or the client made its own. Check the card with "verify-card".' },
  { at: 51, state: 'stuck', diagnosis: 'key-of-another-device', sentence: 'The board came with the key that was made for mac 02:00:00:00:00:34: the two cards are swapped. Swap them back.' },
  { at: 68, state: 'stuck', diagnosis: 'near-identity', sentence: 'A board is pending as mac 02:00:00:00:00:45, which differs in its last digit: another network interface of the same board.' },
  { at: 77, state: 'missing', diagnosis: 'not-at-server', sentence: 'The server has no such device any more: somebody removed it there.' },
];

const minutes = 60_000;

/** The batch of the `number`th device. */
export const batchOf = (number: number): string => `WO-${String(4700 + Math.floor(number / 500))}`;
export const macOf = (number: number): string => String(reservation(number).identity['mac']);

const days = 24 * 60 * minutes;

export const issuers = ['CN=Line Sub-CA 1,O=Example Devices', 'CN=Line Sub-CA 2,O=Example Devices'] as const;

export const endsNow = 1996;

/** The certificate of the `number`th device: each ends four hours before the one before it, the 1996th now. */
export function certificateOf(number: number, now: number, renewal = 0): CertificateFacts {
  const notAfter = new Date(now + (endsNow - number) * 4 * 60 * minutes + renewal * 365 * days).toISOString();
  const serial = createHash('sha256').update(`${String(number)} ${String(renewal)}`).digest('hex').slice(0, 32).replace(/^0+/, '');
  const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(`certificate ${String(number)} ${String(renewal)} `.repeat(20)).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
  return { serial, issuer: issuers[number % 2] ?? issuers[0], notBefore: new Date(now - 90 * days).toISOString(), notAfter, sha256: createHash('sha256').update(pem).digest('hex'), pem };
}

export interface FillOptions {
  readonly now?: number;
  /** Every device has one; of every hundred one is renewed and one revoked. */
  readonly certificates?: boolean;
}

/** Fills a new record with this many devices, the last one made just now. */
export async function fillRecord(path: string, total: number, { now = Date.now(), certificates = false }: FillOptions = {}): Promise<FilledRecord> {
  // Thirty thousand durable transactions take their time on a disk; in memory they do not.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'imprint-record-'));
  const store = SqliteRecordStore.open(join(folder, 'record.sqlite'));
  const counts: Record<AcceptanceState, number> = { unchecked: 0, waiting: 0, accepted: 0, stuck: 0, missing: 0 };
  let portion: Acceptance[] = [];
  for (let number = 0; number < total; number += 1) {
    const at = new Date(now - (total - number) * minutes).toISOString();
    await store.reserve(reservation(number, { identity: { mac: macOf(number) }, batch: batchOf(number), profileName: number % 2 === 0 ? 'Line A, gateway' : 'Line B, sensor', at }));
    await store.recordPublicKey(`job-${String(number)}`, keyOf(number), at);
    await store.endJob(`job-${String(number)}`, 'done', 'preauthorized', 'The server expects it.', at, `server-${String(number)}`);
    if (certificates) await certify(store, number, now, at);
    if (number >= total - 3) {
      counts.unchecked += 1;
      continue;
    }
    const trouble = troubles.find((each) => each.at === number % 100);
    const state = trouble?.state ?? 'accepted';
    counts[state] += 1;
    portion.push({
      deviceId: `device-${String(number)}`,
      state,
      diagnosis: trouble?.diagnosis,
      sentence: trouble?.sentence ?? 'The board came with the key that was made for it.',
      checkedAt: new Date(now - (total - number) * minutes + 30 * minutes).toISOString(),
    });
    if (portion.length === 500) {
      await store.saveAcceptances(portion);
      portion = [];
    }
  }
  if (portion.length > 0) await store.saveAcceptances(portion);
  await store.close();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  copyFileSync(join(folder, 'record.sqlite'), path);
  rmSync(folder, { recursive: true });
  return { total, counts };
}

async function certify(store: SqliteRecordStore, number: number, now: number, at: string): Promise<void> {
  const deviceId = `device-${String(number)}`;
  const certificate = certificateOf(number, now);
  await store.addCertificates(deviceId, [certificate], false, at);
  if (number % 100 === 40) await store.addCertificates(deviceId, [certificateOf(number, now, 1)], true, at);
  if (number % 100 !== 60) return;
  const actionId = `action-${String(number)}`;
  await store.startAction({ actionId, action: 'decommission', deviceId, serverUrl: 'https://mender.example', serverDeviceId: `server-${String(number)}`, identity: { mac: macOf(number) }, by: 'Ana', startedAt: at, reason: 'key-compromise' });
  await store.revokeCertificate(deviceId, certificate.serial, 'key-compromise', at);
  await store.addActionStep(actionId, { part: `revoke ${certificate.serial}`, sentence: `The certificate ${certificate.serial} is revoked.`, at });
  await store.addActionStep(actionId, { part: 'fleet', sentence: 'The update server has no such target any more.', at });
  await store.endAction(actionId, 'failed', 'The server does not answer: the device is still there.', at);
}

/** The record checks no signature: any bytes are a key to it, and making thousands of real ones would take long. */
function keyOf(number: number): PublicKey {
  const spki = Buffer.alloc(44);
  spki.write('302a300506032b6570032100', 'hex');
  spki.writeUInt32BE(number, 12);
  return { type: 'ed25519', spki, fingerprint: createHash('sha256').update(spki).digest('hex') };
}
