/** QA at the command line: the acceptance watch and the sign-off of a batch. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newKey, type TestKey } from '../contract/mender-fixture';
import { openCommandLine, type CommandLine } from '../support/line-commands';
import { imprintCommand } from '../support/station';
import { openTerminal, quoted } from '../support/terminal';

describe('the watch at the command line', () => {
  const [one, two] = ['02:40:00:00:00:01', '02:40:00:00:00:20'];
  let line: CommandLine;
  let keyOfOne: TestKey;
  let keyOfTwo: TestKey;

  beforeAll(async () => {
    line = await openCommandLine();
    keyOfOne = await line.make(one, ['--batch', 'WO-1']);
    keyOfTwo = await line.make(two, ['--batch', 'WO-1']);
  });

  afterAll(async () => {
    await line.close();
  });

  const last = async (words: readonly string[]) => {
    const { exitCode, events } = await line.run([...words, '--json']);
    return { exitCode, event: events.at(-1) };
  };

  it('asks once and says how many are how', async () => {
    expect(await last(['watch', '--once', '--profile', line.profile])).toMatchObject({ exitCode: 0, event: { event: 'result', checked: 2, changed: 2, waiting: 2, accepted: 0 } });
    const status = await line.run(['status', '--identity', `mac=${one}`, '--offline']);
    expect(status.stdout).toMatch(/^Batch {5}WO-1$/m);
    expect(status.stdout).toMatch(/^Watch {5}waiting, .*no board/m);
  });

  it('refuses wrong input before anything is asked', async () => {
    const watch = ['status', '--watch', '--profile', line.profile];
    expect(await last(['status', '--watch'])).toMatchObject({ exitCode: 2, event: { code: 'usage' } });
    expect(await last([...watch, '--interval', '0'])).toMatchObject({ exitCode: 2, event: { code: 'usage', sentence: '--interval 0 is no interval.' } });
    expect(await last([...watch, '--batch', 'WO-9'])).toMatchObject({ exitCode: 3, event: { code: 'no-such-device', field: 'batch' } });
    expect(await last([...watch, '--batch', '  '])).toMatchObject({ exitCode: 2, event: { code: 'usage', field: 'batch' } });
    expect(await last([...watch, '--identity', `mac=${one}`])).toMatchObject({ exitCode: 2 });
    expect(await last([...watch, '--role', 'boss'])).toMatchObject({ exitCode: 2, event: { code: 'usage', field: '--role' } });
    const wrongPassword = await line.run([...watch, '--json'], { TEST_PASSWORD: 'wrong' });
    expect(wrongPassword.events.at(-1)).toMatchObject({ code: 'server-sign-in-refused' });
    expect(wrongPassword.exitCode).toBe(7);
  });

  it('tells each change as a line of JSON, and ends when every device of the batch is accepted', async () => {
    await line.make('02:40:00:00:00:40', ['--batch', 'WO-2']);
    const watch = line.start(['status', '--watch', '--profile', line.profile, '--batch', 'WO-1', '--until-accepted', '--interval', '1', '--json']);
    expect(await line.boot({ mac: one }, newKey())).toBe(401);
    await watch.waitFor((event) => event['diagnosis'] === 'another-key');
    expect(await line.boot({ mac: one }, keyOfOne)).toBe(200);
    expect(await line.boot({ mac: two }, keyOfTwo)).toBe(200);
    const { exitCode, events } = await watch.done;
    expect(exitCode).toBe(0);
    const changes = events.filter((event) => event['event'] === 'result').map((event) => [event['identity'], event['before'], event['state']]);
    expect(changes).toContainEqual([{ mac: one }, 'waiting', 'stuck']);
    expect(changes.filter(([, , state]) => state === 'accepted')).toHaveLength(2);
    // A device of another batch does not belong here.
    expect(JSON.stringify(changes)).not.toContain('02:40:00:00:00:40');
  });

  it('is signed off by QA', async () => {
    expect(await last(['sign-off', '--batch', 'WO-1', '--role', 'technician'])).toMatchObject({ exitCode: 3, event: { code: 'not-allowed', field: 'role' } });
    expect(await last(['sign-off', '--batch', 'WO-9', '--remark', 'x'])).toMatchObject({ exitCode: 3, event: { code: 'no-such-device', field: 'batch' } });
    expect(await last(['sign-off', '--batch', 'WO-2'])).toMatchObject({ exitCode: 2, event: { code: 'usage', field: 'remark' } });
    expect(await last(['sign-off', '--batch', 'WO-1', '--role', 'qa', '--operator', 'Quentin'])).toMatchObject({ exitCode: 0, event: { batch: 'WO-1', by: 'Quentin', total: 2, accepted: 2 } });
  });

  it('is a table on a terminal, and Ctrl-C ends it', async () => {
    const { program, rest } = imprintCommand(['status', '--watch', '--profile', line.profile, '--data', `${line.folder}/data`, '--interval', '1']);
    const terminal = openTerminal(`stty cols 120 rows 24; exec ${[program, ...rest].map(quoted).join(' ')}`, { TEST_PASSWORD: line.server.password });
    await terminal.shows('STATE');
    await terminal.shows('2 accepted');
    terminal.type('\u0003');
    const { exitCode, screen } = await terminal.ended;
    expect(exitCode).toBe(0);
    expect(screen).toMatch(/accepted +mac 02:40:00:00:00:01 +WO-1/);
    expect(screen).toMatch(/waiting +mac 02:40:00:00:00:40/);
  });

  it('goes on while the server is away', async () => {
    await line.stopServer();
    const watch = line.start(['watch', '--profile', line.profile, '--interval', '1', '--json']);
    await watch.waitFor((event) => event['event'] === 'warning' && /cannot be reached/.test(String(event['sentence'])));
    watch.child.kill('SIGINT');
    expect((await watch.done).exitCode).toBe(0);
    await line.startServer();
  });
});
