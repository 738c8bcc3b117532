import { join } from 'node:path';
import { readBatch } from '../../domain/batches';
import { asImprintError } from '../../domain/errors';
import { describeIdentity } from '../../domain/identity';
import type { Profile } from '../../domain/profile';
import { finishActions } from '../../station/administration';
import { recover } from '../../station/recover';
import { serverKindOf, type LoadedProfile, type Station } from '../../station/station';
import { loadProfile } from '../load-profile';
import type { LogKeeper } from '../log-keeper';
import { openStation, type OpenStation } from '../open-station';
import { stationFolder } from '../station-folder';
import { Keyring, stationSecrets, type AskForSecret } from '../secrets';
import { required, text, type CommandContext } from './arguments';
import { readHidden } from './hidden-input';

/** Opens the real station of the data folder for one command, and closes it afterwards. */
export async function withStation<T>(context: CommandContext, use: (open: OpenStation) => Promise<T>): Promise<T> {
  const folder = stationFolder(context.dataFolder, context.values['practice'] === true);
  const secrets = stationSecrets(new Keyring(join(folder.root, 'keyring')), askOnTerminal(context.signal));
  const open = openStation(folder, secrets, () => context.who);
  try {
    return await use(open);
  } finally {
    await open.close();
  }
}

/** @throws ImprintError usage */
export function batchOf(context: CommandContext): string | undefined {
  const batch = text(context, 'batch');
  return batch === undefined ? undefined : readBatch(batch);
}

export function profileOf(context: CommandContext): LoadedProfile {
  return loadProfile(required(context, 'profile'));
}

/** Ends what an earlier, killed process left behind, and says so. A server that is away keeps its own for later. */
export async function recoverFirst(context: CommandContext, { station }: OpenStation, profile: Profile): Promise<void> {
  for (const report of await recover(station, context.signal)) {
    context.output.emit({ event: 'notice', sentence: `Found an interrupted job of ${Object.values(report.identity).join(', ')}: ${report.sentence}` });
  }
  try {
    for (const action of await finishActions(station, profile, context.signal)) {
      context.output.emit({ event: 'notice', sentence: `Found an interrupted action (${action.action}) on ${describeIdentity(action.identity)}: ${action.sentence ?? action.state}` });
    }
  } catch (thrown) {
    context.output.emit({ event: 'warning', sentence: `An interrupted action at the server could not be ended: ${asImprintError(thrown).message}` });
  }
}

/** Tells what the person must know about this computer and this profile before a key is made. @throws ImprintError log-broken */
export async function warnings(context: CommandContext, { station, keeper }: OpenStation, profile: Profile): Promise<void> {
  const { warning } = await station.custody.status();
  const ofServer = serverKindOf(station, profile).warnings?.(profile.server) ?? [];
  for (const sentence of [...(warning === undefined ? [] : [warning]), ...ofServer]) context.output.emit({ event: 'warning', sentence });
  await checkFirst(context, station, keeper);
  for (const sentence of keeper.warnings()) context.output.emit({ event: 'warning', sentence });
}

/** Checked within a second or two; a longer log is checked beside the work, and stops the next command. */
const checkedAtOnce = 20_000;

async function checkFirst({ signal }: CommandContext, { log }: Station, keeper: LogKeeper): Promise<void> {
  // Where the key cannot be had the device is made all the same: its entries are signed for when it is there again.
  await keeper.signer().catch((thrown: unknown) => {
    if (asImprintError(thrown).code !== 'credential-missing') throw thrown;
  });
  const check = keeper.check(() => undefined, signal);
  if ((await log.head()).size <= checkedAtOnce) await check;
  else void check.catch(() => undefined);
  keeper.assertSound();
}

/** Where nobody sits at a terminal, nobody is asked. */
const askOnTerminal =
  (signal: AbortSignal): AskForSecret =>
  async (name) => {
    if (!process.stdin.isTTY) return undefined;
    const value = await readHidden(name, process.stdin, process.stderr, signal);
    return value === undefined ? undefined : { value, keep: false };
  };
