import { createHash } from 'node:crypto';

import { ImprintError } from '../domain/errors';
import { openCheckpoint } from './checkpoint';
import { ExportFiles } from './export-files';
import type { ExportTarget, ManifestFile } from './export-files';
import { csvHeader, csvRow, jsonRow } from './export-rows';
import type { ExportDevice, ExportSelection } from './export-rows';
import { formatNote, signatureTypes, signNote, verifierKey, verifierKeyText } from './note';
import type { NoteSigner, VerifierKey } from './note';

/** An entry as the record keeps it; the export shows where its hash is not that of its bytes. */
export interface KeptEntry {
  readonly bytes: Uint8Array;
  /** 32 bytes, as they were kept when the entry was logged. */
  readonly leaf: Uint8Array;
}

export interface ExportSource {
  /** The log's head that the export stands under. */
  readonly checkpoint: string;
  /** All entries under the checkpoint, in their order, in portions of any size. */
  entries(): AsyncIterable<readonly KeptEntry[]>;
  /** The selected devices in the order of their `entry`, as they are at the checkpoint. */
  devices(): AsyncIterable<readonly ExportDevice[]>;
  readonly selection: ExportSelection;
  /** Older checkpoints, as they were anchored. */
  readonly anchors: readonly string[];
  /** Content of main/ledger/verifier/verify-export.mjs. */
  readonly verifier: Uint8Array;
  /** ISO 8601 UTC. */
  readonly madeAt: string;
  readonly madeBy: string;
}

export interface ExportFilesOptions {
  /** The key of the log, which the checkpoint is signed with. */
  readonly key: VerifierKey;
  readonly signal?: AbortSignal | undefined;
  /** Number of entries and rows written so far. */
  readonly progress?: ((done: { readonly entries: number; readonly devices: number }) => void) | undefined;
  /** Further files that the manifest covers: a summary for people, public keys as PEM, receipts. */
  readonly moreFiles?: ((files: ExportFiles) => Promise<void>) | undefined;
}

export interface ExportOptions extends Omit<ExportFilesOptions, 'key'> {
  /** The key of the log: it signs the manifest. */
  readonly signer: NoteSigner;
  /** A signature over the manifest in another form: `manifest.json.p7s`. */
  readonly signManifest?: ((manifest: Uint8Array) => Promise<Uint8Array>) | undefined;
}

export interface ExportResult {
  readonly entries: number;
  readonly devices: number;
  readonly files: readonly ManifestFile[];
  /** SHA-256 of manifest.json, hexadecimal. */
  readonly manifestSha256: string;
}

/** An export that nobody has signed yet. */
export interface UnsealedExport extends ExportResult {
  /** Content of manifest.json, which is there already. */
  readonly manifest: Uint8Array;
}

/** The signatures over a manifest, which it cannot name. */
export interface ManifestSeal {
  /** As `manifestNote` makes it. */
  readonly note: string;
  /** DER of the CMS signature. */
  readonly cms?: Uint8Array | undefined;
}

/** Files that the manifest cannot name: itself and the signatures over it. */
export const manifestFiles = ['manifest.json', 'manifest.note', 'manifest.json.p7s'] as const;

export const exportFormat = 'imprint-export/v1';

/** Writes an export with its signatures, where both the log and its keys are at hand. @throws as `writeExportFiles` */
export async function writeExport(source: ExportSource, target: ExportTarget, { signer, signManifest, ...options }: ExportOptions): Promise<ExportResult> {
  const { manifest, ...result } = await writeExportFiles(source, target, { ...options, key: signer.key });
  const { origin } = openCheckpoint(source.checkpoint, [signer.key]).checkpoint;
  await writeSeal(target, { note: await manifestNote(origin, result.manifestSha256, signer), cms: await signManifest?.(manifest) });
  return result;
}

