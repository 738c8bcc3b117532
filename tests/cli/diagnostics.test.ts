/** A station that works with secrets of every kind, and a diagnostics bundle that has none of them in any form. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodedPracticeImage } from '../support/practice-image';
import { openCommandLine, keyOnCard, type CommandLine } from '../support/line-commands';
import { secretPieces, scanFiles } from '../support/secret-scan';

/** Every form in which a key may have been printed: PEM and raw numbers, and DER and numbers as hexadecimal and base64. */
function formsOf(pem: string): Buffer[] {
  const der = Buffer.from(pem.split('\n').slice(1, -2).join(''), 'base64');
  // The head of the DER says which algorithm, which is no secret, and the end of an EC key is its public half.
  const numbers = secretPieces(pem).filter((piece) => piece.length === 24 && !/^[A-Za-z0-9+/=]+$/.test(piece.toString('latin1')));
  const texts = [der.subarray(36, 66), ...numbers].flatMap((bytes) => [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    // base64 of bytes depends on where among three it begins.
    ...[0, 1, 2].map((at) => bytes.subarray(at, at + 3 * Math.floor((bytes.length - at) / 3)).toString('base64')),
    ...[0, 1, 2].map((at) => bytes.subarray(at, at + 3 * Math.floor((bytes.length - at) / 3)).toString('base64url')),
  ]);
  return [...secretPieces(pem), ...texts.map((text) => Buffer.from(text, 'latin1'))];
}

function formsOfText(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  return [secret, bytes.toString('hex'), bytes.toString('base64'), encodeURIComponent(secret)].map((text) => Buffer.from(text));
}

const secrets = { token: 'tok-3fZ9q-planted-personal-access', webhook: 'whsec_cGxhbnRlZC1ob29rLXNlY3JldC0wMQ==', wrongPassword: 'Planted.Wrong.Pass-77', pin: '830194726518' } as const;
const macs = ['02:77:00:00:00:01', '02:77:00:00:00:02'] as const;
let line: CommandLine;
const bundle = (): string => join(line.folder, 'bundle.zip');

