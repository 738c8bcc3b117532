/** A tree that stands for /sys and /proc: block devices as the kernel shows them, without any device. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

export class SysfsTree {
  readonly root = mkdtempSync(join(tmpdir(), 'imprint-sysfs-'));
  readonly roots = { sys: join(this.root, 'sys'), proc: join(this.root, 'proc') };

  constructor() {
    this.put('proc/self/mountinfo', '');
    this.put('proc/swaps', 'Filename\tType\tSize\tUsed\tPriority\n');
    mkdirSync(join(this.root, 'sys/block'), { recursive: true });
    mkdirSync(join(this.root, 'sys/dev/block'), { recursive: true });
  }

  put(path: string, text: string): void {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /**
   * @param device below sys/devices, such as `pci0000:00/…/block/sdb`
   * @param attributes file → value; a size is in sectors
   */
  disk(device: string, number: string, attributes: Readonly<Record<string, string>> = {}): void {
    const folder = `sys/devices/${device}`;
    for (const [file, value] of Object.entries({ size: '0', ro: '0', removable: '0', dev: number, ...attributes })) this.put(`${folder}/${file}`, `${value}\n`);
    symlinkSync(join(this.root, folder), join(this.root, 'sys/block', basename(device)));
    symlinkSync(join(this.root, folder), join(this.root, 'sys/dev/block', number));
  }

  partition(device: string, number: string): void {
    const folder = `sys/devices/${device}`;
    this.put(`${folder}/dev`, `${number}\n`);
    this.put(`${folder}/partition`, '1\n');
    symlinkSync(join(this.root, folder), join(this.root, 'sys/dev/block', number));
  }

  mount(number: string, place: string, source: string): void {
    this.put('proc/self/mountinfo', `36 35 ${number} / ${place} rw - ext4 ${source} rw\n`);
  }
}
