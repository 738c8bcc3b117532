/** A user who may not lock memory is told so, once, and still gets the card. */
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cliPath, electron, startImprint, temporaryFolder } from '../support/station';

/** Debian's nobody: no capability lets it past the limit. */
const nobody = 65534;
const asNobody = ['setpriv', '--reuid', String(nobody), '--regid', String(nobody), '--clear-groups'];

function nobodyCan(...command: string[]): boolean {
  const [program = '', ...rest] = [...asNobody, ...command];
  return spawnSync(program, rest).status === 0;
}

/** Why it cannot be tried here, or undefined where it can. */
function problem(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can become another user';
  return [['-x', electron], ['-r', cliPath]].every((check) => nobodyCan('test', ...check)) ? undefined : 'nobody may not read this checkout';
}

describe.skipIf(problem() !== undefined)('a user whose memory may not be locked (needs root to become one)', () => {
  const folder = temporaryFolder();
  const home = join(folder, 'home');

  beforeAll(() => {
    mkdirSync(home);
    for (const path of [folder, home]) chownSync(path, nobody, nobody);
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('is warned exactly once in a practice run, which ends as accepted', async () => {
    // Chromium's sandbox wants user namespaces, which some containers forbid; what is tested here does not depend on it.
    const sandbox = nobodyCan('unshare', '--user', 'true') ? [] : ['--no-sandbox'];
    const running = startImprint(['practice', '--data', join(home, 'data'), '--json'], { HOME: home }, { before: [...asNobody, 'prlimit', '--memlock=0'], sandbox });
    const { exitCode, events, stderr } = await running.done;
    expect(stderr).not.toMatch(/\bat .*\.(?:cjs|ts|js):\d+/);
    const warnings = events.filter((event) => event['event'] === 'warning');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.['sentence']).toMatch(/lock/);
    expect(events.at(-1)).toMatchObject({ event: 'result', state: 'accepted' });
    expect(exitCode).toBe(0);
  });
});
