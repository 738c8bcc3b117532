import { mkdir } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../support/problem.mjs';
import { inRoot } from '../support/paths.mjs';
import { bundleForElectron } from './harness/bundle.mjs';
import { electronAsNode } from './harness/electron.mjs';
import { withBundleFolder, withWorkspace } from './harness/folders.mjs';
import { describeMachine } from './harness/machine.mjs';
import { measureProcess } from './harness/process.mjs';
import { keepResult, tableOf } from './harness/report.mjs';
import { summarise } from './harness/statistics.mjs';

export const description = 'the record and its log with a million devices, beside the goals: append, search, reports, export, verify, self-check';

const goalDevices = 1_000_000;
/** Record and export of one device, with some air. */
const bytesPerDevice = 12_000;
const appendRuns = 5;

const say = (text) => process.stderr.write(`${text}\n`);

/** @returns {Promise<number>} the exit code */
export async function run(args) {
  const devices = devicesOf(args);
  if (devices === undefined) return 2;
  const electron = await electronAsNode();
  const started = loadavg()[0];
  const { machine, comparisons } = await withBundleFolder((bundleFolder) =>
    withWorkspace(devices * bytesPerDevice + 2 ** 28, (folder) => measureAll(electron, bundleFolder, folder, devices)),
  );
  process.stdout.write(`${tableOf(comparisons)}\n\n`);
  process.stdout.write(`"theirs" is the goal, which is for ${goalDevices} devices. Load average ${started.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after.\n`);
  process.stdout.write(devices === goalDevices ? `Kept as ${keepResult('record', machine, comparisons)}.\n` : `Not kept: that is for ${goalDevices} devices.\n`);
  return 0;
}

function devicesOf(args) {
  const [option, value, ...rest] = args;
  if (option === undefined) return goalDevices;
  if (option === '--devices' && rest.length === 0 && /^[1-9]\d{0,6}$/.test(value ?? '')) return Number(value);
  process.stderr.write(`Only --devices N is known: ${goalDevices} unless said.\n`);
  return undefined;
}

async function measureAll(electron, bundleFolder, folder, devices) {
  const bundle = await bundleForElectron(bundleFolder, 'scripts', 'bench', 'record', 'measure.mjs');
  const env = { ...electron.env, IMPRINT_VERIFIER: inRoot('main', 'ledger', 'verifier', 'verify-export.mjs') };
  const measure = async (phase, place = folder) => {
    say(`${phase} …`);
    const { output } = await measureProcess(electron.path, [bundle, phase, place, String(devices)], env);
    const line = output.trim().split('\n').at(-1);
    if (!line.startsWith('{')) throw new Problem(`The phase "${phase}" said: ${line}`);
    return JSON.parse(line);
  };
  const comparisons = [];
  const add = (name, unit, values, goal, better = 'less') =>
    comparisons.push({ case: name, rival: 'goal', unit, better, ours: summarise(values), theirs: summarise([goal]) });

  const appended = [];
  for (let turn = 0; turn < appendRuns; turn += 1) appended.push(await measure('append', await subfolder(folder, `append-${turn}`)));
  add('durable appends, 8 in a transaction', 'entries/s', appended.map(({ eight }) => eight), 2000, 'more');

  const { entries } = await measure('fill');
  const of = `${devices} devices, ${entries} entries`;
  const { memoryMiB: searchMemory, ...found } = await measure('search');
  for (const [name, values] of Object.entries(found)) add(`search for ${name}; ${of}`, 'ms', values, 50);
  add(`memory of the searches; ${of}`, 'MiB', [searchMemory], 300);
  const { memoryMiB: reportMemory, ...reported } = await measure('reports');
  // The goal is the dashboard's; a report is read once in a shift.
  for (const [name, values] of Object.entries(reported)) add(`${name}; ${of}`, 'ms', values, name.startsWith('dashboard') ? 50 : 2000);
  add(`memory of the reports; ${of}`, 'MiB', [reportMemory], 300);
  for (const [phase, goal] of [['export', 60], ['verify', 60], ['check', 60]]) {
    const { milliseconds, memoryMiB } = await measure(phase);
    const word = { 'export': 'export', 'verify': 'verify of the export', 'check': 'self-check' }[phase];
    add(`${word}; ${of}`, 's', [milliseconds / 1000], goal);
    add(`memory of the ${word}; ${of}`, 'MiB', [memoryMiB], 300);
  }
  return { machine: describeMachine(folder, { electron: electron.description }), comparisons };
}

async function subfolder(folder, name) {
  const path = join(folder, name);
  await mkdir(path);
  return path;
}
