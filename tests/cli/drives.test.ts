/* `imprint drives` on a loop device, and what `imprint drives --reset` and `imprint slots` refuse; a reset is in scripts/qemu/cases/resets.mjs, binding is in tests/e2e/slots-command.test.ts. */
import { existsSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { SlotsStore } from '../../main/compose/slots-store';
import { attachLoop, detachLoop, loopProblem, makeSparseFile } from '../support/loop-devices';
import { imprint, temporaryFolder } from '../support/station';

const folder = temporaryFolder();
const data = join(folder, 'data');
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(loopProblem() !== undefined)('drives (root, for loop devices)', () => {
  it('shows an attached loop device, for people and for programs', async () => {
    const device = attachLoop(makeSparseFile(join(folder, 'card.img'), 32 * 1024 * 1024));
    try {
      const { events, exitCode } = await imprint(['drives', '--json', '--data', data]);
      expect(exitCode).toBe(0);
      expect(events.find((event) => event['path'] === device)).toMatchObject({
        event: 'result',
        bytes: 32 * 1024 * 1024,
        bus: 'loop',
        model: join(folder, 'card.img'),
        portPath: basename(device).replace('loop', 'loop-'),
        mediaPresent: true,
        removable: false,
        systemDisk: false,
        permitted: true,
      });
      const { stdout } = await imprint(['drives', '--data', data]);
      expect(stdout).toMatch(/^PATH +SIZE +MODEL/);
      expect(stdout).toMatch(new RegExp(`^${device} +33\\.6 MB +${join(folder, 'card.img')}`, 'm'));
      const port = basename(device).replace('loop', 'loop-');
      const { events: refused, exitCode: code } = await imprint(['drives', '--reset', port, '--json', '--data', data]);
      expect(refused.at(-1)).toMatchObject({ event: 'error', exitCode: code, code: 'target-not-a-card', field: 'port' });
      expect(code).toBe(6);
    } finally {
      detachLoop(device);
    }
  });
});

describe('drives --reset', () => {
  const nowhere = 'pci-0000:ff:1f.7-usbv2-0:9.9:1.0-scsi-0:0:0:3';
  const fresh = join(folder, 'fresh');

  it.each([
    ['a name that no slot has', ['--reset', 'Slot 9'], 3, 'no-such-slot', 'There is no slot and no port "Slot 9": "imprint drives" prints both.'],
    ['a path', ['--reset', '/dev/sdb'], 3, 'no-such-slot', 'There is no slot and no port "/dev/sdb"'],
    ['a port where nothing is', ['--reset', nowhere], 6, 'target-not-found', `There is no reader at USB 9.9, slot 4 (${nowhere})`],
    ['nothing', ['--reset', ''], 2, 'usage', '--reset'],
    ['no value', ['--reset'], 2, 'usage', '--reset'],
    ['a name without quotes', ['--reset', 'Slot', '1'], 2, 'usage', '"1" is one word too many.'],
  ])('refuses %s and changes nothing', async (_, words, exitCode, code, sentence) => {
    const result = await imprint(['drives', '--json', '--data', fresh, ...words]);
    expect(result.exitCode).toBe(exitCode);
    expect(result.events.filter(({ event }) => event !== 'notice')).toEqual([expect.objectContaining({ event: 'error', code, exitCode, sentence: expect.stringContaining(sentence) as string })]);
    expect(existsSync(fresh)).toBe(false);
  });

  it('takes the name of a slot for its port', async () => {
    new SlotsStore(join(data, 'station')).write([{ name: 'Slot 1', port: nowhere }]);
    const { exitCode, stderr } = await imprint(['drives', '--reset', 'Slot 1', '--data', data]);
    expect(exitCode).toBe(6);
    expect(stderr).toContain(`There is no reader at USB 9.9, slot 4 (${nowhere})`);
  });
});

it.each([
  ['slots bind', ['slots', 'bind']],
  ['slots forget', ['slots', 'forget']],
  ['slots list more', ['slots', 'list', 'more']],
])('%s is a mistake in usage', async (_, args) => {
  expect((await imprint([...args, '--data', data])).exitCode).toBe(2);
});
