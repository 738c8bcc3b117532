/** A station with operators at the command line: who may do what, and that nobody says their own role. */
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { imprint, imprintCommand, temporaryFolder, type CommandResult } from '../support/station';
import { openTerminal, quoted } from '../support/terminal';

const pins = { Ana: '482917', Quinn: '246802', Aud: '975310' };
type Name = keyof typeof pins;

describe('operators', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const csv = join(folder, 'devices.csv');

  beforeAll(() => {
    writeFileSync(csv, 'identity.mac,public_key\n');
  });

  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> => imprint([...words, '--data', data, '--json'], env);
  const as = (name: Name, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<CommandResult> => run([...words, '--operator', name], { IMPRINT_PIN: pins[name], ...env });
  const ended = ({ exitCode, events }: CommandResult) => [exitCode, events.at(-1)?.['code']];

  it('are none at first: a person says their own role, and asking makes no record', async () => {
    expect((await run(['drives'])).exitCode).toBe(0);
    expect(existsSync(join(data, 'station'))).toBe(false);
    expect(ended(await run(['sign-off', '--batch', 'B', '--role', 'technician']))).toEqual([3, 'not-allowed']);
    expect(ended(await run(['operators', 'add', '--name', 'Tom', '--role', 'technician'], { IMPRINT_NEW_PIN: '135791' }))).toEqual([3, 'no-such-operator']);
  });

  it('begin with an admin, once', async () => {
    expect(ended(await run(['operators', 'init']))).toEqual([2, 'usage']);
    expect((await run(['operators', 'init', '--single-person'])).events.at(-1)).toMatchObject({ mode: 'single-person' });
    expect((await run(['list'])).exitCode).toBe(0);
    expect(ended(await run(['operators', 'init', '--admin', 'Ana'], { IMPRINT_NEW_PIN: '123456' }))).toEqual([3, 'operator-invalid']);
    expect((await run(['operators', 'init', '--admin', 'Ana'], { IMPRINT_NEW_PIN: pins.Ana })).events.at(-1)).toMatchObject({ mode: 'operators', name: 'Ana', role: 'admin' });
    expect(ended(await run(['operators', 'init', '--admin', 'Eve'], { IMPRINT_NEW_PIN: pins.Ana }))).toEqual([4, 'operator-exists']);
    expect(ended(await run(['operators', 'init', '--single-person']))).toEqual([4, 'operator-exists']);
  });

  it('must say who they are, and cannot say their role', async () => {
    expect(ended(await run(['list']))).toEqual([3, 'sign-in-needed']);
    expect(ended(await run(['list', '--operator', 'Ana']))).toEqual([3, 'sign-in-needed']);
    expect(ended(await run(['list', '--operator', 'Ana'], { IMPRINT_PIN: '999990' }))).toEqual([3, 'sign-in-refused']);
    expect(ended(await run(['list', '--operator', 'Eve'], { IMPRINT_PIN: pins.Ana }))).toEqual([3, 'sign-in-refused']);
    expect(ended(await as('Ana', ['list', '--role', 'lab']))).toEqual([2, 'usage']);
    expect((await as('Ana', ['list'])).exitCode).toBe(0);
  });

  it('are let do what their role may, and no more', async () => {
    expect((await as('Ana', ['operators', 'add', '--name', 'Quinn', '--role', 'qa'], { IMPRINT_NEW_PIN: pins.Quinn })).exitCode).toBe(0);
    expect((await as('Ana', ['operators', 'add', '--name', 'Aud', '--role', 'auditor'], { IMPRINT_NEW_PIN: pins.Aud })).exitCode).toBe(0);
    // Quinn may, and there is no such batch; the auditor may not.
    expect(ended(await as('Quinn', ['sign-off', '--batch', 'B']))).toEqual([3, 'no-such-device']);
    for (const words of [['sign-off', '--batch', 'B'], ['import', '--file', csv], ['recover'], ['slots', 'clear'], ['secret', 'x'], ['operators', 'list']]) {
      expect([words[0], ...ended(await as('Aud', words))]).toEqual([words[0], 3, 'not-allowed']);
    }
    expect(ended(await as('Quinn', ['import', '--file', csv]))).toEqual([3, 'not-allowed']);
    for (const words of [['status'], ['list', '--csv'], ['outbox']]) expect((await imprint([...words, '--operator', 'Aud', '--data', data], { IMPRINT_PIN: pins.Aud })).exitCode).toBe(0);
  });

  it('are changed and listed by an admin, who stays', async () => {
    expect(ended(await as('Ana', ['operators', 'disable', '--name', 'Ana']))).toEqual([4, 'last-admin']);
    expect((await as('Ana', ['operators', 'role', '--name', 'Quinn', '--role', 'admin'])).events.at(-1)).toMatchObject({ name: 'Quinn', role: 'admin' });
    expect((await as('Quinn', ['operators', 'disable', '--name', 'Aud'])).events.at(-1)).toMatchObject({ enabled: false });
    expect(ended(await as('Aud', ['list']))).toEqual([3, 'sign-in-refused']);
    expect((await as('Quinn', ['operators', 'enable', '--name', 'Aud'])).events.at(-1)).toMatchObject({ enabled: true });
    expect((await as('Quinn', ['operators', 'badge', '--name', 'Aud'], { IMPRINT_NEW_BADGE: 'BDG-0009' })).events.at(-1)).toMatchObject({ hasBadge: true });
    expect((await as('Quinn', ['operators', 'badge', '--name', 'Aud', '--no-badge'])).events.at(-1)).toMatchObject({ hasBadge: false });
    expect((await as('Quinn', ['operators', 'idle', '--minutes', '5'])).events.at(-1)).toMatchObject({ idleMinutes: 5 });
    const { events } = await as('Quinn', ['operators']);
    expect(events.map(({ name, role }) => [name, role])).toEqual([
      ['Ana', 'admin'],
      ['Aud', 'auditor'],
      ['Quinn', 'admin'],
    ]);
  });

  it('wait after wrong PINs, whichever command they give them to', async () => {
    for (let tries = 0; tries < 5; tries += 1) expect(ended(await run(['list', '--operator', 'Aud'], { IMPRINT_PIN: '999990' }))).toEqual([3, 'sign-in-refused']);
    expect(ended(await as('Aud', ['status']))).toEqual([3, 'sign-in-paused']);
    // An admin who gives a new PIN ends the pause.
    expect((await as('Ana', ['operators', 'pin', '--name', 'Aud'], { IMPRINT_NEW_PIN: '864213' })).exitCode).toBe(0);
    expect((await run(['status', '--operator', 'Aud'], { IMPRINT_PIN: '864213' })).exitCode).toBe(0);
  });

  it('change their own PIN with the one before, in any role', async () => {
    const mine = (name: Name, env: NodeJS.ProcessEnv, more: readonly string[] = []): Promise<CommandResult> => run(['operators', 'my-pin', '--operator', name, ...more], env);
    expect(ended(await run(['operators', 'my-pin'], { IMPRINT_PIN: pins.Ana, IMPRINT_NEW_PIN: '597310' }))).toEqual([3, 'sign-in-needed']);
    expect(ended(await mine('Aud', { IMPRINT_PIN: '999990', IMPRINT_NEW_PIN: '597310' }))).toEqual([3, 'sign-in-refused']);
    expect(ended(await mine('Aud', { IMPRINT_PIN: '864213', IMPRINT_NEW_PIN: '111111' }))).toEqual([3, 'operator-invalid']);
    expect(ended(await mine('Aud', { IMPRINT_PIN: '864213', IMPRINT_NEW_PIN: '597310' }, ['--role', 'admin']))).toEqual([2, 'usage']);
    // Nobody else's: the name is that of whoever has the PIN.
    const done = await mine('Aud', { IMPRINT_PIN: '864213', IMPRINT_NEW_PIN: '597310' }, ['--name', 'Ana']);
    expect([done.exitCode, done.events.at(-1)]).toEqual([0, { event: 'result', name: 'Aud', sentence: 'Aud has another PIN.' }]);
    expect(done.stdout + done.stderr).not.toMatch(/597310|864213/);
    expect(ended(await run(['status', '--operator', 'Aud'], { IMPRINT_PIN: '864213' }))).toEqual([3, 'sign-in-refused']);
    expect((await run(['status', '--operator', 'Aud'], { IMPRINT_PIN: '597310' })).exitCode).toBe(0);
    expect((await as('Ana', ['status'])).exitCode).toBe(0);
  });

  it('are asked for both PINs at a terminal, and none is shown', async () => {
    const { program, rest } = imprintCommand(['operators', 'my-pin', '--operator', 'Aud', '--data', data]);
    const terminal = openTerminal([program, ...rest].map(quoted).join(' '));
    for (const [question, answer] of [['PIN of Aud as it is: ', '597310'], ['New PIN of Aud: ', '864213'], ['New PIN of Aud once more: ', '864213']] as const) {
      await terminal.shows(question);
      terminal.type(`${answer}\r`);
    }
    const { exitCode, screen } = await terminal.ended;
    expect([exitCode, /597310|864213/.test(screen)]).toEqual([0, false]);
    expect(screen).toContain('Aud has another PIN.');
  });

  it('type their PIN where nobody sees it', async () => {
    const { program, rest } = imprintCommand(['status', '--operator', 'Ana', '--data', data]);
    const terminal = openTerminal([program, ...rest].map(quoted).join(' '));
    await terminal.shows('PIN of Ana: ');
    terminal.type(`${pins.Ana}\r`);
    const { exitCode, screen } = await terminal.ended;
    expect(exitCode).toBe(0);
    expect(screen).not.toContain(pins.Ana);
  });

  it('leave no PIN in the folder', () => {
    const station = join(data, 'station');
    for (const name of readdirSync(station, { recursive: true, withFileTypes: true })) {
      if (!name.isFile()) continue;
      const bytes = readFileSync(join(name.parentPath, name.name));
      for (const pin of [...Object.values(pins), '864213', '597310']) expect([name.name, bytes.includes(pin)]).toEqual([name.name, false]);
    }
  });
});
