/** A password that the command line asks for: never on the screen, and the terminal is afterwards as it was. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodedPracticeImage } from '../support/practice-image';
import { imprintCommand, startServerProcess, temporaryFolder, type ServerProcess } from '../support/station';
import { openTerminal, quoted, type Terminal } from '../support/terminal';

describe('a password that is asked for at a terminal', () => {
  const folder = temporaryFolder();
  const profile = join(folder, 'profile.json');
  let server: ServerProcess;

  beforeAll(async () => {
    server = await startServerProcess(folder);
    const image = await decodedPracticeImage(folder);
    const credentials = { username: server.username, password: { ask: 'line password' } };
    writeFileSync(profile, JSON.stringify({ name: 'asked', keyType: 'ec-p256', server: { url: server.url, caFile: server.caFile, credentials }, image }));
  });

  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Provisions, then tells how the terminal stands, as the shell that comes next would find it. */
  const provision = (mac: string): Terminal => {
    const { program, rest } = imprintCommand(['provision', '--profile', profile, '--identity', `mac=${mac}`, '--target', join(folder, 'card.img'), '--data', join(folder, 'data')]);
    return openTerminal(`${[program, ...rest].map(quoted).join(' ')}; code=$?; stty -a; exit $code`);
  };

  const expectUsableTerminal = (screen: string): void => {
    for (const setting of ['icanon', 'echo', 'isig', 'icrnl']) expect(screen).toMatch(new RegExp(`(?<!-)\\b${setting}\\b`));
  };

  it('is not shown, and is what was typed less what was taken back', async () => {
    const terminal = provision('02:30:00:00:00:01');
    await terminal.shows('line password: ');
    // Backspace takes back the last character, an arrow adds none.
    for (const keys of [server.password.slice(0, 18), 'ß', '\u007f', '\u001b[A', server.password.slice(18), '\r']) terminal.type(keys);
    const { exitCode, screen } = await terminal.ended;
    expect(screen).toContain('Preauthorized');
    expect(screen).not.toContain(server.password.slice(0, 18));
    expect(screen).not.toContain(server.password.slice(18));
    expect(screen).not.toContain('ß');
    expect(exitCode).toBe(0);
    expectUsableTerminal(screen);
  });

  it('is given up with Ctrl-C, which cancels the command', async () => {
    const terminal = provision('02:30:00:00:00:02');
    await terminal.shows('line password: ');
    terminal.type('half-typed\u0003');
    const { exitCode, screen } = await terminal.ended;
    expect(screen).toContain('Cancelled.');
    expect(screen).not.toContain('half-typed');
    expect(exitCode).toBe(9);
    expectUsableTerminal(screen);
  });
});
