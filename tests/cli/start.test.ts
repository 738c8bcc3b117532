/** `npm start` and `imprint --version`, as far as they need neither set-up nor display. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { imprint } from '../support/station';

const root = resolve(import.meta.dirname, '../..');

describe('npm start without a display', () => {
  it.each([[['--profile', '/line/o\'hara.json']], [["--profile=/line/o'hara.json"]]])('does no practice run in place of the work of %j, and says how to do it here', (args) => {
    const env: NodeJS.ProcessEnv = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
    delete env['DISPLAY'];
    delete env['WAYLAND_DISPLAY'];
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/start.mjs'), ...args], { env, encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('no display here');
    expect(stderr).toContain(`npm run -s imprint -- provision --profile '/line/o'\\''hara.json' --identity`);
  });
});

describe('imprint --version', () => {
  it('is that of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    const { stdout, exitCode } = await imprint(['--version']);
    expect(stdout).toMatch(new RegExp(`^imprint ${version.replaceAll('.', '\\.')} \\(build [0-9a-f]{12}\\)\n$`));
    expect(exitCode).toBe(0);
  });
});
