import { existsSync, statfsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { Problem } from '../support/problem.mjs';
import { cases } from './flash/cases.mjs';
import { emptyCard, freeMemory, prepareCard, traffic, withCards } from './flash/cards.mjs';
import { checkCards } from './flash/check.mjs';
import { bmaptool, dd, etcher, imprint } from './flash/contenders.mjs';
import { etcherSdk } from './flash/etcher-install.mjs';
import { makeFullImage, makeMappedImage } from './flash/images.mjs';
import { parseOptions } from './flash/options.mjs';
import { comparisonsOf } from './flash/rows.mjs';
import { mebibyte, spareBytes } from './flash/task.mjs';
import { throttle, unthrottle, whyNoThrottling } from './flash/throttle.mjs';
import { importTypeScript } from './harness/bundle.mjs';
import { requireTools } from './harness/debian-tools.mjs';
import { electronAsNode } from './harness/electron.mjs';
import { withBundleFolder, withWorkspace } from './harness/folders.mjs';
import { interleave } from './harness/interleave.mjs';
import { describeMachine } from './harness/machine.mjs';
import { measureProcess } from './harness/process.mjs';
import { keepResult, tableOf } from './harness/report.mjs';
import { summarise } from './harness/statistics.mjs';

export const description = 'one image onto 1, 4, 8 and 16 cards, verified, beside etcher-sdk, dd and bmaptool';

const tools = [
  { command: 'bmaptool', package: 'bmap-tools' },
  { command: 'zstd', package: 'zstd' },
  { command: 'cmp', package: 'diffutils' },
  { command: 'losetup', package: 'mount' },
  { command: 'blkdiscard', package: 'util-linux' },
  { command: 'debugfs', package: 'e2fsprogs' },
  { command: 'mcopy', package: 'mtools' },
  { command: 'mkfs.vfat', package: 'dosfstools' },
  { command: 'sfdisk', package: 'fdisk' },
];
/** Cards in memory; a path, because there is no other way to name a tmpfs. */
const memoryFolder = '/dev/shm';
/** Of the image for many or slow cards. */
const smallMiB = 768;
const tmpfsMagic = 0x01021994;

const say = (text) => process.stderr.write(`${text}\n`);

/** @returns {Promise<number>} the exit code */
export async function run(args) {
  const options = parseOptions(args, cases.map(({ name }) => name));
  if (options === undefined) return 2;
  if (process.getuid() !== 0) throw new Problem('This bench makes loop devices: run it as root.');
  if (!existsSync(memoryFolder) || statfsSync(memoryFolder).type !== tmpfsMagic) throw new Problem(`This bench keeps its cards in ${memoryFolder}, which is no tmpfs here.`);
  // One of them for every program that runs, and there is one or two for each card.
  process.setMaxListeners(100);
  await requireTools(tools);
  const electron = await electronAsNode();
  const sdk = await etcherSdk(say);
  const started = loadavg()[0];
  const result = await withBundleFolder((bundleFolder) =>
    // Both images, one of them twice while it is made; a decoded one; and a card.
    withWorkspace(5 * options.imageMiB * mebibyte, (folder) => measureAll({ electron, sdk, bundleFolder, folder }, options)),
  );
  report(result, options, started);
  return 0;
}

async function measureAll(context, options) {
  const { electron, sdk, bundleFolder, folder } = context;
  const images = await importTypeScript(bundleFolder, 'tests', 'support', 'images.ts');
  const versions = {
    electron: electron.description, node: process.versions.node, etcherSdk: sdk.version,
    coreutils: await versionOf('dd'), bmaptool: await versionOf('bmaptool'), zstd: await versionOf('zstd'),
  };
  const here = { ...context, images, versions };
  const contenders = { imprint: await imprint(here, 'zero'), 'imprint-discard': await imprint(here, 'discard-verified'), etcher: etcher(here, sdk), dd: dd(here), bmaptool: bmaptool(here, false), 'bmaptool-bmap': bmaptool(here, true) };
  const result = { comparisons: [], preparations: [], traffic: [], leftOut: [] };
  for (const kind of ['mapped', 'small', 'full']) {
    const wanted = cases.filter(({ name, image }) => image === kind && options.cases.includes(name));
    if (wanted.length === 0) continue;
    const mebibytes = kind === 'small' ? Math.min(smallMiB, options.imageMiB) : options.imageMiB;
    say(`Making the ${kind} image of ${mebibytes} MiB …`);
    const image = await (kind === 'full' ? makeFullImage : makeMappedImage)(images, folder, mebibytes);
    for (const each of wanted) {
      const reason = whyNot(each, image);
      if (reason !== undefined) {
        say(`${each.name}: left out, ${reason}`);
        result.leftOut.push(`${each.name}: ${reason}`);
        continue;
      }
      await measureCase({ ...here, image, contenders }, each, options, result);
    }
    await Promise.all([image.path, image.bmap, image.zst?.path].filter(Boolean).map((path) => rm(path)));
  }
  return { ...result, machine: describeMachine(folder, versions) };
}

/** Why a case cannot be measured on this machine, or undefined. */
function whyNot({ on, cards, rivals, rates }, { bytes }) {
  if (rates !== undefined && whyNoThrottling() !== undefined) return whyNoThrottling();
  if (on !== 'tmpfs') return undefined;
  // Nothing stays a hole on a card: tmpfs cannot zero a range without storing it.
  const needed = cards * bytes * (rivals.includes('bmaptool') ? 2 : 1) + spareBytes;
  const free = freeMemory();
  return free < needed ? `it needs ${(needed / 2 ** 30).toFixed(1)} GiB of memory for the cards, ${(free / 2 ** 30).toFixed(1)} GiB are free` : undefined;
}

async function measureCase(context, each, options, result) {
  const { image, contenders, folder } = context;
  const runs = Math.min(options.runs, each.mostRuns ?? Infinity);
  const onTurn = (turn) => say(`${each.name}: ${turn === 0 ? 'warm-up' : `run ${turn} of ${runs}`} …`);
  const who = [...each.ours, ...each.rivals].map((name) => contenders[name]);
  const parent = each.on === 'tmpfs' ? memoryFolder : folder;
  await withCards({ count: each.cards, bytes: image.bytes + spareBytes, parent }, async (cards) => {
    const turns = each.rates === undefined
      ? who.map((contender) => ({ name: contender.name, run: () => turn(context, each, contender, cards) }))
      : each.rates.flatMap((rates) => who.map((contender) => ({ name: `${contender.name}, ${rates.name}`, run: () => turn(context, each, contender, cards.slice(0, rates.of.length), rates.of) })));
    const values = await interleave(turns, { runs, onTurn });
    result.comparisons.push(...comparisonsOf({ ...each, title: titleOf(each, image) }, values, each.ours.map((name) => contenders[name].name)));
    for (const [name, measured] of values) {
      const median = (way) => Math.round(summarise(measured.map((one) => one[way])).median);
      result.traffic.push(`${each.name}, ${name}: ${median('written')} MiB written, ${median('read')} MiB read`);
    }
    const prepare = [...values].filter(([name]) => name.startsWith(contenders.imprint.name)).flatMap(([, measured]) => measured.map((one) => one.prepare));
    result.preparations.push(`${each.name} ${summarise(prepare).median.toFixed(2)} s`);
  });
}

function titleOf({ image: kind, compressed, on, used }, { bytes, mappedBytes }) {
  const size = bytes < 2 ** 30 ? `${bytes / mebibyte} MiB` : `${bytes / 2 ** 30} GiB`;
  const mapped = kind === 'full' ? 'no holes' : `${Math.round((100 * mappedBytes) / bytes)} % mapped`;
  return [size, mapped, ...(compressed ? ['.zst'] : []), ...(on === 'disk' ? ['cards on the disk'] : []), ...(used ? ['used cards'] : [])].join(', ');
}

async function turn(context, each, contender, cards, rates) {
  for (const card of cards) prepare(context.image, each, contender, card);
  rates?.forEach((rate, index) => throttle(cards[index].number, rate));
  const before = cards.map(traffic);
  const measured = await contender.measure(context.image, cards, each.compressed);
  const after = cards.map(traffic);
  if (rates !== undefined) for (const { number } of cards) unthrottle(number);
  cards.forEach((card, index) => assertMoved(contender.name, context.image, card, before[index], after[index]));
  await checkCards(context, cards, contender.name, contender, each.used === true);
  const moved = (way) => Math.max(...after.map((each, index) => each[way] - before[index][way])) / mebibyte;
  return [{ ...measured, written: moved('written'), read: moved('read') }];
}

function prepare(image, { on, used }, { everything }, card) {
  if (on !== 'tmpfs') emptyCard(card);
  else prepareCard(card, used || everything ? [{ offset: 0, length: card.bytes }] : image.mapped);
}

/** A verification that the page cache answered is none. */
function assertMoved(who, { mappedBytes }, { device }, before, after) {
  for (const way of ['written', 'read']) {
    const bytes = after[way] - before[way];
    if (bytes < mappedBytes) throw new Problem(`${who} gave a wrong result: of the ${mappedBytes} bytes that ${device} must hold, ${bytes} were ${way}.`);
  }
}

function report({ machine, comparisons, preparations, traffic: moved, leftOut }, options, loadBefore) {
  const print = (text) => process.stdout.write(`${text}\n`);
  print(`${tableOf(comparisons)}\n`);
  print('Medians. Write + verify: from the first write to the end of the last card\'s verification.');
  print(`Imprint hashes, and where it is compressed decodes, an image once before its first card: ${preparations.join(', ')}; part of "whole process" only.`);
  print('Every card was compared with the image after each run. Imprint also puts a key of its own onto each card and reads it back.');
  print(`What one card saw, by its own counters (zeroed ranges count as written, the check after the run as nothing):\n  ${moved.join('\n  ')}`);
  if (leftOut.length > 0) print(`Left out: ${leftOut.join('; ')}.`);
  print(`Load average ${loadBefore.toFixed(1)} before, ${loadavg()[0].toFixed(1)} after.`);
  print(options.keep && leftOut.length === 0 ? `Kept as ${keepResult('flash', machine, comparisons, options.part)}.` : 'Not kept: not everything was measured, or in too few runs.');
}

async function versionOf(program) {
  const { output } = await measureProcess(program, ['--version']);
  return /\d+(\.\d+)+/.exec(output)?.[0] ?? 'unknown';
}
