import { rm } from 'node:fs/promises';
import { ImprintError } from '../../domain/errors';
import { freePlace } from '../chosen-place';
import { diagnosticsFiles, writeBundle } from './bundle';
import { collectDiagnostics, type CollectRequest } from './collect';

export interface SavedDiagnostics {
  readonly path: string;
  readonly files: readonly string[];
  readonly state: string;
  readonly sentence: string;
}

/** Writes a bundle to a place that a person chose. @throws ImprintError export-unwritable: nothing was left there */
export async function saveDiagnostics(request: CollectRequest, place: string, now: Date, signal: AbortSignal): Promise<SavedDiagnostics> {
  const path = freePlace(place, request.dataFolder);
  const found = await collectDiagnostics(request, now, signal);
  const files = diagnosticsFiles(found);
  try {
    await writeBundle(files, path, now);
  } catch (thrown) {
    // Something that came there meanwhile is somebody's.
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) await rm(path, { force: true });
    throw new ImprintError('export-unwritable', `${path} cannot be written; nothing was left there.`, { field: '--output', expected: 'a new file in a folder that this user may write', cause: thrown });
  }
  const names = [...files.keys()];
  return { path, files: names, state: found.health.state, sentence: `The diagnostics are in ${path}: ${names.join(', ')}. They hold no secret; look through them before you give them away.` };
}
