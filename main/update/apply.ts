/** How a version takes the place of another one, and how it is taken back: each step journalled, each step undone where it fails. */
import { join } from 'node:path';
import type { UpdateJournal, VersionChange } from '../contract/update-file';
import { asImprintError, ImprintError } from '../domain/errors';
import type { FaultPoints } from '../domain/ports';
import type { InstalledVersion, UpdateManifest } from '../domain/update';
import { readVersionLine } from '../domain/version';
import type { Installation } from './installation';
import { plainFiles } from './plain-files';
import { syncFolder, type UpdateFile } from './update-file';

const { existsSync, renameSync, rmSync } = plainFiles;

export interface UpdateDoors {
  readonly installation: Installation;
  readonly faults: FaultPoints;
  /** Copies the record to where it is kept; undefined where there is none. */
  readonly backUp: () => Promise<string | undefined>;
  /** Starts a program with `--version`. @returns what it says, without its line end */
  readonly versionOf: (program: string) => Promise<string>;
  /** Whether the program that brings the update may become a smoke package: a smoke package or a checkout. */
  readonly takesSmoke: boolean;
  readonly signal: AbortSignal;
}

export type Who = Pick<VersionChange, 'at' | 'by' | 'override'>;

/** What became of a change that a killed process left. */
export type Recovered = { readonly change: VersionChange; readonly ended: 'done' | 'undone' } | undefined;

/**
 * Brings an update into an installation: record backed up, package unpacked and tried beside the version that works, then one
 * link changed.
 *
 * CRASH: until the link is changed, recovery takes everything away again; from then on it ends what is left to do. The version
 * that worked before is not touched by either.
 *
 * @param running what is installed now, where somebody knows more than the installation itself
 * @throws ImprintError update-invalid, update-refused, record-*: the version from before is the one that is started
 */
export async function applyUpdate(doors: UpdateDoors, update: UpdateFile, who: Who, running?: InstalledVersion): Promise<{ readonly previous: InstalledVersion | undefined }> {
  const { installation, faults, signal } = doors;
  const { version, recordSchema } = update.manifest;
  installation.make();
  installation.assertOwn();
  const from = known(installation, running);
  let journal: UpdateJournal = { change: { ...who, what: 'apply', from: from?.version, to: version }, to: { version, recordSchema }, from };
  installation.note(journal);
  try {
    faults.reached('update:begun');
    const backup = await doors.backUp();
    if (from !== undefined) journal = { ...journal, from: { ...from, backup } };
    installation.note(journal);
    faults.reached('update:backed-up');
    rmSync(installation.unpacking, { recursive: true, force: true });
    await update.unpack(installation.unpacking, signal, (done) => {
      if (done === 1) faults.reached('update:unpacking');
    });
    faults.reached('update:unpacked');
    rmSync(installation.replaced, { recursive: true, force: true });
    journal = { ...journal, placing: { replaces: installation.has(version) } };
    installation.note(journal);
    if (installation.has(version)) renameSync(installation.folderOf(version), installation.replaced);
    faults.reached('update:placing');
    renameSync(installation.unpacking, installation.folderOf(version));
    await syncFolder(installation.versions);
    faults.reached('update:placed');
    await assertStarts(doors, update.manifest, from);
    faults.reached('update:tried');
    signal.throwIfAborted();
    await installation.point(version);
  } catch (thrown) {
    await undo(installation, journal);
    throw asImprintError(thrown);
  }
  faults.reached('update:switched');
  await finish(installation, journal);
  return { previous: journal.from };
}

/**
 * Back to the version that was there before the last update. It was kept whole, so nothing is unpacked.
 *
 * @throws ImprintError update-refused
 */
export async function rollBack({ installation, faults }: Pick<UpdateDoors, 'installation' | 'faults'>, who: Who): Promise<InstalledVersion> {
  const to = previousOf(installation);
  installation.assertOwn();
  const from = known(installation, undefined);
  const journal: UpdateJournal = { change: { ...who, what: 'roll-back', from: from?.version, to: to.version }, to: { version: to.version, recordSchema: to.recordSchema }, from };
  installation.note(journal);
  faults.reached('update:rolling-back');
  await installation.point(to.version);
  faults.reached('update:rolled-back');
  await finish(installation, journal);
  return to;
}

