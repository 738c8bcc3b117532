import { ImprintError } from '../domain/errors';
import { publicKeyPem } from '../domain/keys';
import type { ExportFiles } from '../ledger/export-files';
import type { ExportDevice } from '../ledger/export-rows';

/** Devices for which single files are made: a manifest names each of them, and a folder with more serves nobody. */
export const mostSingleFiles = 100_000;

export interface SingleFiles {
  readonly publicKeys: boolean;
  readonly receipts: boolean;
}

/** @throws ImprintError export-too-many-files */
export function assertFewEnough(devices: number, { publicKeys, receipts }: SingleFiles): void {
  if (devices <= mostSingleFiles || !(publicKeys || receipts)) return;
  const option = publicKeys ? '--public-keys' : '--receipts';
  throw new ImprintError('export-too-many-files', `Single files are made for up to ${mostSingleFiles} devices: select fewer, or go without; devices.jsonl has every public key, and entries.jsonl with leaves.bin proves every entry.`, {
    field: option,
    expected: '--from, --until, --batch, --profile or --state',
  });
}

/**
 * `public-keys/FINGERPRINT.pem` and `receipts/FINGERPRINT.tlog-proof` of each device: the name is the same in all of them.
 *
 * @param receipt makes the proof for one entry
 */
export async function addSingleFiles(files: ExportFiles, devices: AsyncIterable<readonly ExportDevice[]>, wanted: SingleFiles, receipt: (entry: number) => Promise<string>): Promise<void> {
  if (!wanted.publicKeys && !wanted.receipts) return;
  for await (const portion of devices) {
    for (const { entry, fingerprint, publicKey } of portion) {
      if (wanted.publicKeys) await files.add(`public-keys/${fingerprint}.pem`, publicKeyPem(Buffer.from(publicKey, 'base64')));
      if (wanted.receipts) await files.add(`receipts/${fingerprint}.tlog-proof`, await receipt(entry));
    }
  }
}
