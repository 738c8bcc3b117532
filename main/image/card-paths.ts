import { ImprintError } from '../domain/errors';

/**
 * The names of an absolute path inside a filesystem: `/mender/key.pem` → `mender`, `key.pem`.
 *
 * @throws ImprintError profile-invalid where it is not absolute, names a folder, or has `.` or `..` in it
 */
export function pathSegments(path: string): { readonly folders: readonly string[]; readonly name: string } {
  const segments = path.split('/').slice(1);
  const name = segments.at(-1);
  if (!path.startsWith('/') || name === undefined || path.includes('\0') || segments.some((segment) => segment === '' || segment === '.' || segment === '..')) {
    throw new ImprintError('profile-invalid', `"${path}" is not a path of a file inside a partition.`, { field: 'files.path', expected: 'an absolute path such as /mender/mender-agent.pem' });
  }
  return { folders: segments.slice(0, -1), name };
}
