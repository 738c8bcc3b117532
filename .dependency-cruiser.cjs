/**
 * The layer table of docs/architecture.md as rules: one per layer, each naming all that the layer may import.
 * What no rule allows is reported, so a new import is a decision and never an accident.
 * tests/unit/layers.test.ts breaks every rule once.
 */

/** @param {...string} names npm packages, wherever node_modules lies */
const npm = (...names) => `(^|/)node_modules/(${names.join('|')})/`;

const domain = '^main/domain/';
const contract = '^main/contract/';
const native = '^native/';
const builtins = ['core'];

const imageTools = ['ext2fs', 'fast-xml-parser', 'file-disk', 'partitioninfo', 'lzma-native'];

/**
 * @type {{layer: string, path: string, may: string[], nodeBuiltins: boolean, because: string}[]}
 * `may`: path patterns besides the layer's own folder
 */
const layers = [
  { layer: 'domain', path: '^main/domain/', may: [], nodeBuiltins: false, because: 'rules and ports know nothing of the world' },
  { layer: 'contract', path: '^main/contract/', may: [domain, npm('zod')], nodeBuiltins: false, because: 'the contract is loaded by every process' },
  { layer: 'keys', path: '^main/keys/', may: [domain, native, npm('@peculiar/x509')], nodeBuiltins: true, because: 'keys know neither servers nor targets' },
  { layer: 'image', path: '^main/image/', may: [domain, npm(...imageTools)], nodeBuiltins: true, because: 'images know neither keys nor cards' },
  { layer: 'flash', path: '^main/flash/', may: [domain, native, npm('lzma-native', 'usb')], nodeBuiltins: true, because: 'writers know neither images nor keys' },
  { layer: 'health', path: '^main/health/', may: [domain], nodeBuiltins: true, because: 'what the system says is read in one place and judged in another' },
  { layer: 'update', path: '^main/update/', may: [domain, contract, '^main/ledger/', npm('builder-util-runtime', 'electron-updater', 'yauzl', 'zod')], nodeBuiltins: true, because: 'an update knows versions and files, not the record' },
  { layer: 'charts', path: '^main/charts/', may: [npm('d3-array', '@types/d3-array')], nodeBuiltins: false, because: 'plots are drawn by the page and by the PDF alike' },
  { layer: 'ledger', path: '^main/ledger/', may: [domain], nodeBuiltins: true, because: 'the ledger is verified without the station' },
  {
    layer: 'export',
    path: '^main/export/',
    may: [domain, '^main/(charts|ledger)/', npm('@peculiar/x509', 'bwip-js', 'fontkit', 'node-forge', 'pdfkit', 'pkijs', 'reflect-metadata', 'uqr', 'yauzl', 'yazl')],
    nodeBuiltins: true,
    because: 'exports know the log, not where it is kept',
  },
  { layer: 'labels', path: '^main/labels/', may: [domain, npm('bwip-js', 'pdfkit')], nodeBuiltins: true, because: 'a printer is given a label, and knows no device' },
  { layer: 'practice', path: '^main/practice/', may: [domain], nodeBuiltins: true, because: 'the practice bench stands in for hardware, not for the station' },
  { layer: 'servers', path: '^main/servers/', may: [domain, npm('undici', '@peculiar/(x509|asn1-csr|asn1-schema|asn1-x509)', 'jose', 'mqtt-packet', 'reflect-metadata', 'zod')], nodeBuiltins: true, because: 'an adapter knows its server and the ports' },
  { layer: 'storage', path: '^main/storage/', may: [domain, '^main/ledger/', npm('better-sqlite3', 'zod')], nodeBuiltins: true, because: 'storage holds rows, not use cases' },
  { layer: 'integration', path: '^main/integration/', may: [domain, contract, npm('jsonc-parser', 'undici', 'zod')], nodeBuiltins: true, because: 'the doors to other systems know ports, not the record' },
  { layer: 'station', path: '^main/station/', may: [domain], nodeBuiltins: false, because: 'use cases know ports, never what is behind them' },
  {
    layer: 'workers',
    path: '^main/workers/',
    may: [domain, contract, native, '^main/(ipc|keys|image|flash|ledger|export|storage)/', npm('electron', 'zod', 'better-sqlite3')],
    nodeBuiltins: true,
    because: 'a worker process holds keys or rows, and has no network',
  },
  { layer: 'ipc', path: '^main/ipc/', may: [domain, contract, npm('electron', 'zod')], nodeBuiltins: true, because: 'the gateway checks messages, it does not act on them' },
  { layer: 'window', path: '^main/window/', may: [domain, contract, '^main/ipc/', npm('electron')], nodeBuiltins: true, because: 'a window knows pages, not devices' },
  { layer: 'preload', path: '^main/preload/', may: [domain, contract, npm('electron', 'zod')], nodeBuiltins: false, because: 'the preload is sandboxed' },
  { layer: 'renderer', path: '^renderer/', may: [contract, '^main/charts/', npm('react', 'react-dom', '@types/react', '@types/react-dom', '@tanstack/react-virtual', 'uqr')], nodeBuiltins: false, because: 'the page has no Node and no keys' },
  { layer: 'native', path: '^native/', may: [], nodeBuiltins: true, because: 'native code serves everybody and knows nobody' },
];

const compositionRoots = '^main/(index\\.ts|cli\\.ts|station-process/|compose/)';

const layerRule = ({ layer, path, may, nodeBuiltins, because }) => ({
  name: `layer-${layer}`,
  comment: because,
  severity: 'error',
  from: { path },
  to: { pathNot: [path, ...may], ...(nodeBuiltins ? { dependencyTypesNot: builtins } : {}) },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...layers.map(layerRule),
    {
      name: 'server-knows-another-server',
      comment: 'a second server must be addable and removable without the first; http and practice are what all of them share',
      severity: 'error',
      from: { path: '^main/servers/([^/]+)/' },
      to: { path: '^main/servers/', pathNot: '^main/servers/($1|http|practice)/' },
    },
    {
      name: 'renderer-loads-contract',
      comment: 'the page takes types from the contract; code it runs comes through the preload',
      severity: 'error',
      from: { path: '^renderer/' },
      to: { path: contract, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'file-outside-layers',
      comment: 'a new folder needs a line in this table',
      severity: 'error',
      from: { path: '^main/', pathNot: [compositionRoots, ...layers.map(({ path }) => path)] },
      to: {},
    },
    {
      name: 'composition-root-is-a-root',
      comment: 'nothing below knows where it is put together',
      severity: 'error',
      from: { path: '^(main|renderer|native)/', pathNot: compositionRoots },
      to: { path: compositionRoots },
    },
    {
      name: 'application-loads-tests',
      comment: 'what ships does not need what checks it',
      severity: 'error',
      from: { path: '^(main|renderer|native)/' },
      to: { path: ['^tests/', '^scripts/', npm('vitest', 'playwright', 'playwright-core', 'esbuild', 'typescript')] },
    },
    {
      name: 'unresolvable',
      comment: 'an import that leads nowhere is checked by no other rule',
      severity: 'error',
      from: {},
      // The built addon is not there before the set-up.
      to: { couldNotResolve: true, pathNot: '\\.node$' },
    },
    {
      name: 'circular',
      comment: 'a circle is one module that pretends to be several; a language is checked by the shape of the English one that it stands in for',
      severity: 'error',
      from: { pathNot: '^renderer/texts(\\.ts$|/(de|zh-hans)/)' },
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|native/build)/' },
    // Types count as well: a layer that knows another's types knows the layer.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
