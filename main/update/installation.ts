import { basename, dirname, join } from 'node:path';
import type { z } from 'zod';
import { installationSchema, updateJournalSchema, type InstallationState, type UpdateJournal } from '../contract/update-file';
import { ImprintError } from '../domain/errors';
import { plainFiles } from './plain-files';
import { syncFolder } from './update-file';

const { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync } = plainFiles;

const noState: InstallationState = { version: 1, changes: [] };
const keptChanges = 100;

/** Puts a text file in its place, whole or not at all, durable when it returns. */
export type PutFile = (path: string, text: string) => void;

/**
 * A folder with versions of the station beside each other, and a link to the one that is started:
 *
 *     versions/0.1.0/…   versions/0.2.0/…   current -> versions/0.2.0   installation.json
 *
 * It belongs to the user who installed it and needs no root.
 */
export class Installation {
  readonly root: string;
  readonly #put: PutFile;

  constructor(root: string, put: PutFile) {
    this.root = root;
    this.#put = put;
  }

  /** The root of the installation from which a program runs; undefined where it was installed in another way. */
  static rootOf(program: string): string | undefined {
    const versions = dirname(dirname(program));
    const root = dirname(versions);
    const link = lstatSync(join(root, 'current'), { throwIfNoEntry: false });
    return basename(versions) === 'versions' && link?.isSymbolicLink() === true ? root : undefined;
  }

  /** What is started, whichever version that is. */
  get program(): string {
    return join(this.root, 'current', 'imprint');
  }

  get versions(): string {
    return join(this.root, 'versions');
  }

  /** Where an update is unpacked before it is a version. */
  get unpacking(): string {
    return join(this.versions, '.unpacking');
  }

  /** Where a version waits that one of the same name takes the place of. */
  get replaced(): string {
    return join(this.versions, '.replaced');
  }

  folderOf(version: string): string {
    return join(this.versions, version);
  }

  has(version: string): boolean {
    return existsSync(this.folderOf(version));
  }

  /** The version that `current` leads to; undefined where nothing is installed yet. */
  installed(): string | undefined {
    try {
      return basename(readlinkSync(join(this.root, 'current')));
    } catch {
      return undefined;
    }
  }

  /**
   * SECURITY: whoever else may write there could put another program in the place of the one that was signed.
   *
   * @throws ImprintError update-refused
   */
  assertOwn(): void {
    for (const folder of [this.root, this.versions]) {
      const facts = lstatSync(folder);
      if (facts.uid !== process.getuid?.()) throw new ImprintError('update-refused', `${folder} belongs to another user, who alone may update it.`, { field: 'installation', expected: 'that user, or an installation of this user' });
      if (facts.isDirectory() && (facts.mode & 0o022) === 0) continue;
      throw new ImprintError('update-refused', `Other users may write ${folder}, so nothing that is started from there can be trusted.`, { field: 'installation', expected: 'a folder of this user that nobody else may write' });
    }
  }

  make(): void {
    mkdirSync(this.versions, { recursive: true, mode: 0o755 });
  }

  /** CRASH: the link is the old one or the new one, never none. */
  async point(version: string): Promise<void> {
    const next = join(this.root, '.current-next');
    rmSync(next, { force: true });
    symlinkSync(join('versions', version), next);
    renameSync(next, join(this.root, 'current'));
    await syncFolder(this.root);
  }

  state(): InstallationState {
    return this.#read('installation.json', installationSchema) ?? noState;
  }

  keep(state: InstallationState): void {
    this.#put(join(this.root, 'installation.json'), `${JSON.stringify({ ...state, changes: state.changes.slice(-keptChanges) }, undefined, 2)}\n`);
  }

  journal(): UpdateJournal | undefined {
    return this.#read('installation-journal.json', updateJournalSchema);
  }

  note(journal: UpdateJournal): void {
    this.#put(join(this.root, 'installation-journal.json'), `${JSON.stringify(journal)}\n`);
  }

  async closeJournal(): Promise<void> {
    rmSync(join(this.root, 'installation-journal.json'), { force: true });
    await syncFolder(this.root);
  }

  /** Removes every version but these. */
  prune(kept: readonly (string | undefined)[]): void {
    for (const name of readdirSync(this.versions)) if (!kept.includes(name)) rmSync(join(this.versions, name), { recursive: true, force: true });
  }

  #read<Schema extends z.ZodType>(name: string, schema: Schema): z.output<Schema> | undefined {
    const path = join(this.root, name);
    if (!existsSync(path)) return undefined;
    try {
      return schema.parse(JSON.parse(readFileSync(path, 'utf8')));
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'EACCES') throw new ImprintError('update-refused', `This user may not read ${path}: the installation belongs to another user, who alone may update it.`, { field: 'installation', expected: 'that user, or an installation of this user', cause: thrown });
      throw new ImprintError('update-refused', `The file ${path} is not as this station wrote it; nothing was changed.`, { field: 'installation', expected: 'an installation that only Imprint changes', cause: thrown });
    }
  }
}
