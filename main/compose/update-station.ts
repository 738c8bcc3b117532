/** What updates need of this station: its installation, its record, and how a program is tried. */
import { execFile } from 'node:child_process';
import { closeSync, copyFileSync, existsSync, mkdirSync, openSync, readSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { app } from 'electron';
import { asImprintError, ImprintError } from '../domain/errors';
import type { Profile } from '../domain/profile';
import type { InstalledVersion, UpdateSituation } from '../domain/update';
import { diskFacts } from '../health/system-facts';
import { storageClient } from '../ipc/clients';
import { logClient } from '../ipc/log-channel';
import { writtenTargets } from '../station/written-targets';
import { latestVersion, migrations } from '../storage/migrations';
import { Installation } from '../update/installation';
import { developmentKey, releaseKeys } from '../update/keys';
import { syncFolder, writeDurably } from './durable-file';
import { installedBy } from './installed-by';
import type { StationFolder } from './station-folder';
import { storageProcess } from './storage-process';
import { systemProcesses } from './processes';
import { assertNobodyHas } from './restore';
import { madeFor, stationVersion } from './station-version';
import { usedLately } from './used-lately';

/** SECURITY: the development key is everybody's, so no release takes it. */
export function updateKeys(): readonly string[] {
  return madeFor === 'release' ? releaseKeys : [...releaseKeys, developmentKey];
}

/** Whether an update may make this a smoke package. */
export const takesSmoke = madeFor !== 'release';

/** This program, with the schema to which it brings a record. */
export function runningVersion(): InstalledVersion & { readonly recordSchema: number } {
  return { version: stationVersion, recordSchema: latestVersion(migrations) };
}

/** @param named the folder that a person named. @throws ImprintError update-refused where this program was installed in another way */
export function installationHere(named: string | undefined): Installation {
  const root = named === undefined ? Installation.rootOf(realpathSync(process.execPath)) : resolve(named);
  if (root !== undefined) return new Installation(root, writeDurably);
  if (!app.isPackaged) throw new ImprintError('update-refused', 'This Imprint runs from a checkout, which is updated by git.', { field: '--install', expected: '--install DIR for an installation that lies elsewhere' });
  const sentence = installedBy().by === 'dpkg' ? 'This Imprint was installed by the packages of this computer: update it with "sudo dpkg --install FILE.deb".' : 'This Imprint does not lie in a folder of versions: put the update into one.';
  throw new ImprintError('update-refused', sentence, { field: '--install', expected: '--install DIR for an installation that lies elsewhere' });
}

/** @throws ImprintError slot-busy where a card is in work, or a window or command has the record open */
export async function assertIdle({ record }: StationFolder): Promise<void> {
  if (!existsSync(record)) return;
  const storage = storageProcess(record);
  const store = storageClient(storage);
  let targets: readonly string[] = [];
  try {
    targets = await writtenTargets({ record: store, processes: systemProcesses() });
  } catch (thrown) {
    if (asImprintError(thrown).code !== 'record-from-the-future') throw thrown;
  } finally {
    await store.close().catch(() => undefined);
    await storage.stop();
  }
  if (targets.length > 0) throw new ImprintError('slot-busy', `A card is being made (${targets.join(', ')}): wait until it has ended.`, { field: 'jobs', expected: 'a station without cards in work' });
  assertNobodyHas(record);
}

/** How this station stands towards an update. */
export async function situation(folder: StationFolder, installation: Installation | undefined, { profile, rollBack, override }: Pick<UpdateSituation, 'rollBack' | 'override'> & { readonly profile?: Profile | undefined }, now: Date): Promise<UpdateSituation> {
  const used = await usedLately(folder, now).catch((thrown: unknown) => {
    // A record that this version cannot read names no profiles.
    if (['record-from-the-future', 'record-corrupt'].includes(asImprintError(thrown).code)) return { profiles: [] };
    throw thrown;
  });
  const freeBytes = installation === undefined ? undefined : (await diskFacts(installation.root)).freeBytes;
  return { installed: installation?.installed(), freeBytes, platform: process.platform, architecture: process.arch, recordSchema: schemaOf(folder.record), profile, used: used.profiles, rollBack, override };
}

/**
 * The schema of a record that nobody has open: user_version of its header (SQLite file format, 1.3.16). Where a killed process
 * left a write-ahead log, the newer number may be in there: then it is the one that this program makes of it, or the header's.
 */
export function schemaOf(record: string): number | undefined {
  if (!existsSync(record)) return undefined;
  const header = Buffer.alloc(64);
  const file = openSync(record, 'r');
  try {
    if (readSync(file, header, 0, header.length, 0) < header.length) return undefined;
  } finally {
    closeSync(file);
  }
  const written = header.readUInt32BE(60);
  const waiting = (statSync(`${record}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
  return waiting ? Math.max(written, runningVersion().recordSchema) : written;
}

/** The record as it is before another version comes, beside it. @returns where; undefined without a record. @throws ImprintError record-*, log-broken */
export async function backUpBefore(folder: StationFolder, version: string, now: Date, signal: AbortSignal): Promise<string | undefined> {
  const { record, root } = folder;
  if (!existsSync(record)) return undefined;
  const backups = join(root, 'backups');
  mkdirSync(backups, { recursive: true, mode: 0o700 });
  const path = join(backups, `record-before-${version}-${now.toISOString().replace(/[-:]|\.\d+/g, '')}.sqlite`);
  const storage = storageProcess(record);
  try {
    await logClient(storage).backup(path, () => undefined, signal);
  } catch (thrown) {
    if (asImprintError(thrown).code !== 'record-from-the-future') throw thrown;
    // Nobody here can read it, and nobody has it open: the bytes as they are.
    for (const end of ['', '-wal']) if (existsSync(`${record}${end}`)) copyFileSync(`${record}${end}`, `${path}${end}`);
    syncFolder(backups);
  } finally {
    await storageClient(storage).close().catch(() => undefined);
    await storage.stop();
  }
  return path;
}

const patience = 60_000;

/** How Chromium ends before any of our code runs. */
const noSandbox = /SUID sandbox helper binary was found|No usable sandbox/;
const withoutSandbox = "this computer gives ordinary users no user namespaces, which Chromium's sandbox needs outside of the Debian package; an administrator can allow them.";

/** What a program says to `--version`. @throws ImprintError unexpected */
export function versionOf(program: string): Promise<string> {
  const env = { ...process.env };
  delete env['ELECTRON_RUN_AS_NODE'];
  // Chromium has no sandbox for root, and a command shows no page.
  const ofRoot = app.isPackaged && process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return new Promise((told, failed) => {
    execFile(program, [...ofRoot, '--version'], { timeout: patience, env, encoding: 'utf8' }, (error, stdout, stderr) => {
      const line = stdout.trim().split('\n').at(-1) ?? '';
      if (error === null) told(line);
      else failed(new ImprintError('unexpected', noSandbox.test(stderr) ? withoutSandbox : `${program} ended with ${String(error.code ?? error.signal ?? 'an error')}${stderr.trim() === '' ? '' : `: ${stderr.trim().slice(-300)}`}`));
    });
  });
}
