import { saveDiagnostics } from '../diagnostics/save';
import { loadProfile } from '../load-profile';
import { stationFolder } from '../station-folder';
import { required, text, type Command } from './arguments';

/** `diagnostics -o FILE.zip [--profile P.json]`: what whoever helps with a station must know, and no secret. */
export const diagnosticsCommand: Command = async (context) => {
  const { dataFolder, output, values, signal } = context;
  const place = required(context, 'output');
  const profilePath = text(context, 'profile');
  const profile = profilePath === undefined ? undefined : loadProfile(profilePath).profile;
  const saved = await saveDiagnostics({ dataFolder, folder: stationFolder(dataFolder, values['practice'] === true), profile }, place, new Date(), signal);
  output.emit({ event: 'result', ...saved });
  output.print(saved.sentence);
  return 0;
};
