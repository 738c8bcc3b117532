/** The log of the record at the command line, over a real station that made a device. */
import { copyFileSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';

import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openCheckpoint } from '../../main/ledger/checkpoint';
import { parseVerifierKey, signatureTypes, verifierKey, verifierKeyText } from '../../main/ledger/note';
import { verifyReceipt } from '../../main/ledger/tlog-proof';
import { keyNamed } from '../support/log';
import { imprint, temporaryFolder, type CommandResult } from '../support/station';

let folder: string;
let data: string;

const mac = '02:00:00:00:10:01';
const log = (...args: string[]): Promise<CommandResult> => imprint(['log', ...args, '--practice', '--data', data, '--json']);
const result = ({ events }: CommandResult): Readonly<Record<string, unknown>> => events.find(({ event }) => event === 'result') ?? {};
const practice = (...args: string[]): Promise<CommandResult> => imprint(['practice', '--identity', ...args, '--data', data, '--json']);

beforeAll(async () => {
  folder = temporaryFolder();
  data = join(folder, 'data');
  const made = await practice(`mac=${mac}`);
  expect(made.exitCode, made.stderr).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('imprint log', () => {
  it('has the whole life of a device, signed when its job had ended', async () => {
    const status = result(await log());
    expect(status).toMatchObject({ checkpoint: status['size'] });
    expect(status['size']).toBeGreaterThanOrEqual(10);
    const checked = await log('check');
    expect(checked.exitCode).toBe(0);
    expect(result(checked)).toMatchObject({ sound: true, devices: 1 });
    const { key } = result(await log('key'));
    expect(key).toBe(status['key']);
    const signed = result(await log('checkpoint'));
    expect(openCheckpoint(String(signed['checkpoint']), [parseVerifierKey(String(key))]).checkpoint.size).toBe(status['size']);
    expect(statSync(join(data, 'practice', 'keyring', 'log-key.pem')).mode & 0o777).toBe(0o600);
  });

  it('gives a receipt that proves the key of a device', async () => {
    const path = join(folder, 'device.tlog-proof');
    expect((await log('receipt', '--identity', `mac=${mac}`, '-o', path)).exitCode).toBe(0);
    const { key } = result(await log('key'));
    const { entry } = verifyReceipt(readFileSync(path, 'utf8'), [parseVerifierKey(String(key))]);
    const { event, data: told } = JSON.parse(Buffer.from(entry).toString('utf8')) as { event: string; data: Record<string, string> };
    expect(event).toBe('key-generated');
    expect(createHash('sha256').update(Buffer.from(told['spki'] ?? '', 'base64')).digest('hex')).toBe(told['fingerprint']);
    expect((await log('receipt', '--identity', `mac=${mac}`, '--entry', '0', '-o', path)).exitCode).toBe(3);
  });

  it('proves between two of its heads that nothing was changed, and a stranger can check that', async () => {
    const [older, proof, receipt] = ['older.txt', 'proof', 'device.tlog-proof'].map((name) => join(folder, name)) as [string, string, string];
    writeFileSync(older, String(result(await log('checkpoint'))['checkpoint']));
    expect((await practice('mac=02:00:00:00:10:09')).exitCode).toBe(0);
    expect((await log('consistency', '--from', older, '-o', proof)).exitCode).toBe(0);
    const key = String(result(await log('key'))['key']);
    const verify = (...args: string[]): Promise<CommandResult> => imprint(['verify-proof', ...args, '--data', join(folder, 'elsewhere'), '--json']);
    const held = await verify(proof, '--key', key, '--anchor', older);
    expect(held.exitCode, held.stderr).toBe(0);
    expect(Number(result(held)['newer'])).toBeGreaterThan(Number(result(held)['older']));
    expect(result(await verify(receipt, '--key', key))).toMatchObject({ kind: 'receipt', of: 'key-generated' });
    expect(existsSync(join(folder, 'elsewhere'))).toBe(false);

    const changed = readFileSync(older, 'utf8').replace(/\n\d+\n/, '\n3\n');
    writeFileSync(join(folder, 'changed.txt'), changed);
    expect((await verify(proof, '--key', key, '--anchor', join(folder, 'changed.txt'))).exitCode).toBe(8);
    writeFileSync(join(folder, 'changed-proof'), readFileSync(proof, 'utf8').replace(/^old \d+/, 'old 3'));
    expect((await verify(join(folder, 'changed-proof'), '--key', key, '--anchor', older)).exitCode).toBe(8);
    const stranger = keyNamed('stranger');
    const other = verifierKeyText(verifierKey(parseVerifierKey(key).name, signatureTypes.ed25519, stranger.publicKey));
    expect((await verify(receipt, '--key', other)).exitCode).toBe(8);
    expect((await verify(proof, '--key', key)).exitCode).toBe(2);
    expect((await verify(join(folder, 'nothing'), '--key', key)).exitCode).toBe(3);
    writeFileSync(join(folder, 'noise'), 'no proof at all');
    expect((await verify(join(folder, 'noise'), '--key', key, '--anchor', older)).exitCode).toBe(8);
    // A head that this log has not come to.
    rmSync(join(folder, 'proof'));
    expect((await log('consistency', '--from', join(folder, 'nothing'), '-o', proof)).exitCode).toBe(3);
    expect(existsSync(proof)).toBe(false);
  });

  it('anchors to a file, keeps a witness\'s word, and renews its key', async () => {
    const path = join(folder, 'anchors.txt');
    expect((await log('anchor', '--file', path)).exitCode).toBe(0);
    const note = readFileSync(path, 'utf8');
    const seed = keyNamed('witness');
    const witness = verifierKey('witness.example', signatureTypes.cosignatureV1, seed.publicKey);
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(1_800_000_000n);
    const signature = seed.sign(Buffer.from(`cosignature/v1\ntime 1800000000\n${note.slice(0, note.indexOf('\n\n') + 1)}`));
    const id = Buffer.alloc(4);
    id.writeUInt32BE(witness.id);
    writeFileSync(join(folder, 'reply'), `\u2014 witness.example ${Buffer.concat([id, time, signature]).toString('base64')}\n`);
    const cosigned = await log('cosign', '--file', join(folder, 'reply'), '--witness', verifierKeyText(witness));
    expect(cosigned.exitCode, cosigned.stderr).toBe(0);
    const before = parseVerifierKey(String(result(await log('key'))['key']));
    expect(openCheckpoint(String(result(cosigned)['checkpoint']), [before], [witness]).cosignatures).toHaveLength(1);
    expect((await imprint(['log', 'renew-key', '--role', 'technician', '--practice', '--data', data])).exitCode).toBe(3);
    const renewed = String(result(await log('renew-key'))['key']);
    expect(renewed).not.toBe(verifierKeyText(before));
    expect(result(await log('check'))).toMatchObject({ sound: true });
  });

  it('stops the bench where the record is not what was signed, and says where', async () => {
    const record = join(data, 'practice', 'record.sqlite');
    copyFileSync(record, join(folder, 'kept'));
    const connection = new Database(record);
    connection.exec('DROP TRIGGER log_entries_refuse_update');
    connection.exec(`UPDATE log_entries SET entry = replace(entry, '"slot":"', '"slot":"x') WHERE event = 'written'`);
    connection.close();
    const checked = await log('check');
    expect(checked.exitCode).toBe(8);
    expect(checked.stderr).toMatch(/entry \d+ is not what it was when it was logged/);
    const made = await practice('mac=02:00:00:00:10:02');
    expect(made.exitCode).toBe(8);
    expect(made.stderr).toContain('No device is made');
    copyFileSync(join(folder, 'kept'), record);
    expect((await log('check')).exitCode).toBe(0);
    expect((await practice('mac=02:00:00:00:10:03')).exitCode).toBe(0);
    expect(existsSync(join(data, 'practice', 'log-broken.txt'))).toBe(false);
  });
});
