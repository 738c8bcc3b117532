import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../support/files.mjs';
import { inRoot } from '../support/paths.mjs';
import { Problem } from '../support/problem.mjs';
import { run } from '../support/run.mjs';

/**
 * What is in a package, as CycloneDX has it: every npm package that runs, and the runtime. The same for the same lock file, so
 * without a random number and a time.
 * @param {{version: string, build: string, runtime: {version: string, official: boolean}}} of
 */
export async function softwareBill({ version, build, runtime }) {
  // All of them, and chosen here: `--omit dev` also leaves out what a development package needs besides.
  const { code, output } = await run('npm', ['sbom', '--sbom-format', 'cyclonedx', '--loglevel=error']);
  if (code !== 0) throw new Problem(`The list of what is inside could not be made:\n${output.trim()}`);
  const whole = JSON.parse(output);
  const running = new Set(packagesThatRun().map(({ manifest }) => `${manifest.name}@${manifest.version}`));
  const root = whole.metadata.component['bom-ref'];
  const refs = new Set(whole.components.filter(({ name, version: of }) => running.delete(`${name}@${of}`)).map((each) => each['bom-ref']));
  if (running.size > 0) throw new Problem(`npm does not list ${[...running].join(', ')}, which would be in the package.`);
  const bill = {
    ...whole,
    components: whole.components.filter((each) => refs.has(each['bom-ref'])),
    dependencies: whole.dependencies.filter(({ ref }) => ref === root || refs.has(ref)).map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)).sort() })),
  };
  const application = { ...bill.metadata.component, type: 'application', name: 'imprint', version, 'bom-ref': `imprint@${version}`, purl: `pkg:npm/imprint@${version}`, properties: [{ name: 'imprint:build', value: build }] };
  const electron = {
    'bom-ref': `electron@${runtime.version}`,
    type: 'framework',
    name: 'electron',
    version: runtime.version,
    scope: 'required',
    purl: `pkg:npm/electron@${runtime.version}`,
    licenses: [{ license: { id: 'MIT' } }],
    properties: [{ name: 'imprint:runtime', value: runtime.official ? 'official' : 'unofficial' }],
  };
  const components = [...bill.components, electron].sort((left, right) => (left['bom-ref'] < right['bom-ref'] ? -1 : 1));
  const dependencies = bill.dependencies
    .map((each) => (each.ref === root ? { ref: application['bom-ref'], dependsOn: [...each.dependsOn, electron['bom-ref']].sort() } : each))
    .sort((left, right) => (left.ref < right.ref ? -1 : 1));
  const content = { ...bill, metadata: { ...bill.metadata, component: application }, components, dependencies };
  delete content.metadata.timestamp;
  delete content.serialNumber;
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const serialNumber = `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  return { $schema: content.$schema, bomFormat: content.bomFormat, specVersion: content.specVersion, serialNumber, ...content };
}

/** Whether the lock file has a package for the application, and not for development alone. */
export const runs = (entry) => !entry.dev && !entry.devOptional;

/** Optional builds for other systems are in the lock file and not here. */
function packagesThatRun() {
  return Object.entries(readJson(inRoot('package-lock.json')).packages)
    .filter(([path, entry]) => path !== '' && runs(entry) && existsSync(inRoot(path, 'package.json')))
    .map(([path]) => ({ path, manifest: readJson(inRoot(path, 'package.json')) }))
    .sort((left, right) => (left.path < right.path ? -1 : 1));
}

const LICENCE_FILE = /^(licen[cs]e|copying|notice|unlicense)/i;

/**
 * The licences of everything that runs, with their texts. Electron's own lie beside the program.
 * @throws {Problem} where a package says nothing about its licence
 */
export function thirdPartyLicences() {
  const parts = packagesThatRun().map(({ path, manifest }) => {
    const texts = readdirSync(inRoot(path)).filter((name) => LICENCE_FILE.test(name)).sort();
    const named = typeof manifest.license === 'string' ? manifest.license : (manifest.license?.type ?? manifest.licenses?.map(({ type }) => type).join(' OR '));
    if (named === undefined && texts.length === 0) throw new Problem(`${manifest.name} ${manifest.version} says nothing about its licence: it cannot be in a package.`);
    const body = texts.map((name) => readFileSync(join(inRoot(path), name), 'utf8').trim()).join('\n\n');
    return `${manifest.name} ${manifest.version}\nLicence: ${named ?? 'see below'}\n\n${body === '' ? '(The package brings no text of its licence.)' : body}`;
  });
  return `Imprint contains these packages. Electron, Node and Chromium: LICENSE.electron.txt and LICENSES.chromium.html.\n\n${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}
