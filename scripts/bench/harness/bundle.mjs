import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inRoot } from '../../support/paths.mjs';

const moduleUrl = "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;";

/**
 * Bundles a script for the Electron runtime as the application's own processes are: CommonJS, npm packages outside.
 * @returns {Promise<string>} path of the bundle
 */
export async function bundleForElectron(folder, ...source) {
  const outfile = join(folder, `${basename(source.at(-1)).replace(/\.\w+$/, '')}.cjs`);
  const { build } = await import('esbuild');
  await build({
    entryPoints: [inRoot(...source)], outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node24', packages: 'external', logLevel: 'error',
    define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename', 'import.meta.url': '__moduleUrl' },
    banner: { js: moduleUrl },
  });
  return outfile;
}

/** Loads a TypeScript module of the repository into this process. */
export async function importTypeScript(folder, ...source) {
  const outfile = join(folder, `${basename(source.at(-1), '.ts')}.mjs`);
  const { build } = await import('esbuild');
  await build({ entryPoints: [inRoot(...source)], outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', packages: 'external', logLevel: 'error' });
  return import(pathToFileURL(outfile).href);
}
