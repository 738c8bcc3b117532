import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setup } from './setup.mjs';
import { commandExists } from './setup/debian-packages.mjs';
import { withLock } from './support/lock.mjs';
import { cacheFolder } from './support/paths.mjs';
import { Problem, runMain } from './support/problem.mjs';
import { endingChildrenOnSignals, run } from './support/run.mjs';
import { runVitest } from './vitest.mjs';

const folder = join(cacheFolder, 'device-client');
const runPrefix = 'run-';

/**
 * Debian's package of the Mender client, unpacked and not installed: nothing of it runs on this computer unless we start it.
 * @returns {Promise<string>} the folder that stands for `/`
 */
async function unpackedClient(say) {
  const policy = await run('apt-cache', ['policy', 'mender-client'], { env: { ...process.env, LC_ALL: 'C' } });
  const version = /Candidate: (\d\S*)/.exec(policy.output)?.[1];
  if (version === undefined) throw new Problem('No package source of this system has mender-client; Debian 12 has it (run `apt-get update` where it does not show).');
  const unpacked = join(folder, version);
  if (existsSync(unpacked)) return unpacked;
  say(`Fetching mender-client ${version} …`);
  const work = mkdtempSync(join(folder, 'fetch-'));
  try {
    const fetched = await run('env', ['-C', work, 'apt-get', '-q', 'download', `mender-client=${version}`]);
    const file = readdirSync(work).find((name) => name.endsWith('.deb'));
    if (fetched.code !== 0 || file === undefined) throw new Problem(`${fetched.output.trim()}\nThe package mender-client could not be fetched.`);
    const extracted = await run('dpkg-deb', ['--extract', join(work, file), join(work, 'root')]);
    if (extracted.code !== 0) throw new Problem(`${extracted.output.trim()}\nThe package mender-client could not be unpacked.`);
    // CRASH: under its own name only when it is whole.
    renameSync(join(work, 'root'), unpacked);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  const loads = await run(join(unpacked, 'usr/bin/mender'), ['--version']);
  if (loads.code !== 0) {
    rmSync(unpacked, { recursive: true, force: true });
    throw new Problem(`${loads.output.trim()}\nThe client does not start here; it needs Debian's libglib2.0-0, liblzma5 and libssl3.`);
  }
  return unpacked;
}

function requirePrivileges() {
  if (process.getuid() !== 0) throw new Problem('A board needs mounts and loop devices of its own: run this as root.');
  const missing = [['unshare', 'util-linux'], ['setpriv', 'util-linux'], ['losetup', 'mount'], ['dpkg-deb', 'dpkg']].filter(([command]) => !commandExists(command));
  if (missing.length > 0) throw new Problem(`Missing: ${missing.map(([command, name]) => `${command} (Debian: ${name})`).join(', ')}.`);
}

async function testDeviceClient(filters) {
  const say = (text) => process.stderr.write(`${text}\n`);
  requirePrivileges();
  await setup({ quiet: true, tests: true });
  mkdirSync(folder, { recursive: true });
  // CRASH: what a run that was killed left behind: folders only, its boards ended with it.
  for (const old of readdirSync(folder).filter((name) => name.startsWith(runPrefix) || name.startsWith('fetch-'))) rmSync(join(folder, old), { recursive: true, force: true });
  const client = await unpackedClient(say);
  const runFolder = mkdtempSync(join(folder, runPrefix));
  const remove = () => rmSync(runFolder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    return await runVitest(['--config', 'tests/device/vitest.config.ts', '--reporter=verbose', ...filters], { ...process.env, IMPRINT_DEVICE_FOLDER: runFolder, IMPRINT_MENDER_CLIENT: client });
  } finally {
    process.removeListener('exit', remove);
    remove();
  }
}

await runMain(() => {
  const wait = () => process.stderr.write('Another run with the device client goes on in this checkout; waiting for its end …\n');
  return endingChildrenOnSignals(() => withLock(join(cacheFolder, 'device-client.lock'), wait, () => testDeviceClient(process.argv.slice(2))));
});
