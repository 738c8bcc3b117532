import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { ImprintError } from '../domain/errors';

/**
 * Refuses a place that a person chose for something that is handed out, where it is taken or the station's own.
 *
 * SECURITY: whoever may only look chooses such places too. In the station's folders a file of any name could stop the bench or
 * take a setting's place, and what is there already is somebody's.
 *
 * @param dataFolder of the station, with all that is in it
 * @returns the place with its links resolved. @throws ImprintError export-unwritable
 */
export function freePlace(place: string, dataFolder: string): string {
  const folder = real(dirname(resolve(place)));
  if (folder === undefined) throw unwritable(place, 'the folder that it shall be in is not there');
  const own = real(dataFolder) ?? resolve(dataFolder);
  if (folder === own || folder.startsWith(`${own}${sep}`)) throw unwritable(place, 'that folder is the station’s own');
  const path = join(folder, basename(place));
  if (existsSync(path)) throw unwritable(place, 'something is there already, and nothing is replaced');
  return path;
}

/**
 * Asks a person for a place.
 *
 * SECURITY: the system's dialog stays open where the window locks meanwhile. Whoever answers it then is not the one who was
 * asked, and may be nobody.
 *
 * @returns undefined where the person closed the question. @throws ImprintError sign-in-needed
 */
export async function askedOf(station: { readonly operator: string }, choosePlace: () => Promise<string | undefined>): Promise<string | undefined> {
  const { operator } = station;
  const chosen = await choosePlace();
  if (station.operator !== operator) throw new ImprintError('sign-in-needed', 'The window was locked meanwhile: nothing was written. Sign in, and ask for it again.');
  return chosen;
}

function real(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function unwritable(place: string, reason: string): ImprintError {
  return new ImprintError('export-unwritable', `${place} cannot be written: ${reason}.`, { field: '--to', expected: 'a place outside of the station’s folders that is not there yet' });
}
