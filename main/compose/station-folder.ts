import { join } from 'node:path';

/** Folders of one station. Practice and real stations never share one. */
export interface StationFolder {
  readonly root: string;
  readonly record: string;
  readonly images: string;
  readonly keyring: string;
  /** Nothing in it is of anybody's concern. */
  readonly practice: boolean;
}

export function stationFolder(dataFolder: string, practice: boolean): StationFolder {
  const root = join(dataFolder, practice ? 'practice' : 'station');
  return { root, record: join(root, 'record.sqlite'), images: join(root, 'images'), keyring: join(root, 'keyring'), practice };
}
