import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { faultsOfRefusal } from '../findings.mjs';

/** A card with its lock on: refused at the check, and by the engine itself where somebody left the check out. */
export async function readOnlyCards(bench, report) {
  await bench.cards.speed();
  const path = bench.cards.make();
  const before = digestOf(path);
  const plugged = await bench.cards.plug(path, { readOnly: true });
  const facts = await bench.guest.ask('inspect', { path: plugged.drive.path });
  for (const [name, parameters] of [['at the check', { path: plugged.drive.path }], ['at the opening', { facts: { ...facts, readOnly: false } }]]) {
    const { answer, seconds } = await bench.ending(bench.start(parameters), 30);
    const faults = faultsOfRefusal(answer, seconds, 10, ['target-read-only']);
    if (!answer.ok) report.note(answer.error.sentence);
    report.add({ group: 'read-only card', name, phase: 'open', outcome: answer.ok ? 'done' : answer.error.code, seconds, faults: [...faults, ...(await bench.custodyFaults())] });
  }
  await plugged.pull();
  if (digestOf(path) !== before) report.add({ group: 'read-only card', name: 'afterwards', phase: '', outcome: '', faults: ['the card is not as it was'] });
  bench.cards.remove(path);
}

export function digestOf(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
