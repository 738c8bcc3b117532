/** A device's place in the record, as the tests of the record reserve it. */
import { createHash, generateKeyPairSync } from 'node:crypto';

import { expect } from 'vitest';

import type { Acceptance, AcceptanceState, ActionEntry, ForeignDevice } from '../../main/domain/acceptance';
import { ImprintError } from '../../main/domain/errors';
import type { PublicKey } from '../../main/domain/keys';
import { publicKeyPem } from '../../main/domain/keys';
import type { RecordStore, Reservation } from '../../main/domain/ports';

export const jobOwner = { pid: 4711, started: 'boot-1:100' };

/** The moment `minute` minutes into the working day. */
export function at(minute: number): string {
  return new Date(Date.UTC(2026, 10, 22, 8, minute)).toISOString();
}

/** The `number`th reservation of the day, from the `number`th minute. */
export function reservation(number: number, change: Partial<Reservation> = {}): Reservation {
  return {
    jobId: `job-${number}`,
    deviceId: `device-${number}`,
    identity: { serial: String(1000 + number), mac: `02:00:00:00:${(number >> 8).toString(16).padStart(2, '0')}:${(number & 255).toString(16).padStart(2, '0')}` },
    profileName: 'gateway',
    profileSha256: 'a'.repeat(64),
    imageSha256: 'b'.repeat(64),
    serverKind: 'mender',
    serverUrl: 'https://mender.example',
    keyType: 'ed25519',
    slot: 'A',
    targetPath: '/dev/sdx',
    operator: 'Ana',
    owner: jobOwner,
    at: at(number),
    ...change,
  };
}

export function newKey(): PublicKey {
  const spki = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' });
  return { type: 'ed25519', spki, fingerprint: createHash('sha256').update(spki).digest('hex') };
}

/** The `number`th device, made and expected by the server a minute after its reservation. @returns its key */
export async function preauthorize(store: RecordStore, number: number, change: Partial<Reservation> = {}): Promise<PublicKey> {
  const key = newKey();
  await store.reserve(reservation(number, change));
  await store.recordPublicKey(`job-${number}`, key, at(number));
  await store.endJob(`job-${number}`, 'done', 'preauthorized', 'The server expects it.', at(number + 1), `server-${number}`);
  return key;
}

/** What was seen of the `number`th device at a minute. */
export function seen(number: number, state: AcceptanceState, minute: number, change: Partial<Acceptance> = {}): Acceptance {
  return { deviceId: `device-${number}`, state, sentence: `It is ${state}.`, checkedAt: at(minute), ...change };
}

/** The `number`th device of another tool. */
export function foreignDevice(number: number, change: Partial<ForeignDevice> = {}): ForeignDevice {
  const { spki, fingerprint } = newKey();
  return { identity: { mac: `06:00:00:00:00:${number.toString(16).padStart(2, '0')}` }, fingerprint, publicKeyPem: publicKeyPem(spki), source: 'line-2.csv', importedBy: 'Ana', importedAt: at(0), ...change };
}

/** The `number`th thing that is done to a device: its decommission. */
export function action(number: number, change: Partial<ActionEntry> = {}): Omit<ActionEntry, 'state' | 'endedAt' | 'sentence'> {
  return {
    actionId: `action-${number}`,
    action: 'decommission',
    deviceId: `device-${number}`,
    serverUrl: 'https://mender.example',
    serverDeviceId: `server-${number}`,
    identity: reservation(number).identity,
    by: 'Ana',
    startedAt: at(10),
    ...change,
  };
}

/** The ImprintError that something ends with. */
export async function refusal(promise: Promise<unknown>): Promise<ImprintError> {
  const thrown: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(thrown).toBeInstanceOf(ImprintError);
  return thrown as ImprintError;
}
