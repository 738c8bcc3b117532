import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const projectFolder = join(import.meta.dirname, '../..');
const require = createRequire(import.meta.url);
const { forbidden, options } = require('../../.dependency-cruiser.cjs') as {
  forbidden: { name: string }[];
  options: ICruiseOptions;
};

/** `importer imports imported`, and whether the imported module only lends types. */
interface Import {
  from: string;
  to: string;
  typeOnly?: boolean;
}

const packages = [
  '@peculiar/x509', '@tanstack/react-virtual', 'better-sqlite3', 'bwip-js', 'd3-array', 'electron', 'ext2fs', 'fast-xml-parser', 'file-disk', 'fontkit',
  'jsonc-parser', 'lzma-native', 'node-forge', 'partitioninfo', 'pdfkit', 'pkijs', 'react', 'react-dom', 'reflect-metadata', 'undici', 'uqr', 'usb', 'vitest', 'yauzl', 'yazl', 'zod',
];
const mainLayers = [
  'domain', 'contract', 'keys', 'image', 'flash', 'charts', 'ledger', 'export', 'labels', 'practice', 'servers', 'storage', 'integration', 'station', 'workers', 'ipc', 'window', 'preload',
];
/** Every layer's specimen module; servers have one per server. */
const moduleOf = (layer: string): string => {
  if (layer === 'renderer' || layer === 'native') return `${layer}/specimen.ts`;
  return layer === 'servers' ? 'main/servers/mender/specimen.ts' : `main/${layer}/specimen.ts`;
};
const layers = [...mainLayers, 'renderer', 'native'];

/** The table of docs/architecture.md, written down a second time: layers, packages and `node:fs` that each may import. */
const allowed: Record<string, string[]> = {
  domain: [],
  contract: ['domain', 'zod'],
  keys: ['domain', 'native', 'node:fs', '@peculiar/x509'],
  image: ['domain', 'node:fs', 'ext2fs', 'fast-xml-parser', 'file-disk', 'partitioninfo', 'lzma-native'],
  flash: ['domain', 'native', 'node:fs', 'lzma-native', 'usb'],
  charts: ['d3-array'],
  ledger: ['domain', 'node:fs'],
  export: ['domain', 'charts', 'ledger', 'node:fs', '@peculiar/x509', 'bwip-js', 'fontkit', 'node-forge', 'pdfkit', 'pkijs', 'reflect-metadata', 'uqr', 'yauzl', 'yazl'],
  labels: ['domain', 'node:fs', 'bwip-js', 'pdfkit'],
  practice: ['domain', 'node:fs'],
  servers: ['domain', 'node:fs', 'undici', '@peculiar/x509', 'reflect-metadata', 'zod'],
  storage: ['domain', 'ledger', 'node:fs', 'better-sqlite3', 'zod'],
  integration: ['domain', 'contract', 'node:fs', 'jsonc-parser', 'undici', 'zod'],
  station: ['domain'],
  workers: ['domain', 'contract', 'native', 'ipc', 'keys', 'image', 'flash', 'ledger', 'export', 'storage', 'node:fs', 'electron', 'zod', 'better-sqlite3'],
  ipc: ['domain', 'contract', 'node:fs', 'electron', 'zod'],
  window: ['domain', 'contract', 'ipc', 'node:fs', 'electron'],
  preload: ['domain', 'contract', 'electron', 'zod'],
  renderer: ['charts', 'react', 'react-dom', '@tanstack/react-virtual', 'uqr'],
  native: ['node:fs'],
};

const targetOf = (name: string): string => {
  if (name === 'node:fs') return 'fs';
  return packages.includes(name) ? `node_modules/${name}/index.js` : moduleOf(name);
};

/** Each specimen imports everything there is, so each pair of the table is tried. */
const everyPair = layers.flatMap((layer) =>
  [...layers.filter((other) => other !== layer), ...packages, 'node:fs'].map((name) => ({ layer, name })),
);

const otherImports: Import[] = [
  { from: 'main/servers/mender/neighbour.ts', to: 'main/servers/openmdm/specimen.ts' },
  { from: 'main/servers/mender/neighbour.ts', to: 'main/servers/mender/helper.ts' },
  { from: 'renderer/types.ts', to: 'main/contract/specimen.ts', typeOnly: true },
  { from: 'renderer/storage-types.ts', to: 'main/storage/specimen.ts', typeOnly: true },
  { from: 'main/station/server-types.ts', to: 'main/servers/mender/specimen.ts', typeOnly: true },
  { from: 'main/unheard-of/specimen.ts', to: 'main/domain/specimen.ts' },
  { from: 'main/workers/upwards.ts', to: 'main/index.ts' },
  { from: 'main/keys/checks.ts', to: 'tests/unit/specimen.ts' },
  { from: 'main/ledger/lost.ts', to: 'main/ledger/missing.ts' },
  { from: 'main/image/first.ts', to: 'main/image/second.ts' },
  { from: 'main/image/second.ts', to: 'main/image/first.ts' },
  ...['main/index.ts', 'main/cli.ts', 'main/compose/specimen.ts', 'main/station-process/specimen.ts'].flatMap((from) =>
    [...mainLayers.map(moduleOf), moduleOf('native'), 'node_modules/electron/index.js', 'node_modules/undici/index.js'].map((to) => ({ from, to })),
  ),
  { from: 'tests/unit/specimen.ts', to: 'main/keys/specimen.ts' },
];

let specimens: string;
let violations: { rule: string; from: string; to: string }[];

const violated = (from: string, to: string): string[] =>
  violations.filter((each) => each.from === from && each.to === to).map(({ rule }) => rule);

