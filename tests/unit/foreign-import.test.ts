import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPublicKey } from '../../main/compose/public-keys';
import { readCsv } from '../../main/domain/csv';
import { importForeignDevices, parseForeignDevices } from '../../main/station/foreign-import';
import { newIdentity, newKey } from '../contract/mender-fixture';
import { openLine, type Line } from '../support/line';

const parse = (text: string) => parseForeignDevices(text, 'devices.csv', 'Ana', '2026-11-22T08:00:00.000Z', readPublicKey);
const base64 = (pem: string): string => pem.replace(/-----[A-Z ]+-----|\s/g, '');
const quoted = (text: string): string => `"${text.replace(/"/g, '""')}"`;

const [one, two] = [newKey('ec-p256'), newKey('ed25519')];
const first = '{"mac":"02:00:00:00:00:01"}';
const second = '{"mac":"02:00:00:00:00:02"}';

describe('CSV', () => {
  it('is read as RFC 4180 has it, with the line of every row', () => {
    expect(readCsv('a,b\r\n"x, ""y""\nz",2\n,\n')).toEqual([
      { line: 1, values: ['a', 'b'] },
      { line: 2, values: ['x, "y"\nz', '2'] },
      { line: 4, values: ['', ''] },
    ]);
    expect(readCsv('\uFEFFa;b\n1,5;2')).toEqual([
      { line: 1, values: ['a', 'b'] },
      { line: 2, values: ['1,5', '2'] },
    ]);
    expect(readCsv('')).toEqual([]);
  });

  it.each([
    ['a\n"b', /line 2.*not closed/],
    ['a\nb"c', /line 2.*middle/],
    ['a\n"b"c', /line 2.*behind/],
  ])('with a stray quotation mark is refused', (text, sentence) => {
    expect(() => readCsv(text)).toThrow(sentence);
  });
});

describe('a file of devices', () => {
  it('has the identity as JSON or in columns, and the key as PEM or base64', () => {
    const json = parse(`identity,public_key\n${quoted(first)},${base64(one.pem)}\n${quoted(second)},${quoted(two.pem)}\n`);
    expect(json).toEqual([
      { identity: { mac: '02:00:00:00:00:01' }, fingerprint: one.publicKey.fingerprint, publicKeyPem: one.pem, source: 'devices.csv', importedBy: 'Ana', importedAt: '2026-11-22T08:00:00.000Z' },
      { identity: { mac: '02:00:00:00:00:02' }, fingerprint: two.publicKey.fingerprint, publicKeyPem: two.pem, source: 'devices.csv', importedBy: 'Ana', importedAt: '2026-11-22T08:00:00.000Z' },
    ]);
    const columns = parse(`identity.mac;note;identity.serial;public_key\n02:00:00:00:00:01;x;7;${base64(one.pem)}\n\n`);
    expect(columns).toMatchObject([{ identity: { mac: '02:00:00:00:00:01', serial: '7' } }]);
    // The same line twice is one device.
    expect(parse(`identity,public_key\n${quoted(first)},${base64(one.pem)}\n${quoted(first)},${base64(one.pem)}\n`)).toHaveLength(1);
  });

  it('may be the export of another station, without what its server does not expect', () => {
    const text = `device,identity,state,public_key\n1,${quoted(first)},accepted,${base64(one.pem)}\n2,${quoted(second)},released,\n`;
    expect(parse(text)).toMatchObject([{ identity: { mac: '02:00:00:00:00:01' } }]);
  });

  it.each<[string, string, string, RegExp]>([
    ['is empty', '', 'line 1', /empty/],
    ['has no column for the key', `identity\n${quoted(first)}\n`, 'line 1, column public_key', /no such column/],
    ['has no column for the identity', `public_key\n${base64(one.pem)}\n`, 'line 1, column identity', /identity/],
    ['has both kinds of identity', `identity,identity.mac,public_key\n`, 'line 1, column identity', /not both/],
    ['has a column twice', `identity,public_key,public_key\n`, 'line 1, column public_key', /twice/],
    ['has a short line', `identity,public_key\n${quoted(first)},${base64(one.pem)}\n${quoted(second)}\n`, 'line 3', /1 cells/],
    ['has an identity that is not JSON', `identity,public_key\nmac=1,${base64(one.pem)}\n`, 'line 2, column identity', /not JSON/],
    ['has an identity with a number', `identity,public_key\n${quoted('{"serial":7}')},${base64(one.pem)}\n`, 'line 2, column identity', /no text/],
    ['has an empty identity', `identity,public_key\n{},${base64(one.pem)}\n`, 'line 2, column identity', /no attribute/],
    ['has an empty value', `identity.mac,public_key\n,${base64(one.pem)}\n`, 'line 2, column identity.mac', /empty/],
    ['has a key that is none', `identity,public_key\n${quoted(first)},AAAA\n`, 'line 2, column public_key', /no public key/],
    ['has a private key', `identity,public_key\n${quoted(first)},${quoted(one.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString())}\n`, 'line 2, column public_key', /no public key/],
    ['has one identity with two keys', `identity,public_key\n${quoted(first)},${base64(one.pem)}\n${quoted(first)},${base64(two.pem)}\n`, 'line 3, column identity', /line 2 with another key/],
    ['has one key on two identities', `identity,public_key\n${quoted(first)},${base64(one.pem)}\n${quoted(second)},${base64(one.pem)}\n`, 'line 3, column public_key', /line 2 for another device/],
  ])('that %s is refused with the place', (_, text, field, sentence) => {
    try {
      parse(text);
      expect.unreachable();
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'import-invalid', field });
      expect(String(thrown)).toMatch(sentence);
      // SECURITY: not even a wrong cell is repeated; it may be a private key.
      expect(String(thrown)).not.toContain('PRIVATE');
    }
  });
});

