import { readFileSync } from 'node:fs';
import { inRoot } from '../../support/paths.mjs';

const [member, stranger] = [4001, 4002];
const group = 4000;

/** The udev rule under udev itself, and a reset by an ordinary user with and without the group `imprint`. */
export async function rights(bench, report) {
  const { qmp } = bench.guest;
  const path = bench.cards.make();
  const plugged = await bench.cards.plug(path);
  await qmp.execute('device_add', { driver: 'usb-tablet', id: 'tablet', bus: 'usb.0', port: '2' });
  await qmp.execute('device_add', { driver: 'usb-hub', id: 'hub', bus: 'usb.0', port: '3' });
  // The guest's driver lives in a chroot, where udev does nothing unless told.
  const script = (text, input) => bench.shell(['env', 'SYSTEMD_IGNORE_CHROOT=1', 'sh', '-ec', text], input);
  // The host's files are read-only here.
  await script(`
    (cat /etc/group; echo imprint:x:${group}:) > /run/group && mount --bind /run/group /etc/group
    mkdir -p /run/udev/rules.d && cat > /run/udev/rules.d/70-imprint.rules <<'RULE'
${readFileSync(inRoot('scripts', 'udev', '70-imprint.rules'), 'utf8')}
RULE
    /lib/systemd/systemd-udevd --daemon
    udevadm trigger --action=change && udevadm settle --timeout=50`);
  const faults = [];
  const drive = await script(`stat -c '%G %a' ${plugged.drive.path}`);
  if (drive.trim() !== 'imprint 660') faults.push(`${plugged.drive.path}: ${drive.trim()}`);
  const nodes = (await script(`for device in /sys/bus/usb/devices/*; do
    [ -e $device/devnum ] || continue
    echo "$(basename $device)" "$(cat $device/product)" $(stat -c '%G %a' /dev/bus/usb/$(printf '%03d/%03d' $(cat $device/busnum) $(cat $device/devnum)))
  done`)).trim().split('\n');
  const given = nodes.filter((line) => line.includes(' imprint '));
  // QEMU calls its storage HARDDRIVE.
  if (given.length !== 1 || !/(?:STORAGE|HARDDRIVE).* imprint 664$/i.test(given[0])) faults.push(`USB nodes of the group: ${given.join(', ') || 'none'}`);
  if (!nodes.some((line) => /hub/i.test(line)) || !nodes.some((line) => /tablet/i.test(line))) faults.push(`hub or tablet is missing: ${nodes.join(', ')}`);
  report.add({ group: 'rights', name: `${nodes.length} USB devices`, phase: '', outcome: 'the group has the storage alone', faults });

  // Beside the packages: a dynamic import looks for them in the folders above the file, and nowhere else.
  await script(`mkdir -p /run/reset && ln -sfn ${inRoot('node_modules')} /run/reset/node_modules && cat > /run/reset/as-user.cjs`, readFileSync(bench.resetAsUser, 'utf8'));
  for (const [user, groups, expected] of [[stranger, 'no group', 'target-not-permitted'], [member, 'group imprint', 'reset']]) {
    const said = await bench.guest.ask('run', { words: ['setpriv', `--reuid=${user}`, `--regid=${user === member ? group : user}`, '--clear-groups', bench.electron, '/run/reset/as-user.cjs', plugged.drive.portPath] });
    const outcome = outcomeOf(said);
    report.add({ group: 'rights', name: `reset by a user, ${groups}`, phase: '', outcome, faults: outcome === expected ? [] : [`${outcome} ${said.stdout} ${said.stderr}`] });
  }
  await script('udevadm control --exit; umount /etc/group');
  for (const id of ['tablet', 'hub']) await qmp.execute('device_del', { id });
  await plugged.pull();
  bench.cards.remove(path);
}

function outcomeOf({ stdout }) {
  try {
    const { ok, error } = JSON.parse(stdout);
    return ok ? 'reset' : error.code;
  } catch {
    return 'no answer';
  }
}
