/** A slot that starts when its card comes in: for whom it does, and what it says where nobody is there who may. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadedProfile } from '../../main/compose/load-profile';
import type { Drive } from '../../main/domain/drives';
import type { Role } from '../../main/domain/roles';
import { Bench } from '../../main/station/bench';
import type { Station } from '../../main/station/station';
import { openLine, type Line } from '../support/line';

const port = 'pci-0000:00:14.0-usbv2-0:2:1.0-scsi-0:0:0:0';
const drive = (mediaPresent: boolean): Drive => ({ path: '/dev/sdb', bytes: mediaPresent ? 8_000_000_000 : 0, mediaPresent, bus: 'usb', portPath: port, removable: true, readOnly: false, usedBy: [], systemDisk: false });

let line: Line;
let bench: Bench;
/** Who is at the window, as presence says; nobody has the least of all roles. */
let who: { operator: string; role: Role };
/** Lets a test do something while the drive's rights are awaited. */
let settling: () => void;

const nobody = { operator: 'nobody', role: 'auditor' } as const;
const tom = { operator: 'Tom', role: 'technician' } as const;

beforeEach(async () => {
  line = await openLine();
  who = tom;
  settling = () => undefined;
  const station: Station = {
    ...line.station,
    get operator() {
      return who.operator;
    },
    get role() {
      return who.role;
    },
  };
  const loaded = loadedProfile({ ...line.profile, targets: { slots: [{ name: 'Slot 1', port, fixedDisk: false }], startWhenInserted: true } });
  bench = new Bench(station, loaded, () => undefined, {
    drives: {
      list: () => Promise.resolve([drive(true)]),
      realPath: (path) => Promise.resolve(path),
      settled: () => {
        settling();
        return Promise.resolve();
      },
    },
  });
  await bench.showDrives([drive(false)]);
  await bench.scan('Slot 1', '02:00:00:00:00:01', {});
});

afterEach(async () => {
  bench.cancelAll();
  while (bench.busy) await settle();
  await line.close();
});

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
const slot = () => bench.slots[0];
const insert = async (): Promise<void> => {
  await bench.showDrives([drive(true)]);
  await settle();
};
const jobs = async () => line.station.record.jobsSince('2000-01-01T00:00:00.000Z', 10);

describe('a card that comes into a slot that is ready', () => {
  it('is made at once for a technician, under their name', async () => {
    expect(slot()).toMatchObject({ state: 'ready', sentence: expect.stringContaining('as soon as it is in') as string });
    await insert();
    expect(slot()?.state).not.toBe('ready');
    while (bench.busy) await settle();
    expect(await jobs()).toMatchObject([{ operator: 'Tom' }]);
  });

  it.each([
    ['the window is locked', nobody],
    ['an auditor is signed in', { operator: 'Aud', role: 'auditor' } as const],
    ['QA is signed in', { operator: 'Quinn', role: 'qa' } as const],
  ])('is left as it is while %s, and the slot says why', async (_, there) => {
    who = there;
    await insert();
    expect(slot()).toMatchObject({ state: 'ready', word: 'Ready', identity: { mac: '02:00:00:00:00:01' }, card: { present: true }, sentence: expect.stringContaining('nobody was signed in who may make devices') as string });
    expect(await jobs()).toEqual([]);
    // The next look at the drives starts it neither, whoever is there: that needs the start key.
    who = tom;
    await insert();
    expect(slot()?.state).toBe('ready');
    await bench.start('Slot 1');
    while (bench.busy) await settle();
    expect(await jobs()).toMatchObject([{ operator: 'Tom' }]);
  });

  it('is left as it is where the window was locked while its drive came up', async () => {
    settling = () => {
      who = nobody;
    };
    await insert();
    expect(slot()).toMatchObject({ state: 'ready', sentence: expect.stringContaining('Press Enter') as string });
    expect(await jobs()).toEqual([]);
  });

  it('starts by itself again once it was taken out and put in with a technician there', async () => {
    who = nobody;
    await insert();
    await bench.showDrives([drive(false)]);
    expect(slot()).toMatchObject({ state: 'ready', card: { present: false }, sentence: expect.stringContaining('as soon as it is in') as string });
    who = tom;
    await insert();
    expect(slot()?.state).not.toBe('ready');
  });
});
