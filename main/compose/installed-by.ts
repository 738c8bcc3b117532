/** How this program came onto this computer: that decides how it is updated, and what gives its users their rights. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { app } from 'electron';
import type { InstalledBy } from '../domain/health';
import { Installation } from '../update/installation';

/** Where the Debian package puts it (scripts/package/deb.mjs). */
const ofDebianPackage = '/opt/imprint/imprint';

export function installedBy(): InstalledBy {
  if (!app.isPackaged) return { by: 'checkout' };
  const program = realpathSync(process.execPath);
  if (program === ofDebianPackage) return { by: 'dpkg' };
  const root = Installation.rootOf(program);
  return { by: 'folder', rights: join(root === undefined ? dirname(program) : join(root, 'current'), 'resources/rights/install-rights') };
}
