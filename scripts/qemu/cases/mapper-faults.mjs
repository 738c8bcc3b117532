import { setTimeout as sleep } from 'node:timers/promises';
import { slow } from '../bench.mjs';
import { faultsOfRefusal, headOf } from '../findings.mjs';
import { placeInFiller } from '../golden.mjs';
import { faultsOfPlace, outcomeWithPlace } from './sector-errors.mjs';

const sectorBytes = 512;

/** Device-mapper targets over the USB disk: cards that lose, delay or refuse. */
export async function mapperFaults(bench, report) {
  const sectors = bench.cards.bytes / sectorBytes;
  const bad = placeInFiller / sectorBytes;

  await onMapper(bench, report, {
    name: 'flakey: writes are lost from the start', table: (disk) => `0 ${sectors} flakey ${disk} 0 0 3600 1 drop_writes`,
    codes: ['target-counterfeit', 'verify-content-differs'], limit: 60,
  });
  await onMapper(bench, report, {
    name: 'flakey: writes are lost after the probe', speed: slow, phase: 'erase', part: 0.3, table: (disk) => `0 ${sectors} linear ${disk} 0`,
    then: (disk) => `0 ${sectors} flakey ${disk} 0 0 3600 1 drop_writes`, codes: ['verify-content-differs'], limit: 60, mayBoot: false,
  });
  await onMapper(bench, report, {
    name: 'flakey: writes fail after a while', speed: slow, phase: 'write', part: 0.3, table: (disk) => `0 ${sectors} linear ${disk} 0`,
    then: (disk) => `0 ${sectors} flakey ${disk} 0 0 3600 1 error_writes`, codes: ['target-write-failed'], limit: 10,
  });
  await onMapper(bench, report, {
    name: 'error: one range of the card', table: (disk) => [`0 ${bad} linear ${disk} 0`, `${bad} 128 error`, `${bad + 128} ${sectors - bad - 128} linear ${disk} ${bad + 128}`].join('\n'),
    codes: ['target-write-failed'], limit: 20, place: placeInFiller,
  });
  await onMapper(bench, report, {
    name: 'delay of 100 ms, cancelled in the write', phase: 'write', part: 0.3, table: (disk) => `0 ${sectors} delay ${disk} 0 100`, codes: ['cancelled'], limit: 2, cancel: true,
  });
  await onMapper(bench, report, {
    name: 'delay of 100 ms, cancelled in the verification', phase: 'verify', part: 0.3, table: (disk) => `0 ${sectors} delay ${disk} 0 100`, codes: ['cancelled'], limit: 2, cancel: true,
  });
  for (const phase of ['erase', 'write', 'verify']) {
    await onMapper(bench, report, {
      name: 'a card that does not answer any more, cancelled', speed: slow, phase, part: 0.3, table: (disk) => `0 ${sectors} linear ${disk} 0`, stuck: true, codes: ['cancelled'], limit: 2, cancel: true,
    });
  }
  await bench.cards.speed();
}

async function onMapper(bench, report, { name, table, then, phase, part, speed, codes, limit, cancel = false, stuck = false, place }) {
  const path = bench.cards.make();
  await bench.cards.speed();
  const plugged = await bench.cards.plug(path);
  const disk = plugged.drive.path;
  const mapped = 'broken';
  const dmsetup = (words, input) => bench.shell(['dmsetup', ...words, '--noudevrules', '--noudevsync'], input);
  await dmsetup(['create', mapped], `${table(disk)}\n`);
  // There is no udev in the guest that would make /dev/mapper/…; the kernel makes this one.
  const minor = (await dmsetup(['info', '--columns', '--noheadings', '-o', 'minor', mapped])).trim();
  await bench.cards.speed(speed);
  const job = bench.start({ path: `/dev/dm-${minor}`, naming: 'fixed-disk' });
  if (phase !== undefined) await job.reaches(phase, part);
  const at = job.seen.at(-1)?.phase ?? '';
  if (then !== undefined) {
    await dmsetup(['load', mapped], `${then(disk)}\n`);
    await dmsetup(['suspend', '--noflush', mapped]);
    await dmsetup(['resume', mapped]);
  }
  if (stuck) {
    await dmsetup(['suspend', '--noflush', '--nolockfs', mapped]);
    await sleep(300);
  }
  const started = performance.now();
  const ending = bench.ending(job, cancel ? 20 : 120).catch((error) => error);
  if (cancel) await job.cancel();
  const ended = await ending;
  const late = ended instanceof Error;
  const faults = late ? [`no end in ${Math.round((performance.now() - started) / 1000)} s`] : faultsOfRefusal(ended.answer, ended.seconds, limit, codes);
  await bench.cards.speed();
  if (stuck) {
    await dmsetup(['resume', mapped]);
    await sleep(2000);
  }
  // One that hung until its card answered again still has to end, so that the next case begins with nothing under way.
  const { answer, seconds } = late ? await bench.ending(job, 120) : ended;
  if (place !== undefined && !answer.ok) faults.push(...faultsOfPlace(answer.error.sentence, place));
  if (!answer.ok) report.note(answer.error.sentence);
  faults.push(...(await bench.custodyFaults()));
  // A card that was let go of in the background may still be open for a moment.
  await dmsetup(['remove', '--retry', mapped]);
  await plugged.pull();
  const head = headOf(path);
  // Where writes are lost from the start, the old head cannot be taken away either.
  if (head !== 'zero' && !table('').includes('drop_writes')) faults.push(`the head is ${head}`);
  const second = await bench.secondTry(path);
  report.add({ group: 'device mapper', name, phase: phase === undefined ? '' : `${phase} (${at})`, outcome: late ? `no end; ${outcomeWithPlace(answer)} when the card answered again` : outcomeWithPlace(answer), head, seconds: late ? undefined : seconds, second: second.length === 0 ? 'good' : second.join('; '), faults: [...faults, ...second] });
  bench.cards.remove(path);
}
