/** A device's place in the record, as the tests of the record reserve it. */
import type { Reservation } from '../../main/domain/ports';

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
