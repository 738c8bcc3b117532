/* `imprint slots` on loop devices. Among the tests that run alone: the next card must be this test's own. */
import { readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { attachLoop, detachLoop, loopProblem, makeSparseFile } from '../support/loop-devices';
import { imprint, startImprint, temporaryFolder } from '../support/station';

const folder = temporaryFolder();
const data = join(folder, 'data');
afterAll(() => rmSync(folder, { recursive: true }));

const isResult = (event: Readonly<Record<string, unknown>>): boolean => event['event'] === 'result';

describe.skipIf(loopProblem() !== undefined)('slots on the command line (root, for loop devices)', () => {
  it('binds a slot to where the next card comes, lists it and forgets it', async () => {
    const command = startImprint(['slots', 'bind', '--name', 'Slot 1', '--json', '--data', data]);
    await command.waitFor((event) => event['event'] === 'notice');
    const device = attachLoop(makeSparseFile(join(folder, 'next.img'), 1024 * 1024));
    try {
      const bound = { slot: 'Slot 1', port: basename(device).replace('loop', 'loop-') };
      expect(await command.waitFor(isResult)).toMatchObject({ ...bound, path: device });
      expect((await command.done).exitCode).toBe(0);
      expect((await imprint(['slots', 'list', '--json', '--data', data])).events).toMatchObject([{ ...bound, path: device, bytes: 1024 * 1024 }]);
      expect((await imprint(['drives', '--json', '--data', data])).events.find((event) => event['path'] === device)).toMatchObject({ slot: 'Slot 1' });
      expect((await imprint(['slots', 'clear', '--data', data])).exitCode).toBe(0);
      expect((await imprint(['slots', '--data', data])).stdout).toBe('No slot is bound.\n');
    } finally {
      detachLoop(device);
    }
  });

  it('ends a binding on request without changing anything', async () => {
    const before = readFileSync(join(data, 'station/slots.json'), 'utf8');
    const command = startImprint(['slots', 'bind', '--name', 'Slot 1', '--json', '--data', data]);
    await command.waitFor((event) => event['event'] === 'notice');
    command.child.kill('SIGTERM');
    expect((await command.done).exitCode).toBe(9);
    expect(readFileSync(join(data, 'station/slots.json'), 'utf8')).toBe(before);
  });
});