describe('the import', () => {
  let line: Line;
  beforeAll(async () => {
    line = await openLine();
  });
  afterAll(async () => {
    await line.close();
  });

  const fileOf = (devices: readonly (readonly [Readonly<Record<string, string>>, { readonly pem: string }])[]): string =>
    `identity,public_key\n${devices.map(([identity, key]) => `${quoted(JSON.stringify(identity))},${base64(key.pem)}`).join('\n')}\n`;

  it('takes all or nothing, and the same file twice', async () => {
    const devices = [1, 2, 3].map(() => [newIdentity(), newKey()] as const);
    await expect(importForeignDevices(line.station, `${fileOf(devices)}{},x\n`, 'a.csv')).rejects.toMatchObject({ code: 'import-invalid', field: 'line 5, column identity' });
    expect((await line.station.record.foreignDevices({ limit: 10, offset: 0 })).total).toBe(0);
    expect(await importForeignDevices(line.station, fileOf(devices), 'a.csv')).toEqual({ added: 3, known: 0 });
    expect(await importForeignDevices(line.station, fileOf(devices), 'a.csv')).toEqual({ added: 0, known: 3 });
    expect((await line.station.record.foreignDevices({ limit: 10, offset: 0 })).devices[0]).toMatchObject({ source: 'a.csv', importedBy: 'Ana' });
  });

  it('refuses an identity or a key that is recorded here, with nothing imported', async () => {
    const made = await line.make();
    const before = (await line.station.record.foreignDevices({ limit: 10, offset: 0 })).total;
    await expect(importForeignDevices(line.station, fileOf([[newIdentity(), newKey()], [made.identity, newKey()]]), 'b.csv')).rejects.toMatchObject({ code: 'identity-recorded' });
    await expect(importForeignDevices(line.station, fileOf([[newIdentity(), newKey()], [newIdentity(), made.key]]), 'b.csv')).rejects.toMatchObject({ code: 'public-key-recorded' });
    expect((await line.station.record.foreignDevices({ limit: 10, offset: 0 })).total).toBe(before);
  });

  it('makes identities and keys of others known, so that none is used twice', async () => {
    const [identity, key] = [newIdentity(), newKey()];
    await importForeignDevices(line.station, fileOf([[identity, key]]), 'c.csv');
    await expect(line.make({ identity })).rejects.toMatchObject({ code: 'identity-recorded' });
    await expect(line.make({ key })).rejects.toMatchObject({ code: 'public-key-recorded' });
  });

  it('is for admins', async () => {
    for (const role of ['technician', 'qa', 'auditor'] as const) await expect(importForeignDevices(line.as(role), fileOf([]), 'd.csv')).rejects.toMatchObject({ code: 'not-allowed' });
  });
});
