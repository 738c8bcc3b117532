import { describe, expect, it } from 'vitest';
import type { Drive } from '../../main/domain/drives';
import { SlotBinding } from '../../main/station/slot-binding';

const card = (portPath: string | undefined, part: Partial<Drive> = {}): Drive => ({ path: '/dev/sdb', bytes: 8, mediaPresent: true, bus: 'usb', portPath, removable: true, readOnly: false, usedBy: [], systemDisk: false, ...part });
const port = (unit: number): string => `pci-0000:00:14.0-usbv2-0:2:1.0-scsi-0:0:0:${unit}`;

describe('binding slots', () => {
  it('takes one port for each card that is plugged in, in their order', () => {
    const binding = new SlotBinding([]);
    binding.see([card(port(3))]);
    binding.see([]);
    binding.see([card(port(1))]);
    expect(binding.bound).toEqual([
      { name: 'Slot 1', port: port(3) },
      { name: 'Slot 2', port: port(1) },
    ]);
    expect(binding.next).toBe('Slot 3');
  });

  it('leaves out cards that were in from the start until they come in again', () => {
    const binding = new SlotBinding([card(port(0))]);
    expect(binding.see([card(port(0))])).toBe(false);
    binding.see([]);
    binding.see([card(port(0))]);
    expect(binding.bound).toEqual([{ name: 'Slot 1', port: port(0) }]);
  });

  it('says which slot a port is already', () => {
    const binding = new SlotBinding([]);
    binding.see([card(port(0))]);
    binding.see([]);
    binding.see([card(port(0))]);
    expect(binding.bound).toHaveLength(1);
    expect(binding.sentence).toContain('That is Slot 1 already');
  });

  it('does not guess between two cards that come at once', () => {
    const binding = new SlotBinding([]);
    binding.see([card(port(0)), card(port(1))]);
    expect(binding.bound).toEqual([]);
    expect(binding.sentence).toContain('one at a time');
  });

  it.each([
    ['the system\'s disk', card(port(0), { systemDisk: true }), 'runs from'],
    ['a fixed disk', card(port(0), { removable: false }), 'fixed disk'],
    ['a drive whose port is not known', card(undefined), 'not known'],
  ])('refuses %s', (_, drive, words) => {
    const binding = new SlotBinding([]);
    binding.see([drive]);
    expect(binding.bound).toEqual([]);
    expect(binding.sentence).toContain(words);
  });

  it('ends at sixteen slots', () => {
    const binding = new SlotBinding([]);
    for (let unit = 0; unit < 17; unit += 1) {
      binding.see([card(port(unit))]);
      binding.see([]);
    }
    expect(binding.bound).toHaveLength(16);
  });
});
