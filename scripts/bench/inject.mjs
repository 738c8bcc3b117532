import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { Problem } from '../support/problem.mjs';
import { importTypeScript } from './harness/bundle.mjs';
import { requireTools } from './harness/debian-tools.mjs';
import { electronAsNode } from './harness/electron.mjs';
import { withBundleFolder, withWorkspace } from './harness/folders.mjs';
import { interleave } from './harness/interleave.mjs';
import { describeMachine } from './harness/machine.mjs';
import { parseOptions } from './harness/options.mjs';
import { keepResult, tableOf } from './harness/report.mjs';
import { summarise } from './harness/statistics.mjs';
import { copyImage, makeGoldenImage } from './inject/golden-image.mjs';
import { runningStation, wholeProcess } from './inject/imprint.mjs';
import { debugfs, menderArtifact } from './inject/rivals.mjs';
import { task } from './inject/task.mjs';

export const description = 'one key into the data partition of a 600 MiB and a 2 GiB image, beside mender-artifact and debugfs';

const sizes = [
  { name: '600 MiB', mebibytes: 600 },
  { name: '2 GiB', mebibytes: 2048 },
];
/** The golden image, the card of the checks, a rival's copy, mender-artifact's partitions; and some air. */
const neededBytes = 4.5 * 2048 * 2 ** 20;

const tools = [
  { command: 'mender-artifact', package: 'mender-artifact' },
  { command: 'debugfs', package: 'e2fsprogs' },
  { command: 'mcopy', package: 'mtools' },
  { command: 'mkfs.vfat', package: 'dosfstools' },
  { command: 'sfdisk', package: 'fdisk' },
];

const say = (text) => process.stderr.write(`${text}\n`);

/** @returns {Promise<number>} the exit code */
export async function run(args) {
  const options = parseOptions(args);
  if (options === undefined) return 2;
  await requireTools(tools);
  const electron = await electronAsNode();
  const started = loadavg()[0];
  const { machine, comparisons } = await withBundleFolder((bundleFolder) =>
    withWorkspace(neededBytes, (folder) => measureAll({ electron, bundleFolder, folder }, options)),
  );
  process.stdout.write(`${tableOf(comparisons)}\n\n`);
  process.stdout.write('Medians. Whole process: from start to end, like the rivals. In the running station: one more injection in a process that did some before;\n');
  process.stdout.write('the rivals have no such thing, so there they are still whole processes. Copies of the image for the rivals are not counted.\n');
  process.stdout.write('The rivals wait for the disk (fsync), Imprint has nothing to write yet: TMPDIR=/dev/shm takes the disk out of the comparison.\n');
  process.stdout.write(`Every result was checked (mode, owner, content, e2fsck), the golden images are unchanged. Load average ${started.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after.\n`);
  process.stdout.write(options.keep ? `Kept as ${keepResult('inject', machine, comparisons)}.\n` : 'Not kept: too few runs.\n');
  return 0;
}

async function measureAll(context, options) {
  const images = await importTypeScript(context.bundleFolder, 'tests', 'support', 'images.ts');
  const key = randomBytes(task.bytes);
  const keyFile = join(context.folder, 'key');
  await writeFile(keyFile, key, { mode: task.mode });
  const comparisons = [];
  const versions = { electron: context.electron.description };
  for (const size of sizes) comparisons.push(...(await measureSize({ ...context, images, key, keyFile, versions }, size, options)));
  return { machine: describeMachine(context.folder, versions), comparisons };
}

async function measureSize(context, { name, mebibytes }, { runs }) {
  const { images, folder, versions } = context;
  say(`${name}: making the image …`);
  const image = await makeGoldenImage(images, folder, mebibytes);
  const card = join(folder, 'card.img');
  await copyImage(image.path, card);
  const hash = await images.sha256File(image.path);

  const here = { ...context, image, card };
  const rivals = [await menderArtifact(here), await debugfs(here)];
  versions.menderArtifact = rivals[0].version;
  versions.e2fsprogs = rivals[1].version;
  const station = await runningStation(here, runs);
  const ours = [
    { case: `${name}, whole process`, contender: await wholeProcess(here) },
    { case: `${name}, in the running station`, contender: station },
  ];
  const onTurn = (turn) => say(`${name}: ${turn === 0 ? 'warm-up' : `run ${turn} of ${runs}`} …`);
  const values = await interleave([ours[0].contender, rivals[0], ours[1].contender, rivals[1]], { runs, onTurn }).finally(() => station.close());

  if ((await images.sha256File(image.path)) !== hash) throw new Problem(`The golden image of ${name} was changed.`);
  if ((await images.sha256File(card)) !== hash) throw new Problem(`The overlays of ${name} do not hold all that was changed.`);
  await Promise.all([image.path, card].map((path) => rm(path)));
  return ours.flatMap((our) =>
    rivals.map((rival) => ({
      case: our.case,
      rival: rival.name,
      unit: 'ms',
      better: 'less',
      ours: summarise(values.get(our.contender.name)),
      theirs: summarise(values.get(rival.name)),
    })),
  );
}
