import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { loadProfile } from '../load-profile';
import { openStation, stationFolder, type OpenStation } from '../open-station';
import { Keyring, stationSecrets, type AskForSecret } from '../secrets';
import { recover } from '../../station/recover';
import type { LoadedProfile } from '../../station/station';
import { required, text, type CommandContext } from './arguments';

/** Opens the real station of the data folder for one command, and closes it afterwards. */
export async function withStation<T>(context: CommandContext, use: (open: OpenStation) => Promise<T>): Promise<T> {
  const folder = stationFolder(context.dataFolder, context.values['practice'] === true);
  const secrets = stationSecrets(new Keyring(join(folder.root, 'keyring')), askOnTerminal);
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

/** Asks without showing what is typed. */
const askOnTerminal: AskForSecret = async (name) => {
  if (!process.stdin.isTTY) return undefined;
  process.stderr.write(`${name}: `);
  const lines = createInterface({ input: process.stdin, terminal: false });
  process.stdin.setRawMode(false);
  try {
    const value = await new Promise<string | undefined>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => {
        resolve(undefined);
      });
    });
    return value === undefined ? undefined : { value, keep: false };
  } finally {
    lines.close();
  }
};
