/** Packages that are scripts, and update files of them: as they should be, and damaged in any way that a test wants. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { chmodSync, createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import type { UpdateManifest } from '../../main/domain/update';
import { versionLine } from '../../main/domain/version';
import { formatNote, signatureTypes, signNote, verifierKey, verifierKeyText, type NoteSigner } from '../../main/ledger/note';

// Packages have an app.asar, which Electron's fs would take for a folder.
process.noAsar = true;

export function signerOf(name: string, privateKey: KeyObject): NoteSigner {
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  return { key: verifierKey(name, signatureTypes.ed25519, publicKey), sign: (message) => sign(null, message, privateKey) };
}

export const newSigner = (name: string): NoteSigner => signerOf(name, generateKeyPairSync('ed25519').privateKey);
export const keyText = ({ key }: NoteSigner): string => verifierKeyText(key);

/** As scripts/update/keys.mjs makes it. */
export function developmentSigner(): NoteSigner {
  const seed = createHash('sha256').update('imprint development updates: proves nothing').digest();
  return signerOf('imprint-development-updates', createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' }));
}

/** The files of a package whose program says that it is this version, as a packed one does. */
export function packageFiles(version: string, says = versionLine(version, '0123456789ab')): Map<string, Buffer> {
  return new Map([
    ['imprint', Buffer.from(`#!/bin/sh\necho "${says}"\n`)],
    ['locales/en-US.pak', Buffer.from(`words of ${version}`)],
    ['resources/app.asar', Buffer.alloc(70_000, version)],
  ]);
}

/** The same as a folder. */
export function writePackage(folder: string, version: string, says?: string): void {
  for (const [path, content] of packageFiles(version, says)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  chmodSync(join(folder, 'imprint'), 0o755);
}

export function manifestOf(version: string, files: ReadonlyMap<string, Buffer>, change: Partial<UpdateManifest> = {}): UpdateManifest {
  return {
    format: 1,
    version,
    from: '0.1.0',
    recordSchema: 8,
    target: { platform: process.platform, architecture: process.arch },
    program: 'imprint',
    madeAt: '2026-11-26T00:00:00.000Z',
    files: [...files].map(([path, content]) => ({ path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex'), executable: path === 'imprint' })),
    ...change,
  };
}

export interface UpdateFileOptions {
  readonly signer?: NoteSigner;
  /** Of the manifest, before it is signed. */
  readonly manifest?: Partial<UpdateManifest>;
  /** The text of the manifest instead. */
  readonly text?: string;
  /** Of the signed note, afterwards. */
  readonly note?: (note: string) => string;
  readonly says?: string;
  /** What lies in the file, which may be something else than what was signed. */
  readonly contents?: (files: Map<string, Buffer>) => Map<string, Buffer>;
}

export async function writeUpdate(path: string, version: string, { signer = developmentSigner(), manifest = {}, text, note = (same) => same, says, contents = (same) => same }: UpdateFileOptions = {}): Promise<string> {
  const files = packageFiles(version, says);
  const signed = await signNote({ text: text ?? `${JSON.stringify(manifestOf(version, files, manifest))}\n`, signatures: [] }, signer);
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(note(formatNote(signed))), 'update.note');
  for (const [name, content] of contents(new Map(files))) zip.addBuffer(content, `package/${name}`, { compress: false });
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}
