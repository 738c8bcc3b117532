import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { verifyExport } from '../ledger/verifier/verify-export.mjs';
import type { VerifiedExport } from '../ledger/verifier/verify-export.mjs';
import { isZip, unreadable, withUnpacked } from './archive';
import { checkCms } from './cms-check';
import type { CmsSignature } from './cms-check';

export interface CheckedExport extends VerifiedExport {
  /** Who signed the manifest as CMS; undefined where there is no such signature, or it does not hold. */
  readonly signature: CmsSignature | undefined;
}

export interface ExportCheckOptions {
  readonly key?: string | undefined;
  readonly anchors: readonly string[];
  /** One line for each thing that is wrong. */
  readonly finding: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks an export, folder or zip, as the script in it does, and its CMS signature besides.
 *
 * SECURITY: with the verifier of this Imprint, never with the one that came along.
 *
 * @throws ImprintError export-unreadable
 */
export async function checkExport(path: string, options: ExportCheckOptions): Promise<CheckedExport> {
  const facts = await lstat(path).catch((thrown: unknown) => {
    throw unreadable(path, 'it is not there', thrown);
  });
  if (facts.isDirectory()) return checkFolder(path, options);
  if (!facts.isFile() || !(await isZip(path))) throw unreadable(path, 'it is neither a folder nor a zip');
  return withUnpacked(path, options.signal, (folder) => checkFolder(folder, options));
}

async function checkFolder(folder: string, { key, anchors, finding }: ExportCheckOptions): Promise<CheckedExport> {
  const verified = await verifyExport(folder, { key, anchors, finding });
  const [signature, manifest, certificate] = await Promise.all(['manifest.json.p7s', 'manifest.json', 'export-certificate.pem'].map((name) => readFile(join(folder, name)).catch(() => undefined)));
  // An export of the library alone has neither; one of the two without the other had something taken away.
  if (signature === undefined && certificate === undefined) return { ...verified, signature: undefined };
  const checked = signature === undefined || manifest === undefined || certificate === undefined ? { problem: 'it or its certificate was removed' } : await checkCms(signature, manifest, certificate.toString('latin1')).catch(() => ({ problem: 'its certificate cannot be read' }));
  if (!('problem' in checked)) return { ...verified, signature: checked };
  finding(`manifest.json.p7s: ${checked.problem}`);
  return { ...verified, findings: verified.findings + 1, signature: undefined };
}
