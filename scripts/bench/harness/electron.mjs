import { findElectron, unofficialNotice } from '../../setup/electron-runtime.mjs';
import { setup } from '../../setup.mjs';
import { measureProcess } from './process.mjs';

/**
 * The runtime that the application has, to be started as plain Node.
 * @returns {Promise<{path: string, env: NodeJS.ProcessEnv, description: string}>}
 */
export async function electronAsNode() {
  await setup({ quiet: true, bundles: false });
  const electron = findElectron();
  const notice = unofficialNotice(electron);
  if (notice !== undefined) process.stderr.write(`${notice}\n`);
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  delete env.NODE_OPTIONS;
  const { output } = await measureProcess(electron.path, ['-p', 'process.versions.node'], env);
  const node = /^\d+\.\d+\.\d+$/m.exec(output)?.[0] ?? 'unknown';
  return { path: electron.path, env, description: `${electron.version} as Node ${node}${electron.official ? '' : ' (unofficial development runtime)'}` };
}
