import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Problem } from '../../support/problem.mjs';
import { run } from '../../support/run.mjs';
import { toolEnvironment } from './process.mjs';

/**
 * Makes sure of the rivals and tools that only a bench uses: installs them where it runs as root, else says how.
 * @param {{command: string, package: string}[]} tools
 * @throws {Problem}
 */
export async function requireTools(tools) {
  const packages = [...new Set(tools.filter(({ command }) => !isInstalled(command)).map((tool) => tool.package))];
  if (packages.length === 0) return;
  const command = `apt-get install --no-install-recommends ${packages.join(' ')}`;
  if (process.getuid?.() !== 0) throw new Problem(`This bench needs Debian packages that are missing. Run this once, then start again:\n  sudo ${command}`);
  process.stderr.write(`Installing Debian packages: ${packages.join(' ')} …\n`);
  const apt = (...args) => run('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=120', ...args], { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } });
  await apt('update');
  const { code, output } = await apt('install', '-y', '--no-install-recommends', ...packages);
  if (code !== 0) throw new Problem(`${output.trim()}\nThe Debian packages could not be installed. Try it by hand:\n  ${command}`);
}

const isInstalled = (command) =>
  toolEnvironment.PATH.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
