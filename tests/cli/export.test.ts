/** Exports for auditors at the command line, checked with what an auditor has: openssl, plain Node, and verify-export. */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifierKeyText } from '../../main/ledger/note';
import { keyNamed } from '../support/log';
import { fillLog, opensslVerdict, recordSigner, scriptVerdict, tamper } from '../support/recorded-log';
import { everyStep } from '../support/faults';
import { environment, imprint, imprintCommand, startImprint, temporaryFolder, type CommandResult } from '../support/station';

describe('export and verify-export at the command line', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const record = join(data, 'station', 'record.sqlite');
  const key = verifierKeyText(recordSigner.key);

  beforeAll(async () => {
    await stationIn(data);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A station whose record has sixty devices, with the log's key where a session without a keyring keeps it. */
  async function stationIn(place: string, ...filling: Parameters<typeof fillLog> extends [string, ...infer Rest] ? Partial<Rest> : never): Promise<void> {
    const keyring = join(place, 'station', 'keyring');
    mkdirSync(keyring, { recursive: true, mode: 0o700 });
    writeFileSync(join(keyring, 'log-key.pem'), keyNamed('log key').privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600 });
    await fillLog(join(place, 'station', 'record.sqlite'), filling[0] ?? 60, filling[1], filling[2]);
  }

  const exported = (name: string, ...more: readonly string[]): Promise<CommandResult> => imprint(['export', '--to', join(folder, name), '--json', '--role', 'auditor', '--operator', 'Ada', '--data', data, ...more]);
  const verified = (name: string, ...more: readonly string[]): Promise<CommandResult> => imprint(['verify-export', join(folder, name), '--json', '--data', join(folder, 'auditor'), ...more]);
  const refusal = async (result: Promise<CommandResult>): Promise<unknown> => (await result).events.at(-1);

  it('is made by an auditor, and accepted by openssl, the script in it and another Imprint', async () => {
    const before = createHash('sha256').update(readFileSync(record)).digest('hex');
    const result = await exported('whole', '--public-keys', '--receipts');
    expect(result.exitCode).toBe(0);
    expect(result.events.filter(({ event }) => event === 'progress').at(-1)).toMatchObject({ phase: 'export', unit: 'entries', doneBytes: 453, totalBytes: 453 });
    expect(result.events.filter(({ event }) => event === 'warning')).toMatchObject([{ sentence: expect.stringMatching(/export-key\.pem as it is, because it came to this station without a desktop keyring/) }]);
    expect(result.events.at(-1)).toMatchObject({ event: 'result', devices: 60, entries: 151, files: 130, logKey: key, origin: 'line-a.example/log' });
    expect(createHash('sha256').update(readFileSync(record)).digest('hex')).toBe(before);
    expect(statSync(join(data, 'station', 'keyring', 'export-key.pem')).mode & 0o777).toBe(0o600);
    const whole = join(folder, 'whole');
    expect(JSON.parse(readFileSync(join(whole, 'manifest.json'), 'utf8'))).toMatchObject({ madeBy: 'Ada', devices: 60, selection: {} });
    expect(await opensslVerdict(whole)).toMatchObject({ code: 0 });
    expect(await scriptVerdict(whole, '--key', key)).toMatchObject({ code: 0 });
    const check = await verified('whole', '--key', key, '--anchor', join(whole, 'anchors.txt'));
    expect(check.exitCode).toBe(0);
    expect(check.events).toMatchObject([{ event: 'result', total: 0, findings: [], devices: 60, anchors: 2, signature: { subject: 'CN=Line A: exports of Imprint', fingerprint: result.events.at(-1)?.['certificateSha256'] } }]);
    expect(readFileSync(join(whole, 'summary.pdf'), 'latin1')).toMatch(/^%PDF-/);
  });

  it('is of a selection, as one zip, and signed with the same key again', async () => {
    const result = await exported('some.zip', '--zip', '--no-pdf', '--from', '2026-11-22', '--until', '2026-11-22T00:30:00Z', '--state', 'accepted', '--state', 'released', '--batch', 'WO-2', '--profile', 'gateway');
    expect(result.events.at(-1)).toMatchObject({ event: 'result', devices: 5 });
    expect(execFileSync('unzip', ['-Z1', join(folder, 'some.zip')], { encoding: 'utf8' }).split('\n')).not.toContain('summary.pdf');
    const whole = (await verified('whole')).events;
    const some = (await verified('some.zip')).events;
    expect(some[0]).toMatchObject({ total: 0, devices: 5, signature: whole[0]?.['signature'] });
    // Without a key of one's own the export is held against itself, which is said.
    expect(some[1]).toMatchObject({ event: 'notice', sentence: expect.stringContaining('came with the export') });
    expect((await exported('none', '--batch', 'nobody')).events.at(-1)).toMatchObject({ devices: 0, entries: 151 });
    expect((await exported('until', '--until', '2026-11-21')).events.at(-1)).toMatchObject({ devices: 0 });
    expect((await exported('day', '--until', '2026-11-22')).events.at(-1)).toMatchObject({ devices: 60 });
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ['one byte of a CSV was changed', (path) => changeFile(path, (text) => text.replace(',accepted,', ',bccepted,')), /devices\.csv line 2: the row of entry 1 was changed \(state\)/],
    ['a row was removed', (path) => changeFile(path, (text) => lines(text, (all) => all.filter((_, at) => at !== 7))), /devices\.csv: the row of entry 16 \(device device-6\) was removed/],
    ['two rows were swapped', (path) => changeFile(path, (text) => lines(text, (all) => all.map((line, at) => all[at === 7 ? 8 : at === 8 ? 7 : at] ?? line))), /devices\.csv line [89]: the row of entry \d+ stands in another place/],
  ])('is refused after %s', async (what, change, named) => {
    const name = what.replaceAll(' ', '-');
    cpSync(join(folder, 'whole'), join(folder, name), { recursive: true });
    change(join(folder, name, 'devices.csv'));
    const script = await scriptVerdict(join(folder, name));
    expect(script.code).toBe(1);
    expect(script.output).toMatch(named);
    const check = await verified(name);
    expect(check.exitCode).toBe(8);
    expect(check.events[0]).toMatchObject({ event: 'result', sentence: expect.stringContaining('cannot be relied on') });
    expect((check.events[0]?.['findings'] as string[]).join('\n')).toMatch(named);
    // Whoever makes the manifest fit again is found out by openssl.
    const manifest = join(folder, name, 'manifest.json');
    const hash = createHash('sha256').update(readFileSync(join(folder, name, 'devices.csv'))).digest('hex');
    changeFile(manifest, (text) => text.replace(/("name": "devices\.csv",\s+"bytes": \d+,\s+"sha256": ")[0-9a-f]+/, `$1${hash}`));
    const openssl = await opensslVerdict(join(folder, name));
    expect(openssl.output).toContain('Verification failure');
    expect(openssl.code).not.toBe(0);
  });

  it('is refused after an entry was altered in SQLite before it', async () => {
    const altered = join(folder, 'altered-station');
    cpSync(data, altered, { recursive: true });
    tamper(join(altered, 'station', 'record.sqlite'), (database) => {
      const { entry } = database.prepare('SELECT entry FROM log_entries WHERE seq = 11').get() as { entry: string };
      database.prepare('UPDATE log_entries SET entry = ? WHERE seq = 11').run(entry.replace('"by":"Ana"', '"by":"Bob"'));
    });
    expect((await exported('altered', '--data', altered)).exitCode).toBe(0);
    expect(await opensslVerdict(join(folder, 'altered'))).toMatchObject({ code: 0 });
    expect((await scriptVerdict(join(folder, 'altered'))).code).toBe(1);
    const check = await verified('altered');
    expect(check.exitCode).toBe(8);
    expect(check.events[0]?.['findings']).toContain('entries.jsonl line 12: entry 11 was changed after it was logged');
  });

  it('is refused after history was rewritten and signed with the key of the station, where an older anchor is at hand', async () => {
    const rewritten = join(folder, 'rewritten-station');
    await stationIn(rewritten, 60, (number: number) => (number === 3 ? { batch: 'WO-other' } : {}), false);
    expect((await exported('rewritten', '--data', rewritten)).exitCode).toBe(0);
    const anchor = join(folder, 'whole', 'anchors.txt');
    const script = await scriptVerdict(join(folder, 'rewritten'), '--key', key, '--anchor', anchor);
    expect(script.code).toBe(1);
    expect(script.output).toContain('history was rewritten');
    const check = await verified('rewritten', '--key', key, '--anchor', anchor);
    expect(check.exitCode).toBe(8);
    expect(check.events[0]?.['findings']).toEqual([expect.stringContaining('history was rewritten')]);
  });

  it('is signed with a key that an authority gave out, after it was imported', async () => {
    const other = join(folder, 'other-station');
    cpSync(data, other, { recursive: true });
    const pem = (name: string): string => join(folder, name);
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', pem('audit.key'), '-out', pem('audit.pem'), '-subj', '/CN=Audit GmbH', '-days', '30'], { stdio: 'ignore' });
    execFileSync('openssl', ['pkcs12', '-export', '-inkey', pem('audit.key'), '-in', pem('audit.pem'), '-out', pem('audit.p12'), '-passout', 'pass:geheim'], { stdio: 'ignore' });
    const importKey = (password: string, ...more: readonly string[]): Promise<{ code: number; output: string }> => withInput(['export-key', 'import', pem('audit.p12'), '--data', other, ...more], `${password}\n`);
    expect(await importKey('wrong')).toMatchObject({ code: 3, output: expect.stringContaining('password is wrong') });
    expect(await importKey('geheim', '--role', 'auditor')).toMatchObject({ code: 3, output: expect.stringContaining('may not replace the key that signs exports') });
    const done = await importKey('geheim', '--role', 'admin');
    expect(done).toMatchObject({ code: 0, output: expect.stringContaining('Exports are signed as CN=Audit GmbH') });
    expect(done.output).not.toContain('geheim');
    expect((await exported('audited', '--data', other)).exitCode).toBe(0);
    expect(readFileSync(join(folder, 'audited', 'export-certificate.pem'), 'utf8')).toBe(readFileSync(pem('audit.pem'), 'utf8'));
    expect(await opensslVerdict(join(folder, 'audited'))).toMatchObject({ code: 0 });
    expect((await verified('audited')).events[0]).toMatchObject({ total: 0, signature: { subject: 'CN=Audit GmbH' } });
    expect(await refusal(imprint(['export-key', 'import', join(folder, 'nowhere.p12'), '--json', '--data', other]))).toMatchObject({ code: 'export-key-invalid', field: 'FILE' });
    expect(await refusal(imprint(['export-key', 'show', '--json', '--data', other]))).toMatchObject({ code: 'usage' });
  });

  it('leaves nothing where it was interrupted', async () => {
    const large = join(folder, 'large-station');
    await stationIn(large, 4000);
    const running = startImprint(['export', '--to', join(folder, 'interrupted'), '--receipts', '--json', '--data', large]);
    await running.waitFor(({ event }) => event === 'progress');
    running.child.kill('SIGINT');
    const result = await running.done;
    expect(result.events.at(-1)).toMatchObject({ event: 'error', code: 'cancelled' });
    expect(result.exitCode).toBe(9);
    expect(readdirSync(folder).filter((name) => name.startsWith('interrupted'))).toEqual([]);
  });

  it.runIf(everyStep)('refuses what cannot be meant, and makes nothing', async () => {
    const wrong = (...more: readonly string[]): Promise<unknown> => refusal(exported('wrong', ...more));
    expect(await wrong('--from', 'yesterday')).toMatchObject({ code: 'usage', expected: expect.stringContaining('--from 2026-11-22') });
    expect(await wrong('--from', '2026-02-30')).toMatchObject({ code: 'usage' });
    expect(await wrong('--from', '2026-11-23', '--until', '2026-11-22')).toMatchObject({ code: 'usage', exitCode: 2 });
    expect(await wrong('--state', 'lost')).toMatchObject({ code: 'usage', expected: expect.stringContaining('accepted') });
    expect(await wrong('--batch', '')).toMatchObject({ event: 'error' });
    expect(await wrong('--profile', '')).toMatchObject({ code: 'usage' });
    expect(await wrong('--pdf', '--no-pdf')).toMatchObject({ code: 'usage' });
    expect(await wrong('more')).toMatchObject({ code: 'usage' });
    expect(await wrong('--role', 'visitor')).toMatchObject({ code: 'usage' });
    expect(await refusal(imprint(['export', '--json', '--data', data]))).toMatchObject({ code: 'usage' });
    expect(await wrong('--data', join(folder, 'empty'))).toMatchObject({ code: 'record-unavailable', exitCode: 8 });
    expect(existsSync(join(folder, 'wrong'))).toBe(false);
    expect(await refusal(exported('whole'))).toMatchObject({ code: 'export-unwritable', field: '--to', exitCode: 3 });
    expect(await refusal(exported('no/such/folder'))).toMatchObject({ code: 'export-unwritable' });
    rmSync(join(folder, 'altered-station', 'station', 'keyring', 'log-key.pem'));
    expect(await wrong('--data', join(folder, 'altered-station'))).toMatchObject({ code: 'credential-missing', exitCode: 3 });
    expect(await refusal(verified('nowhere'))).toMatchObject({ code: 'export-unreadable', exitCode: 3 });
    expect(await refusal(verified('whole', '--anchor', join(folder, 'nowhere')))).toMatchObject({ code: 'export-unreadable', field: '--anchor' });
    expect(await refusal(imprint(['verify-export', '--json']))).toMatchObject({ code: 'usage' });
    const other = await verified('whole', '--key', verifierKeyText(recordSigner.key).replace('line-a', 'line-b'));
    expect(other.exitCode).toBe(8);
    expect(existsSync(join(folder, 'auditor'))).toBe(false);
  });
});

function changeFile(path: string, change: (text: string) => string): void {
  const before = readFileSync(path, 'utf8');
  const after = change(before);
  expect(after).not.toBe(before);
  writeFileSync(path, after);
}

function lines(text: string, change: (all: string[]) => string[]): string {
  return `${change(text.slice(0, -1).split('\n')).join('\n')}\n`;
}

function withInput(args: readonly string[], input: string): Promise<{ code: number; output: string }> {
  const { program, rest } = imprintCommand(args);
  return new Promise((resolve) => {
    const child = execFile(program, rest, { env: environment({}) }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr }));
    child.stdin?.end(input);
  });
}