async function violationsIn(folder: string, entries: string[]): Promise<typeof violations> {
  const cruised = await cruise(entries, { ...options, baseDir: folder, ruleSet: { forbidden }, validate: true } as ICruiseOptions);
  const { modules, summary } = cruised.output as ICruiseResult;
  expect(modules.length).toBeGreaterThan(0);
  return summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
}

/** Writes each importer once, with all its imports; what nobody wrote becomes an empty module. */
async function writeSpecimens(folder: string, imports: Import[]): Promise<void> {
  const files = new Map<string, string[]>();
  const linesOf = (path: string): string[] => {
    const lines = files.get(path) ?? [`export const here = ${JSON.stringify(path)};`];
    files.set(path, lines);
    return lines;
  };
  for (const [index, { from, to, typeOnly }] of imports.entries()) {
    const specifier = to.startsWith('node_modules/') ? to.slice('node_modules/'.length, -'/index.js'.length) : to === 'fs' ? 'node:fs' : relativeSpecifier(from, to);
    linesOf(from).push(typeOnly ? `import type { here as type${index} } from '${specifier}';` : `import * as value${index} from '${specifier}';`);
    if (/^(main|renderer|native|tests)\//.test(to) && !to.includes('missing')) linesOf(to);
  }
  for (const [path, lines] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), lines.join('\n'));
  }
  for (const name of packages) {
    await mkdir(join(folder, 'node_modules', name), { recursive: true });
    await writeFile(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    await writeFile(join(folder, 'node_modules', name, 'index.js'), 'exports.here = 1;');
  }
  await writeFile(join(folder, 'package.json'), JSON.stringify({ dependencies: Object.fromEntries(packages.map((name) => [name, '1.0.0'])) }));
}

function relativeSpecifier(from: string, to: string): string {
  const up = '../'.repeat(from.split('/').length - 1) || './';
  return `${up}${to.replace(/\.ts$/, '')}`;
}

beforeAll(async () => {
  specimens = await mkdtemp(join(tmpdir(), 'imprint-layers-'));
  await writeSpecimens(specimens, [
    ...everyPair.map(({ layer, name }) => ({ from: moduleOf(layer), to: targetOf(name) })),
    ...otherImports,
  ]);
  violations = await violationsIn(specimens, ['main', 'renderer', 'native', 'tests']);
});

afterAll(async () => {
  await rm(specimens, { recursive: true, force: true });
});

describe('the layer lint', () => {
  it.each(layers)('lets %s import what the table allows, and nothing else', (layer) => {
    const expected = allowed[layer] ?? [];
    const others = everyPair.filter((pair) => pair.layer === layer);
    const passed = others.filter(({ name }) => !violated(moduleOf(layer), targetOf(name)).some((rule) => rule !== 'circular'));
    expect(passed.map(({ name }) => name).sort()).toEqual([...expected].sort());
    const rules = others.flatMap(({ name }) => violated(moduleOf(layer), targetOf(name)));
    expect(rules).toContain(`layer-${layer}`);
  });

  it('keeps servers apart, but not the files of one server', () => {
    expect(violated('main/servers/mender/neighbour.ts', 'main/servers/openmdm/specimen.ts')).toContain('server-knows-another-server');
    expect(violated('main/servers/mender/neighbour.ts', 'main/servers/mender/helper.ts')).toEqual([]);
  });

  it('gives the page types of the contract, neither its code nor anybody else’s types', () => {
    expect(violated('renderer/types.ts', 'main/contract/specimen.ts')).toEqual([]);
    expect(violated('renderer/specimen.ts', 'main/contract/specimen.ts')).toContain('renderer-loads-contract');
    expect(violated('renderer/storage-types.ts', 'main/storage/specimen.ts')).toEqual(['layer-renderer']);
  });

  it('counts a type as an import', () => {
    expect(violated('main/station/server-types.ts', 'main/servers/mender/specimen.ts')).toContain('layer-station');
  });

  it('reports a folder that the table does not know', () => {
    expect(violated('main/unheard-of/specimen.ts', 'main/domain/specimen.ts')).toContain('file-outside-layers');
  });

  it('lets composition roots import everything, and nobody a composition root', () => {
    const roots = ['main/index.ts', 'main/cli.ts', 'main/compose/specimen.ts', 'main/station-process/specimen.ts'];
    expect(violations.filter(({ rule, from }) => roots.includes(from) && rule !== 'circular')).toEqual([]);
    expect(violated('main/workers/upwards.ts', 'main/index.ts')).toContain('composition-root-is-a-root');
  });

  it('lets tests import everything, and nothing that ships a test', () => {
    expect(violated('tests/unit/specimen.ts', 'main/keys/specimen.ts')).toEqual([]);
    expect(violated('main/keys/checks.ts', 'tests/unit/specimen.ts')).toContain('application-loads-tests');
    expect(violated('main/keys/specimen.ts', 'node_modules/vitest/index.js')).toContain('application-loads-tests');
  });

  it('reports circles and imports that lead nowhere', () => {
    expect(violated('main/image/first.ts', 'main/image/second.ts')).toContain('circular');
    expect(violations.filter(({ from }) => from === 'main/ledger/lost.ts').map(({ rule }) => rule)).toContain('unresolvable');
  });

  it('has broken every rule here at least once', () => {
    const broken = new Set(violations.map(({ rule }) => rule));
    expect(forbidden.map(({ name }) => name).filter((name) => !broken.has(name))).toEqual([]);
  });

  it('finds nothing in the application itself', async () => {
    const present = await readdir(projectFolder);
    const entries = ['main', 'renderer', 'native', 'tests'].filter((folder) => present.includes(folder));
    expect(await violationsIn(projectFolder, entries)).toEqual([]);
  });
});
