import { rm } from 'node:fs/promises';
import { ImprintError } from '../../domain/errors';
import { freePlace } from '../chosen-place';
import { diagnosticsFiles, writeBundle } from '../diagnostics/bundle';
import { collectDiagnostics } from '../diagnostics/collect';
import { loadProfile } from '../load-profile';
import { stationFolder } from '../open-station';
import { required, text, type Command } from './arguments';

/** `diagnostics -o FILE.zip [--profile P.json]`: what whoever helps with a station must know, and no secret. */
export const diagnosticsCommand: Command = async (context) => {
  const { dataFolder, output, values, signal } = context;
  const path = freePlace(required(context, 'output'), dataFolder);
  const profilePath = text(context, 'profile');
  const profile = profilePath === undefined ? undefined : loadProfile(profilePath).profile;
  const folder = stationFolder(dataFolder, values['practice'] === true);
  const now = new Date();
  const found = await collectDiagnostics({ dataFolder, folder, profile }, now, signal);
  const files = diagnosticsFiles(found);
  try {
    await writeBundle(files, path, now);
  } catch (thrown) {
    // Something that came there meanwhile is somebody's.
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) await rm(path, { force: true });
    throw new ImprintError('export-unwritable', `${path} cannot be written; nothing was left there.`, { field: '--output', expected: 'a new file in a folder that this user may write', cause: thrown });
  }
  const sentence = `The diagnostics are in ${path}: ${[...files.keys()].join(', ')}. They hold no secret; look through them before you give them away.`;
  output.emit({ event: 'result', path, files: [...files.keys()], state: found.health.state, sentence });
  output.print(sentence);
  return 0;
};
