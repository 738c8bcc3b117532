import { join } from 'node:path';
import { app } from 'electron';
import { asImprintError, ImprintError } from '../../domain/errors';
import { shellWord } from '../../domain/health';
import { assertMay } from '../../domain/roles';
import { describeBytes } from '../../domain/targets';
import { bringingRefusals, unpackedBytes, updateRefusals, type InstalledVersion, type UpdateManifest } from '../../domain/update';
import { applyUpdate, previousOf, recoverUpdate, rollBack, type Recovered } from '../../update/apply';
import type { Installation } from '../../update/installation';
import { UpdateFile } from '../../update/update-file';
import { faultPoints } from '../fault-points';
import { lockFolder } from '../folder-lock';
import { loadProfile } from '../load-profile';
import { stationFolder } from '../station-folder';
import { removeFetched } from '../update-feed';
import { assertIdle, backUpBefore, installationHere, runningVersion, situation, takesSmoke, updateKeys, versionOf } from '../update-station';
import { text, usage, type Command, type CommandContext } from './arguments';
import { fetchFromFeed, lookAtFeed, requiredFetched } from './update-feed';

const words = ['status', 'check', 'feed', 'fetch', 'apply', 'roll-back'];

/** `update [status]`, `update check FILE`, `update feed`, `update fetch`, `update apply [FILE]`, `update roll-back`: signed updates from a stick, a share or the factory's feed. */
export const updateCommand: Command = async (context) => {
  const [word = 'status', ...rest] = context.positionals;
  const fits = word === 'check' ? rest.length === 1 : word === 'apply' ? rest.length <= 1 : rest.length === 0;
  if (!words.includes(word) || !fits) throw usage('That is no way to update.', 'update status, update check FILE, update feed, update fetch, update apply [FILE] or update roll-back');
  if (text(context, 'override')?.trim() === '') throw usage('An override needs its reason.', '--override "why it is right all the same"');
  if (word === 'status') return status(context);
  if (word === 'check') return check(context, rest[0] ?? '');
  if (word === 'feed') return lookAtFeed(context, installedHere(context));
  assertMay(context.who.role, 'update');
  if (word === 'fetch') return fetchFromFeed(context, installedHere(context));
  const installation = installationHere(text(context, 'install'));
  const lock = await lockFolder('update', installation.root);
  if (lock === undefined) throw new ImprintError('slot-busy', 'Another command changes the version of this installation: wait until it has ended.', { field: '--install' });
  try {
    const recovered = await recoverFirst(context, installation);
    return await (word === 'apply' ? apply(context, installation, rest[0]) : goBack(context, installation, recovered));
  } finally {
    lock.close();
  }
};

function status(context: CommandContext): number {
  const { output } = context;
  const running = runningVersion();
  const { installation, otherwise } = lookedAt(context);
  const installed = installation?.installed();
  const { previous, changes = [] } = installation?.state() ?? {};
  const trusts = updateKeys().map((key) => key.split('+')[0] ?? '');
  output.emit({ event: 'result', running, installation: installation?.root, installed, previous, changes, unfinished: installation?.journal()?.change, trusts });
  output.print(`This is Imprint ${running.version}; it brings records to schema ${String(running.recordSchema)}.`);
  if (installation === undefined) output.print(otherwise);
  else output.print(`Installed in ${installation.root}: ${installed ?? 'nothing yet'}${previous === undefined ? '' : `, before it ${previous.version}`}.`);
  output.print(trusts.length === 0 ? 'It knows no publisher, so it takes no updates.' : `It takes updates that are signed by ${trusts.join(' or ')}.`);
  if (installation?.journal() !== undefined) output.print('A change was interrupted: "imprint update roll-back" or the same "imprint update apply" puts it in order.');
  return 0;
}

/** The installation to look at, or how this program is updated where it does not lie in one. */
function lookedAt(context: CommandContext): { readonly installation: Installation | undefined; readonly otherwise: string } {
  try {
    return { installation: installationHere(text(context, 'install')), otherwise: '' };
  } catch (thrown) {
    return { installation: undefined, otherwise: asImprintError(thrown).message };
  }
}

/** The version that a feed is compared with. */
function installedHere(context: CommandContext): string {
  return lookedAt(context).installation?.installed() ?? runningVersion().version;
}

async function check(context: CommandContext, path: string): Promise<number> {
  const { output, signal } = context;
  const update = await UpdateFile.open(path, updateKeys());
  try {
    await update.check(signal);
    const { installation, otherwise } = lookedAt(context);
    const asked = await situation(folderOf(context), installation, wish(context), new Date());
    const refusals = updateRefusals(update.manifest, { ...asked, installed: asked.installed ?? (installation === undefined ? runningVersion().version : undefined) });
    const brought = facts(update.manifest);
    output.emit({ event: 'result', ...brought, signedBy: update.signedBy, installed: asked.installed, refusals: refusals.map((refusal) => refusal.toReport()) });
    output.print(`Imprint ${brought.version}, ${brought.files} files, ${describeBytes(brought.bytes)}, signed by ${update.signedBy}; every file is as it was signed.`);
    for (const refusal of refusals) output.emit({ event: 'warning', sentence: refusal.message });
    if (refusals.length === 0) output.print(installation === undefined ? `It fits. ${otherwise}` : 'It can be applied here.');
    return refusals[0]?.exitCode ?? 0;
  } finally {
    update.close();
  }
}

