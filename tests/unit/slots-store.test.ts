import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SlotsStore } from '../../main/compose/slots-store';

let folder: string;
let store: SlotsStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-slots-'));
  store = new SlotsStore(join(folder, 'station'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const two = [
  { name: 'Slot 1', port: 'pci-0000:00:14.0-usbv2-0:2:1.0-scsi-0:0:0:0' },
  { name: 'Slot 2', port: 'pci-0000:00:14.0-usbv2-0:2:1.0-scsi-0:0:0:1' },
];

describe('the slots of a station', () => {
  it('are none until they were bound', () => {
    expect(store.read()).toEqual([]);
  });

  it('are kept in one file of this user, with nothing beside it', () => {
    store.write(two);
    expect(store.read()).toEqual(two);
    expect(readdirSync(join(folder, 'station'))).toEqual(['slots.json']);
    expect(statSync(join(folder, 'station/slots.json')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['twice the same port', [two[0], { name: 'Slot 2', port: two[0]?.port }]],
    ['twice the same name', [two[0], { name: 'Slot 1', port: 'b' }]],
    ['more than sixteen', Array.from({ length: 17 }, (_, index) => ({ name: `Slot ${index}`, port: `p${index}` }))],
  ])('are refused with %s; the old ones stay', (_, slots) => {
    store.write(two);
    expect(() => store.write(slots as typeof two)).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(store.read()).toEqual(two);
  });

  it.each(['', '{"version":1,"slots":[{"name":"A"}]}', '{"version":2,"slots":[]}'])('that are not as they were written (%s) are told, and not replaced by none', (text) => {
    store.write(two);
    writeFileSync(join(folder, 'station/slots.json'), text);
    expect(() => store.read()).toThrow(expect.objectContaining({ code: 'record-corrupt' }));
    expect(readFileSync(join(folder, 'station/slots.json'), 'utf8')).toBe(text);
  });
});