describe('a diagnostics bundle', () => {
  beforeAll(async () => {
    line = await openCommandLine();
    const station = join(line.folder, 'data/station');
    mkdirSync(station, { recursive: true, mode: 0o700 });
    writeFileSync(join(station, 'settings.json'), JSON.stringify({ version: 1, webhooks: [{ url: 'https://hooks.example.com/services/T0/planted-path', events: ['device.preauthorized'], secret: { environment: 'HOOK_SECRET' } }] }));
    await line.make(macs[0], ['--batch', 'WO-7']);
    // Errors with what was given in them: a taken identity, a wrong password, a token that is none.
    await line.run(['provision', '--profile', line.profile, '--identity', `mac=${macs[0]}`, '--target', line.card(macs[1])]);
    await line.run(['provision', '--profile', line.profile, '--identity', `mac=${macs[1]}`, '--target', line.card(macs[1])], { TEST_PASSWORD: secrets.wrongPassword });
    const byToken = line.profileFile('token', { name: 'by token', server: { url: line.server.url, caFile: line.server.caFile, credentials: { token: { environment: 'TEST_TOKEN' } } }, image: await decodedPracticeImage(line.folder) });
    await line.run(['provision', '--profile', byToken, '--identity', `mac=${macs[1]}`, '--target', line.card(macs[1])], { TEST_TOKEN: secrets.token });
    await line.run(['operators', 'init', '--admin', 'Ana'], { IMPRINT_NEW_PIN: secrets.pin });
    await line.run(['list', '--operator', 'Ana'], { IMPRINT_PIN: secrets.pin, HOOK_SECRET: secrets.webhook });
    const made = await line.run(['diagnostics', '-o', bundle(), '--profile', byToken], { TEST_TOKEN: secrets.token, HOOK_SECRET: secrets.webhook, IMPRINT_PIN: secrets.pin });
    expect([made.exitCode, made.stderr]).toEqual([0, expect.any(String)]);
    mkdirSync(join(line.folder, 'unpacked'));
    execFileSync('unzip', ['-q', bundle(), '-d', join(line.folder, 'unpacked')]);
  });
  afterAll(async () => {
    await line.close();
  });

  const read = (name: string): string => readFileSync(join(line.folder, 'unpacked', name), 'utf8');

  it('has what whoever helps needs', () => {
    expect(readdirSync(join(line.folder, 'unpacked')).sort()).toEqual(['README.txt', 'drives.json', 'errors.jsonl', 'health.json', 'jobs.json', 'profiles.json', 'settings.json', 'versions.json']);
    expect(statSync(bundle()).mode & 0o777).toBe(0o600);
    expect(JSON.parse(read('versions.json'))).toMatchObject({ version: expect.any(String), electron: expect.any(String), missing: [] });
    expect((JSON.parse(read('health.json')) as { findings: unknown[] }).findings.length).toBeGreaterThan(12);
    expect((JSON.parse(read('profiles.json')) as { name: string }[]).map(({ name }) => name)).toEqual(['by token', 'line']);
    expect(JSON.parse(read('settings.json'))).toMatchObject({ webhooks: [{ origin: 'https://hooks.example.com', secretFrom: 'environment' }] });
    const errors = read('errors.jsonl').trim().split('\n').map((each) => JSON.parse(each) as { code: string; from: string; name: string });
    expect(errors.map(({ code }) => code)).toEqual(['identity-recorded', 'server-sign-in-refused', 'server-sign-in-refused']);
    expect(errors.map(({ from, name }) => [from, name])).toEqual(errors.map(() => ['command', 'provision']));
  });

  it('has no secret in any form, and the same search finds every one of them where it is', async () => {
    const { privateKey } = await keyOnCard(line.card(macs[0]));
    const logKey = join(line.folder, 'data/station/keyring/log-key.pem');
    const pems = [privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), ...(existsSync(logKey) ? [readFileSync(logKey, 'utf8')] : [])];
    const texts = [line.server.password, line.server.username, secrets.token, secrets.webhook, secrets.wrongPassword, secrets.pin, 'planted-path', ...macs, macs[0].replaceAll(':', ''), 'WO-7'];
    const searched = [...pems.flatMap(formsOf), ...texts.flatMap(formsOfText)];
    expect(scanFiles(join(line.folder, 'unpacked'), searched, 0)).toEqual([]);
    expect(scanFiles(line.folder, [Buffer.from('planted-path')], 0)).not.toEqual([]);
    for (const [index, pem] of pems.entries()) {
      const folder = join(line.folder, `proof-${String(index)}`);
      mkdirSync(folder);
      const der = Buffer.from(pem.split('\n').slice(1, -2).join(''), 'base64');
      for (const [name, form] of [['pem', pem], ['der', der], ['hex', der.toString('hex')], ['base64', der.toString('base64')], ['url', der.toString('base64url')]] as const) writeFileSync(join(folder, name), form);
      expect(scanFiles(folder, formsOf(pem), 0)).toHaveLength(5);
    }
    // Keys of other kinds are found by the same search.
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    writeFileSync(join(line.folder, 'proof-0/rsa'), Buffer.from(rsa.split('\n').slice(1, -2).join(''), 'base64').toString('hex'));
    expect(scanFiles(join(line.folder, 'proof-0'), formsOf(rsa), 0)).toHaveLength(1);
  });

  it('replaces nothing and goes into no folder of the station', async () => {
    const before = readFileSync(bundle());
    expect((await line.run(['diagnostics', '-o', bundle()])).exitCode).toBe(3);
    expect(readFileSync(bundle()).equals(before)).toBe(true);
    const inside = await line.run(['diagnostics', '--json', '-o', join(line.folder, 'data/bundle.zip')]);
    expect(inside.events.at(-1)).toMatchObject({ code: 'export-unwritable' });
  });
});
