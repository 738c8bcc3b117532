import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { installOrExplain } from '../../setup/debian-packages.mjs';
import { hashFiles, readJson, writeFileAtomic } from '../../support/files.mjs';
import { withLock } from '../../support/lock.mjs';
import { cacheFolder, inRoot } from '../../support/paths.mjs';
import { Problem } from '../../support/problem.mjs';
import { run } from '../../support/run.mjs';

const folder = join(cacheFolder, 'bench', 'etcher-sdk');
const directIo = join(folder, 'node_modules', '@ronomon', 'direct-io');

const manifest = {
  name: 'rival-etcher-sdk',
  private: true,
  dependencies: { 'etcher-sdk': '10.2.15' },
  // It asks for a fork of this by git. Only bzip2 images are read with it, which this bench does not have.
  overrides: { 'unbzip2-stream': '1.4.3' },
};

/**
 * The SDK that balenaEtcher writes with, in a folder of its own that git ignores. No package's script runs; of the native parts, hashing
 * (xxhash-addon) comes with its build, and @ronomon/direct-io, whose aligned buffers it writes from, is compiled here from its source.
 * @returns {Promise<{folder: string, version: string}>}
 */
export async function etcherSdk(say) {
  const stamp = join(folder, 'installed.json');
  const wanted = hashFiles([], JSON.stringify(manifest), process.arch, process.versions.modules);
  await withLock(join(cacheFolder, 'bench', 'etcher-sdk.lock'), () => say('Waiting for another installation …'), async () => {
    if (readJson(stamp)?.wanted === wanted) return;
    say(`Installing etcher-sdk ${manifest.dependencies['etcher-sdk']} beside the repository's own packages …`);
    mkdirSync(folder, { recursive: true });
    writeFileAtomic(join(folder, 'package.json'), JSON.stringify(manifest));
    const { code, output } = await run('npm', ['install', '--prefix', folder, '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', '--loglevel=error']);
    if (code !== 0) throw new Problem(`etcher-sdk could not be installed:\n${output.trim()}`);
    await compileDirectIo(say);
    writeFileAtomic(stamp, JSON.stringify({ wanted }));
  });
  return { folder, version: readJson(join(folder, 'node_modules', 'etcher-sdk', 'package.json')).version };
}

async function compileDirectIo(say) {
  const headers = ['/usr/include/node', '/usr/include'];
  if (!headers.some((each) => existsSync(join(each, 'uv.h')))) await installOrExplain(['libuv1-dev'], say);
  const include = [inRoot('node_modules', 'node-api-headers', 'include'), ...headers.filter((each) => existsSync(join(each, 'uv.h')))];
  const { code, output } = await run('cc', ['-w', '-shared', '-fPIC', '-O2', ...include.flatMap((each) => ['-I', each]), '-o', join(directIo, 'binding.node'), join(directIo, 'binding.c')]);
  if (code !== 0) throw new Problem(`@ronomon/direct-io does not compile:\n${output.trim()}`);
}
