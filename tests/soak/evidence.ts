import { createHash } from 'node:crypto';
import { spkiOfPem } from '../../main/domain/keys';
import type { DeviceRow } from '../../main/domain/ports';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { devices as devicesPath, type RawApi } from '../contract/mender-fixture';
import type { RecordView, ServerView } from './verdict';

const page = 500;

interface ShownDevice {
  readonly id: string;
  readonly identity_data: Readonly<Record<string, string>>;
  readonly status: string;
  readonly auth_sets: readonly { readonly status: string; readonly pubkey: string }[];
}

function fingerprintOf(pem: string): string | undefined {
  const spki = spkiOfPem(pem);
  return spki === undefined ? undefined : createHash('sha256').update(spki).digest('hex');
}

/** The server's whole list, without the adapter. */
export async function readServer(raw: RawApi): Promise<readonly ServerView[]> {
  const found: ServerView[] = [];
  for (let number = 1; ; number += 1) {
    const reply = await raw.send('GET', `${devicesPath}?per_page=${page}&page=${number}`);
    if (reply.status !== 200) throw new Error(`The server's list cannot be read: ${reply.status} ${reply.text}`);
    const list = reply.json() as readonly ShownDevice[];
    found.push(...list.map((device) => ({ id: device.id, identity: device.identity_data, status: device.status, authSets: device.auth_sets.map(({ status, pubkey }) => ({ status, fingerprint: fingerprintOf(pubkey) })) })));
    if (list.length < page) return found;
  }
}

export async function readRecord(path: string, workstation: string): Promise<{ held: readonly RecordView[]; released: readonly string[]; unfinishedJobs: number }> {
  const record = SqliteRecordStore.open(path);
  try {
    const rows: DeviceRow[] = [];
    for (let offset = 0; ; offset += page) {
      const { devices } = await record.list({ limit: page, offset });
      rows.push(...devices);
      if (devices.length < page) break;
    }
    const held: RecordView[] = [];
    for (const row of rows.filter(({ state }) => state !== 'released')) {
      const { acceptance } = (await record.device(row.deviceId)) ?? {};
      held.push({ workstation, deviceId: row.deviceId, identity: row.identity, state: row.state, fingerprint: row.fingerprint, acceptance: acceptance?.state ?? 'unchecked', diagnosis: acceptance?.diagnosis, relatedDeviceId: acceptance?.relatedDeviceId });
    }
    const released = rows.filter(({ state }) => state === 'released').flatMap(({ fingerprint }) => fingerprint ?? []);
    return { held, released, unfinishedJobs: (await record.unfinishedJobs()).length };
  } finally {
    await record.close();
  }
}
