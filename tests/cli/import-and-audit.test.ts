/** Devices of other tools, and the comparison of the record with the server. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newKey } from '../contract/mender-fixture';
import { openCommandLine, type CommandLine } from '../support/line-commands';
import { imprint } from '../support/station';

describe('import and audit at the command line', () => {
  const [made, foreign] = ['02:43:00:00:00:01', '02:43:00:00:00:02'];
  const key = newKey();
  const base64 = key.pem.replace(/-----[A-Z ]+-----|\s/g, '');
  let line: CommandLine;

  beforeAll(async () => {
    line = await openCommandLine();
    await line.make(made, ['--batch', 'WO-1']);
  });

  afterAll(async () => {
    await line.close();
  });

  const file = (name: string, text: string): string => {
    const path = join(line.folder, name);
    writeFileSync(path, text);
    return path;
  };
  const audit = (...more: string[]) => line.run(['audit', '--profile', line.profile, ...more]);

  it('imports nothing where a line is wrong, and names it', async () => {
    const wrong = file('wrong.csv', `identity.mac,public_key\n${foreign},${base64}\n02:43:00:00:00:03,nonsense\n`);
    const result = await line.run(['import', '--file', wrong, '--json']);
    expect(result.exitCode).toBe(3);
    expect(result.events.at(-1)).toMatchObject({ event: 'error', code: 'import-invalid', field: 'line 3, column public_key' });
    expect((await line.run(['import', '--file', join(line.folder, 'nowhere.csv'), '--json'])).events.at(-1)).toMatchObject({ code: 'import-invalid', field: '--file' });
    expect((await line.run(['import', '--json'])).events.at(-1)).toMatchObject({ code: 'usage', exitCode: 2 });
    const good = file('good.csv', `identity.mac,public_key\n${foreign},${base64}\n`);
    expect((await line.run(['import', '--file', good, '--role', 'qa', '--json'])).events.at(-1)).toMatchObject({ code: 'not-allowed' });
    expect((await line.run(['import', '--file', good, '--json'])).events.at(-1)).toMatchObject({ event: 'result', added: 1, known: 0 });
    expect((await line.run(['import', '--file', good, '--json'])).events.at(-1)).toMatchObject({ event: 'result', added: 0, known: 1 });
  });

  it('refuses to make a device that was imported', async () => {
    const result = await line.run(['provision', '--profile', line.profile, '--identity', `mac=${foreign}`, '--target', line.card(foreign), '--json']);
    expect(result.events.at(-1)).toMatchObject({ code: 'identity-recorded', exitCode: 4 });
  });

  it('compares both ways, with exit code 4 where something differs', async () => {
    const first = await audit('--json');
    expect(first.exitCode).toBe(4);
    expect(first.events.filter((event) => event['kind'] !== undefined)).toMatchObject([{ kind: 'foreign-missing', identity: { mac: foreign } }]);
    expect(first.events.at(-1)).toMatchObject({ recorded: 2, atServer: 1, matching: 1, findings: 1, complete: true });
    await line.raw.preauthorize({ mac: foreign }, key.pem);
    const equal = await audit();
    expect(equal.stdout).toBe('2 devices recorded, 2 at the server, 2 the same, 0 findings.\n');
    expect(equal.exitCode).toBe(0);
    await line.raw.preauthorize({ mac: '02:43:00:00:00:09' }, newKey().pem);
    const csv = await audit('--csv');
    expect(csv.exitCode).toBe(4);
    const rows = csv.stdout.trim().split('\n');
    expect(rows[0]).toBe('"finding","identity","device","server_device","sentence"');
    expect(rows[1]).toMatch(/^"only-at-server","\{""mac"":""02:43:00:00:00:09""\}"/);
    expect(rows).toHaveLength(2);
    expect((await audit('--csv', '--json')).events.at(-1)).toMatchObject({ code: 'usage' });
    expect((await line.run(['audit', '--json'])).events.at(-1)).toMatchObject({ code: 'usage' });
  });

  it('exports what another station can import', async () => {
    const exported = (await line.run(['list', '--csv', '--batch', 'WO-1'])).stdout;
    expect(exported.trim().split('\n')).toHaveLength(2);
    const path = file('exported.csv', exported);
    expect((await imprint(['import', '--file', path, '--data', join(line.folder, 'another-station'), '--json'])).events.at(-1)).toMatchObject({ event: 'result', added: 1 });
  });
});
