/* `imprint drives` on a loop device, and what `imprint slots` refuses; binding is in tests/e2e/slots-command.test.ts. */
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
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
    } finally {
      detachLoop(device);
    }
  });
});

it.each([
  ['slots bind', ['slots', 'bind']],
  ['slots forget', ['slots', 'forget']],
  ['slots list more', ['slots', 'list', 'more']],
])('%s is a mistake in usage', async (_, args) => {
  expect((await imprint([...args, '--data', data])).exitCode).toBe(2);
});
