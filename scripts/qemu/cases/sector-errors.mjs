import { faultsOfRefusal, headOf } from '../findings.mjs';
import { placeInFiller } from '../golden.mjs';

const sectorBytes = 512;
const badSectors = 8;
/** What the engine looks at one by one where a transfer fails. */
const blockBytes = 4096;

/** Sectors of the card that cannot be read, or cannot be written: the refusal names where. */
export async function sectorErrors(bench, report) {
  await bench.cards.speed();
  for (const [direction, code] of [['write', 'target-write-failed'], ['read', 'target-read-failed']]) {
    const path = bench.cards.make();
    const errors = Array.from({ length: badSectors }, (_, index) => ({ event: 'none', iotype: direction, errno: 5, sector: placeInFiller / sectorBytes + index, once: false, immediately: false }));
    const plugged = await bench.cards.plug(path, { errors });
    const { answer, seconds } = await bench.ending(bench.start({ path: plugged.drive.path }), 120);
    // Retries of the kernel and of the engine are part of it.
    const faults = [...faultsOfRefusal(answer, seconds, 60, [code]), ...(answer.ok ? [] : faultsOfPlace(answer.error.sentence, placeInFiller))];
    if (headOf(path) !== 'zero') faults.push('the head is not zero');
    await plugged.pull();
    if (!answer.ok) report.note(answer.error.sentence);
    report.add({ group: `${direction} error`, name: `bytes ${placeInFiller} to ${placeInFiller + badSectors * sectorBytes - 1}`, phase: direction === 'write' ? 'write' : 'verify', outcome: outcomeWithPlace(answer), head: headOf(path), seconds, faults: [...faults, ...(await bench.custodyFaults())], second: 'not tried: the card is broken' });
    bench.cards.remove(path);
  }
}

/** The byte that a refusal names lies in the block that holds the bad one, and not behind it. */
export function faultsOfPlace(sentence, bad, tolerance = blockBytes) {
  const named = Number(/at byte (\d+)/.exec(sentence)?.[1] ?? Number.NaN);
  return named <= bad && named > bad - tolerance ? [] : [`names byte ${named}, broken is ${bad}`];
}

export function outcomeWithPlace({ ok, error }) {
  if (ok) return 'done';
  const named = /at byte (\d+)/.exec(error.sentence)?.[1];
  return named === undefined ? error.code : `${error.code} at ${named}`;
}
