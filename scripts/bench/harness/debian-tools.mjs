import { commandExists, installOrExplain } from '../../setup/debian-packages.mjs';

/**
 * Makes sure of the rivals and tools that only a bench uses: installs them where that takes no password, else says how.
 * @param {{command: string, package: string}[]} tools
 * @throws {Problem}
 */
export async function requireTools(tools) {
  const packages = [...new Set(tools.filter(({ command }) => !commandExists(command)).map((tool) => tool.package))];
  if (packages.length > 0) await installOrExplain(packages, (text) => process.stderr.write(`${text}\n`));
}
