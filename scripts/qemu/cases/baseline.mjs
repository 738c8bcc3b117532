import { headOf } from '../findings.mjs';
import { slow } from '../bench.mjs';

/** A card that nothing happens to: at full speed, and at the speed of the campaign. */
export async function baseline(bench, report) {
  for (const [name, speed, erasure] of [['mapped blocks, rest zeroed', undefined, 'zero'], ['mapped blocks, slow card', slow, 'zero'], ['every block', undefined, 'full'], ['discarded, verified', undefined, 'discard-verified']]) {
    const path = bench.cards.make();
    await bench.cards.speed(speed);
    const plugged = await bench.cards.plug(path);
    const { answer, faults } = await bench.makeCard(plugged, { erasure });
    if (answer.ok && headOf(path) !== 'bootable') faults.push('not bootable');
    if (answer.ok) {
      const { fingerprint } = await bench.guest.ask('readKey', { path: plugged.drive.path });
      if (fingerprint !== answer.value.fingerprint) faults.push('read-key finds another key');
      if (!answer.value.directIo) faults.push('no direct I/O');
    }
    report.add({ group: 'baseline', name, phase: '', outcome: answer.ok ? 'done' : answer.error.code, seconds: answer.seconds, faults: [...faults, ...(await bench.custodyFaults())] });
    await plugged.pull();
    bench.cards.remove(path);
  }
  await bench.cards.speed();
}