/** @throws ImprintError update-refused where there is none */
export function previousOf(installation: Installation): InstalledVersion {
  const { previous } = installation.state();
  if (previous === undefined || !installation.has(previous.version)) {
    throw new ImprintError('update-refused', 'There is no earlier version here to go back to.', { field: 'installation', expected: 'an update that was applied before, or --roll-back with the update file of an older version' });
  }
  return previous;
}

/** Ends or takes back what a killed process left. */
export async function recoverUpdate(installation: Installation): Promise<Recovered> {
  const journal = installation.journal();
  if (journal === undefined) return undefined;
  installation.assertOwn();
  const done = installation.installed() === journal.to.version;
  await (done ? finish(installation, journal) : undo(installation, journal));
  return { change: journal.change, ended: done ? 'done' : 'undone' };
}

function known(installation: Installation, running: InstalledVersion | undefined): InstalledVersion | undefined {
  const version = installation.installed();
  if (version === undefined) return undefined;
  const { current } = installation.state();
  if (current?.version === version) return { version, recordSchema: current.recordSchema };
  return running?.version === version ? { version, recordSchema: running.recordSchema } : { version };
}

/** The link leads to the new version. Done as often as it takes. */
async function finish(installation: Installation, { change, to, from }: UpdateJournal): Promise<void> {
  const { changes } = installation.state();
  // A kill may have come between these lines.
  const logged = changes.at(-1)?.at === change.at && changes.at(-1)?.to === change.to;
  installation.keep({ version: 1, current: to, ...(change.what === 'apply' && from !== undefined ? { previous: from } : {}), changes: logged ? changes : [...changes, change] });
  installation.prune([to.version, from?.version]);
  await installation.closeJournal();
}

/** The link leads to the version from before: what was brought goes, what it replaced comes back. */
async function undo(installation: Installation, { change, to, placing }: UpdateJournal): Promise<void> {
  rmSync(installation.unpacking, { recursive: true, force: true });
  if (change.what === 'apply' && placing !== undefined) {
    const aside = existsSync(installation.replaced);
    if (aside || !placing.replaces) rmSync(installation.folderOf(to.version), { recursive: true, force: true });
    if (aside) renameSync(installation.replaced, installation.folderOf(to.version));
    await syncFolder(installation.versions);
  }
  await installation.closeJournal();
}

/** A package that does not start on this computer must not become what is started. */
async function assertStarts({ versionOf, installation, takesSmoke }: UpdateDoors, { version, program }: UpdateManifest, from: InstalledVersion | undefined): Promise<void> {
  const programOf = (each: string): string => join(installation.folderOf(each), program);
  let said: string;
  try {
    said = await versionOf(programOf(version));
  } catch (thrown) {
    throw new ImprintError('update-refused', `Version ${version} does not start on this computer; nothing was changed: ${asImprintError(thrown).message}`, { field: 'program', expected: 'a package that starts here', cause: thrown });
  }
  const found = readVersionLine(said);
  if (found?.version !== version) throw new ImprintError('update-refused', `The program of this update says "${said.slice(0, 80)}" and not version ${version}; nothing was changed.`, { field: 'program', expected: `imprint ${version}` });
  if (!found.smoke) return;
  // SECURITY: a smoke package has a runtime that nobody vouches for and takes updates that anybody can sign, so no release becomes one.
  const refuse = (why: string): never => {
    throw new ImprintError('update-refused', `Version ${version} of this update is a smoke package, made to try out packages, and ${why}; nothing was changed.`, { field: 'program', expected: 'a release of Imprint' });
  };
  if (!takesSmoke) refuse('this station is a release');
  if (from === undefined) return;
  const before = await versionOf(programOf(from.version)).then(readVersionLine, () => undefined);
  if (before?.smoke !== true) refuse(`what is installed here, ${from.version}, is none`);
}
