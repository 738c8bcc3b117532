import { createHash, createPrivateKey } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, lstatSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { sourceVersion } from '../build.mjs';
import { recordSchema, SMOKE_SUFFIX } from '../package/facts.mjs';
import { readJson, writeFileAtomic } from '../support/files.mjs';
import { Problem, runMain } from '../support/problem.mjs';
import { developmentKey, developmentName, releaseName, signedNote } from './keys.mjs';

const usage = `npm run update:make -- --package DIR --from VERSION --out FILE (--key FILE.pem | --development)
  --package DIR   the unpacked application, as it shall lie at the station
  --from VERSION  the oldest version that it can follow
  --feed          besides, the list that a feed of updates has (latest-linux.yml), beside FILE
  --program NAME  what is started in it (default: imprint)
  --version V, --architecture A, --platform P, --record-schema N  (default: what the package says of itself, else those of this checkout and computer)`;

/** As main/update/update-file.ts reads it. */
const largestNote = 256 * 1024;

async function filesBelow(folder) {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await filesBelow(path)));
    else if (entry.isFile()) found.push(path);
    else throw new Problem(`${path} is neither a file nor a folder; an update has no links.`);
  }
  return found.sort();
}

async function sha256Of(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** @throws {Problem} */
function keyOf(path) {
  try {
    return createPrivateKey(readFileSync(path));
  } catch (error) {
    throw new Problem(`${path} is no private key that can be read (${error.code}): npm run update:key makes one.`);
  }
}

/** What a package says of itself (scripts/package.mjs); nothing where another tool has made it. */
function factsOf(folder) {
  const { version, recordSchema: schema } = readJson(join(folder, 'resources', 'build.json')) ?? {};
  const smoke = version?.endsWith(SMOKE_SUFFIX) === true;
  return { version: smoke ? version.slice(0, -SMOKE_SUFFIX.length) : version, schema, smoke };
}

/** @throws {Problem} for what no station would take */
function assertFits(folder, values, facts, files) {
  if (facts.version !== undefined && (values.version ?? facts.version) !== facts.version) throw new Problem(`${folder} is version ${facts.version}, and not ${values.version}.`);
  // SECURITY: a release that trusts this key must never be offered one.
  if (facts.smoke && values.development !== true) throw new Problem(`${folder} is a smoke package: no publisher signs it. Use --development.`);
  const program = values.program ?? 'imprint';
  if (!files.some(({ path, executable }) => path === program && executable)) throw new Problem(`${folder} has no program "${program}": name the folder in which it lies.`);
}

/** The list of a feed as electron-updater's generic provider reads it: its name has the system, and the architecture where that is not x64. */
async function writeFeed(out, { version, madeAt, target }) {
  if (target.platform !== 'linux') throw new Problem('A feed is for Linux: elsewhere nothing is updated in this way yet.');
  const hash = createHash('sha512');
  for await (const chunk of createReadStream(out)) hash.update(chunk);
  // JSON is YAML too.
  const list = `${JSON.stringify({ version, files: [{ url: basename(out), sha512: hash.digest('base64'), size: lstatSync(out).size }], releaseDate: madeAt }, undefined, 2)}\n`;
  writeFileAtomic(join(dirname(out), `latest-linux${target.architecture === 'x64' ? '' : `-${target.architecture}`}.yml`), list);
}

await runMain(async () => {
  const { values } = parseArgs({
    options: Object.fromEntries([...['package', 'from', 'out', 'key', 'version', 'architecture', 'platform', 'program', 'record-schema'].map((name) => [name, { type: 'string' }]), ['development', { type: 'boolean' }], ['feed', { type: 'boolean' }]]),
  });
  const folder = values.package;
  if (folder === undefined || values.from === undefined || values.out === undefined || (values.key === undefined) === (values.development !== true)) throw new Problem(usage);
  if (!existsSync(folder)) throw new Problem(`There is no folder ${folder}.`);
  if (existsSync(values.out)) throw new Problem(`${values.out} is there already; nothing is replaced.`);
  const [name, key] = values.development ? [developmentName, developmentKey()] : [releaseName, keyOf(values.key)];
  const paths = await filesBelow(folder);
  const facts = factsOf(folder);
  const manifest = {
    format: 1,
    version: values.version ?? facts.version ?? sourceVersion(),
    from: values.from,
    recordSchema: Number(values['record-schema'] ?? facts.schema ?? recordSchema()),
    target: { platform: values.platform ?? process.platform, architecture: values.architecture ?? process.arch },
    program: values.program ?? 'imprint',
    madeAt: new Date(process.env.SOURCE_DATE_EPOCH === undefined ? Date.now() : Number(process.env.SOURCE_DATE_EPOCH) * 1000).toISOString(),
    files: await Promise.all(
      paths.map(async (path) => {
        const { size, mode } = lstatSync(path);
        return { path: relative(folder, path), bytes: size, sha256: await sha256Of(path), executable: (mode & 0o100) !== 0 };
      }),
    ),
  };
  assertFits(folder, values, facts, manifest.files);
  const note = signedNote(`${JSON.stringify(manifest)}\n`, name, key);
  if (note.length > largestNote) throw new Problem(`A package of ${paths.length} files is too many for one manifest: pack them into the archive of the application.`);
  const { ZipFile } = await import('yazl');
  const zip = new ZipFile();
  // The same files make the same update.
  const mtime = new Date(manifest.madeAt);
  zip.addBuffer(Buffer.from(note, 'utf8'), 'update.note', { mtime });
  for (const { path, executable } of manifest.files) zip.addFile(join(folder, path), `package/${path}`, { mtime, mode: executable ? 0o100755 : 0o100644 });
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(values.out, { flags: 'wx', flush: true }));
  if (values.feed) await writeFeed(values.out, manifest);
  process.stdout.write(`${values.out}: version ${manifest.version} for ${manifest.target.platform} on ${manifest.target.architecture}, ${paths.length} files, signed by ${name}.\n`);
});