async function apply(context: CommandContext, installation: Installation, named: string | undefined): Promise<number> {
  const { output, signal, who } = context;
  const folder = folderOf(context);
  const path = named ?? requiredFetched(folder);
  const update = await UpdateFile.open(path, updateKeys());
  try {
    const { version } = update.manifest;
    const now = new Date();
    const asked = await situation(folder, installation, wish(context), now);
    const [refusal] = updateRefusals(update.manifest, asked);
    if (refusal !== undefined) throw refusal;
    // Everything is read before anything is written.
    await update.check(signal);
    await assertIdle(folder);
    output.emit({ event: 'notice', sentence: `Imprint ${version} is sound; the record is backed up, then the version is unpacked and tried.` });
    const { previous } = await applyUpdate(
      { installation, faults: faultPoints(app.isPackaged), backUp: () => backUpBefore(folder, version, now, signal), versionOf, takesSmoke, signal },
      update,
      { at: now.toISOString(), by: who.operator, override: asked.override },
      runningVersion(),
    );
    if (named === undefined) removeFetched(folder);
    const started = startedBy(installation);
    const kept = previous === undefined ? '' : ` ${previous.version} stays beside it for "${started} update roll-back".`;
    const backup = previous?.backup === undefined ? '' : ` The record from before is in ${previous.backup}.`;
    const sentence = `Imprint ${version} is what ${started} starts from now on.${kept}${backup}`;
    output.emit({ event: 'result', ...facts(update.manifest), signedBy: update.signedBy, previous, installation: installation.root, sentence });
    output.print(sentence);
    return 0;
  } finally {
    update.close();
  }
}

async function goBack(context: CommandContext, installation: Installation, recovered: Recovered): Promise<number> {
  const { output, who } = context;
  const folder = folderOf(context);
  const now = new Date();
  const asked = await situation(folder, installation, wish(context), now);
  const backup = installation.state().previous?.backup;
  const to = isBack(recovered) ? (installation.state().current ?? { version: installation.installed() ?? '' }) : await rolledBack();
  const started = startedBy(installation);
  const newer = asked.recordSchema !== undefined && to.recordSchema !== undefined && asked.recordSchema > to.recordSchema;
  const restore = newer ? ` It cannot read the record as it is now: run "${started} restore --from ${shellWord(backup ?? join(folder.root, 'backups/RECORD'))} --override REASON"; what was made since is missing in it.` : '';
  const sentence = `Imprint ${to.version} is what ${started} starts from now on.${restore}`;
  output.emit({ event: 'result', version: to.version, recordSchema: to.recordSchema, backup, mustRestore: newer, installation: installation.root, sentence });
  output.print(sentence);
  return 0;

  async function rolledBack(): Promise<InstalledVersion> {
    const [refusal] = bringingRefusals(previousOf(installation), asked);
    if (refusal !== undefined) throw refusal;
    await assertIdle(folder);
    return rollBack({ installation, faults: faultPoints(app.isPackaged) }, { at: now.toISOString(), by: who.operator, override: asked.override });
  }
}

async function recoverFirst({ output }: CommandContext, installation: Installation): Promise<Recovered> {
  const recovered = await recoverUpdate(installation);
  if (recovered === undefined) return undefined;
  const { change, ended } = recovered;
  output.emit({ event: 'notice', sentence: `Found an interrupted ${change.what === 'apply' ? 'update' : 'way back'} to ${change.to}: it ${ended === 'done' ? 'was as good as done and is ended' : 'was taken back, and nothing of it is left'}.` });
  return recovered;
}

/** Whether the version from before is there again once an interrupted change is in order: going back further is nobody's wish. */
const isBack = (recovered: Recovered): boolean => recovered !== undefined && (recovered.change.what === 'apply') === (recovered.ended === 'undone');

/** To be typed as it stands: the command "imprint" may be another installation's, or none. */
const startedBy = ({ program }: Installation): string => shellWord(program);

function wish(context: CommandContext): Parameters<typeof situation>[2] {
  const path = text(context, 'profile');
  return { profile: path === undefined ? undefined : loadProfile(path).profile, rollBack: context.values['roll-back'] === true, override: text(context, 'override') };
}

const folderOf = ({ dataFolder }: CommandContext): ReturnType<typeof stationFolder> => stationFolder(dataFolder, false);

function facts(manifest: UpdateManifest) {
  const { version, from, recordSchema, target, madeAt, files } = manifest;
  return { version, from, recordSchema, target, madeAt, files: files.length, bytes: unpackedBytes(manifest) };
}
