import { slow } from '../bench.mjs';
import { faultsOfFinishedCard, faultsOfRefusal, headOf } from '../findings.mjs';

/** ioctl USBDEVFS_RESET, as `usbreset` does it: the hub resets the reader's port while a transfer waits. */
const resetReader = `
  for my $folder (glob "/sys/bus/usb/devices/*-*") {
    next unless open my $class, "<", "$folder:1.0/bInterfaceClass";
    next unless <$class> =~ /^08/;
    my @numbers = map { open my $file, "<", "$folder/$_" or die; my $text = <$file>; chomp $text; $text } qw(busnum devnum);
    open my $device, "+<", sprintf "/dev/bus/usb/%03d/%03d", @numbers or die "open: $!";
    ioctl $device, 0x5514, 0 or die "reset: $!";
    print "reset $folder\\n";
  }`;

/** A reader that is reset in the middle of the work: the card goes on, or ends in a clear state. */
export async function resets(bench, report) {
  for (const [phase, part] of [['erase', 0.5], ['write', 0.5], ['verify', 0.5]]) {
    const path = bench.cards.make();
    const plugged = await bench.cards.plug(path);
    await bench.cards.speed(slow);
    const job = bench.start({ path: plugged.drive.path });
    await job.reaches(phase, part);
    const said = await bench.guest.ask('run', { words: ['perl', '-e', resetReader] });
    const { answer, seconds } = await bench.ending(job, 120);
    const faults = said.stdout.startsWith('reset') ? [] : [`no reset: ${said.stderr}`];
    faults.push(...(answer.ok ? await faultsOfFinishedCard(path, bench.golden, answer.value.spki) : faultsOfRefusal(answer, seconds, 30, ['target-*'])));
    if (!answer.ok) {
      report.note(answer.error.sentence);
      if (headOf(path) !== 'zero') faults.push(`the head is ${headOf(path)}`);
    }
    await plugged.pull();
    const second = await bench.secondTry(path);
    report.add({ group: 'reader reset', name: 'USBDEVFS_RESET', phase, outcome: answer.ok ? 'done' : answer.error.code, head: headOf(path), seconds, second: second.length === 0 ? 'good' : second.join('; '), faults: [...faults, ...second, ...(await bench.custodyFaults())] });
    bench.cards.remove(path);
  }
  await bench.cards.speed();
}
