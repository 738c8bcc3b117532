import { join } from 'node:path';
import { loadProfile } from '../load-profile';
import { openStation, stationFolder, type OpenStation } from '../open-station';
import { Keyring, stationSecrets, type AskForSecret } from '../secrets';
import { recover } from '../../station/recover';
import type { LoadedProfile } from '../../station/station';
import { required, text, type CommandContext } from './arguments';
import { readHidden } from './hidden-input';

/** Opens the real station of the data folder for one command, and closes it afterwards. */
export async function withStation<T>(context: CommandContext, use: (open: OpenStation) => Promise<T>): Promise<T> {
  const folder = stationFolder(context.dataFolder, context.values['practice'] === true);
  const secrets = stationSecrets(new Keyring(join(folder.root, 'keyring')), askOnTerminal(context.signal));
  const open = openStation(folder, secrets, text(context, 'operator'));
  try {
    return await use(open);
  } finally {
    await open.close();
  }
}

export function profileOf(context: CommandContext): LoadedProfile {
  return loadProfile(required(context, 'profile'));
}

/** Ends what an earlier, killed process left behind, and says so. */
export async function recoverFirst(context: CommandContext, { station }: OpenStation): Promise<void> {
  for (const report of await recover(station, context.signal)) {
    context.output.emit({ event: 'notice', sentence: `Found an interrupted job of ${Object.values(report.identity).join(', ')}: ${report.sentence}` });
  }
}

/** Tells what the person must know about this computer before a key is made on it. */
export async function warnings(context: CommandContext, { station }: OpenStation): Promise<void> {
  const { warning } = await station.custody.status();
  if (warning !== undefined) context.output.emit({ event: 'warning', sentence: warning });
}

/** Where nobody sits at a terminal, nobody is asked. */
const askOnTerminal =
  (signal: AbortSignal): AskForSecret =>
  async (name) => {
    if (!process.stdin.isTTY) return undefined;
    const value = await readHidden(name, process.stdin, process.stderr, signal);
    return value === undefined ? undefined : { value, keep: false };
  };
