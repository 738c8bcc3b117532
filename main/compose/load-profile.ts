import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { profileSchema, readProfile } from '../contract/profile-file';
import { ImprintError } from '../domain/errors';
import type { Profile } from '../domain/profile';
import type { LoadedProfile } from '../station/station';
import { readScanPattern } from './scan-patterns';
import { servers } from './servers';

/** Reads and checks a profile file. @throws ImprintError profile-unreadable, profile-invalid */
export function loadProfile(path: string): LoadedProfile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (thrown) {
    throw new ImprintError('profile-unreadable', `The profile ${path} cannot be read.`, { field: 'profile', expected: 'a JSON file', cause: thrown });
  }
  const folder = dirname(resolve(path));
  return loadedProfile(
    readProfile(text, {
      serverKinds: servers,
      resolvePath: (relative) => resolve(folder, relative),
      readPattern: readScanPattern,
      readText: (file) => readFileSync(file, 'utf8'),
    }),
  );
}

/** A profile with the hash by which the record names it. */
export function loadedProfile(profile: Profile): LoadedProfile {
  const json = JSON.stringify(profile);
  return { profile, json, sha256: createHash('sha256').update(json).digest('hex') };
}

/** A profile that the record kept. @throws ImprintError record-corrupt */
export function readKeptProfile(json: string): Profile {
  const parsed = profileSchema.safeParse(JSON.parse(json));
  if (!parsed.success) throw new ImprintError('record-corrupt', 'A profile in the record is not as it was written.', { cause: parsed.error });
  return parsed.data;
}
