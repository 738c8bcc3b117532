import { stat } from 'node:fs/promises';

/**
 * What tells a file from what it was: size, time of the last change in nanoseconds, inode.
 *
 * @returns undefined where there is no regular file
 */
export async function stampOf(path: string): Promise<string | undefined> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats?.isFile() === true ? `${String(stats.size)}:${String(stats.mtimeNs)}:${String(stats.ino)}` : undefined;
}
