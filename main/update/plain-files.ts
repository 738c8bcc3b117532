import * as patched from 'node:fs';

/**
 * The filesystem as it is: Electron's own `fs` takes each file whose name ends in `.asar` for a folder, and would look into the
 * application's archive instead of copying it.
 */
export const plainFiles: typeof patched = originalFiles() ?? patched;

function originalFiles(): typeof patched | undefined {
  // There in Electron alone; a tool that bundles or checks this file elsewhere does not know the name.
  return process.getBuiltinModule('original-fs') as typeof patched | undefined;
}