/**
 * Writes what an export has before it is signed: devices.csv, devices.jsonl, entries.jsonl, leaves.bin (32 bytes for each
 * entry, by which a changed one is named), checkpoint.txt, log-key.txt, anchors.txt, verify-export.mjs, what `moreFiles`
 * adds, and manifest.json. It takes the memory of one portion, whatever the record has. The keys may be in another process.
 *
 * @throws ImprintError log-checkpoint-invalid where the checkpoint is not by this key, log-broken where the record has not
 *   as many entries; the signal's reason where it was cancelled; whatever the target or the source throws
 */
export async function writeExportFiles(source: ExportSource, target: ExportTarget, { key, signal, progress, moreFiles }: ExportFilesOptions): Promise<UnsealedExport> {
  const { checkpoint } = openCheckpoint(source.checkpoint, [key]);
  const files = new ExportFiles(target, signal);
  let [entries, devices] = [0, 0];
  await files.stream('devices.csv', (csv) =>
    files.stream('devices.jsonl', async (jsonl) => {
      await csv(csvHeader);
      for await (const portion of source.devices()) {
        await csv(portion.map(csvRow).join(''));
        await jsonl(portion.map(jsonRow).join(''));
        devices += portion.length;
        progress?.({ entries, devices });
      }
    }),
  );
  await files.stream('entries.jsonl', (jsonl) =>
    files.stream('leaves.bin', async (leaves) => {
      for await (const portion of source.entries()) {
        await jsonl(Buffer.concat(portion.flatMap(({ bytes }) => [bytes, lineEnd])));
        await leaves(Buffer.concat(portion.map(({ leaf }) => leaf)));
        entries += portion.length;
        progress?.({ entries, devices });
      }
    }),
  );
  if (entries !== checkpoint.size) throw broken(`its checkpoint stands over ${checkpoint.size} entries, and it has ${entries}`);
  await files.add('checkpoint.txt', source.checkpoint);
  await files.add('log-key.txt', `${verifierKeyText(key)}\n`);
  await files.add('anchors.txt', source.anchors.join('\n'));
  await files.add('verify-export.mjs', source.verifier);
  await moreFiles?.(files);
  signal?.throwIfAborted();
  const manifest = Buffer.from(`${JSON.stringify(manifestOf(source, checkpoint.origin, checkpoint.size, devices, files.files), undefined, 2)}\n`, 'utf8');
  await new ExportFiles(target, signal).add('manifest.json', manifest);
  return { entries, devices, files: files.files, manifest, manifestSha256: createHash('sha256').update(manifest).digest('hex') };
}

/** Adds the signatures over the manifest to an export whose other files are all there. */
export async function writeSeal(target: ExportTarget, { note, cms }: ManifestSeal): Promise<void> {
  const unlisted = new ExportFiles(target);
  await unlisted.add('manifest.note', note);
  if (cms !== undefined) await unlisted.add('manifest.json.p7s', cms);
}

/**
 * The log's own signature over a manifest, under a key name of its own: the same key, and another id, so that it can never
 * be taken for a checkpoint (signed-note, Signatures).
 */
export async function manifestNote(origin: string, manifestSha256: string, signer: NoteSigner): Promise<string> {
  const key = verifierKey(`${origin}/manifest`, signatureTypes.ed25519, signer.key.publicKey);
  const text = `${exportFormat}\norigin ${origin}\nmanifest ${manifestSha256}\n`;
  return formatNote(await signNote({ text, signatures: [] }, { key, sign: (message) => signer.sign(message) }));
}

const lineEnd = Buffer.of(0x0a);

function manifestOf(source: ExportSource, origin: string, entries: number, devices: number, files: readonly ManifestFile[]): unknown {
  const { madeAt, madeBy, selection } = source;
  return { format: exportFormat, origin, madeAt, madeBy, selection, entries, devices, files };
}

function broken(what: string): ImprintError {
  return new ImprintError('log-broken', `The log of this record cannot be exported: ${what}.`);
}
