import { describe, expect, it } from 'vitest';
import { readScanPattern } from '../../main/compose/scan-patterns';
import { profileSchema, readProfile, type ProfileSurroundings } from '../../main/contract/profile-file';
import { ImprintError } from '../../main/domain/errors';
import { menderServer } from '../../main/servers/mender/adapter';

const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const surroundings: ProfileSurroundings = {
  serverKinds: [menderServer], readPattern: readScanPattern,
  resolvePath: (path) => (path.startsWith('/') ? path : `/profiles/${path}`),
  readText: (path) => {
    const files: Record<string, string> = {
      '/profiles/ca.pem': certificate,
      '/profiles/notes.txt': 'no certificate',
      '/profiles/bundle.pem': `${certificate}-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n`,
    };
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT ${path}`);
    return text;
  },
};

const minimal = {
  name: 'gateway',
  server: { url: 'https://mender.example.com', credentials: { token: { environment: 'MENDER_TOKEN' } } },
  image: { path: 'golden.sdimg', sha256: 'AB'.repeat(32) },
};

const read = (value: unknown): ReturnType<typeof readProfile> => readProfile(JSON.stringify(value), surroundings);

function mistake(text: string): ImprintError {
  try {
    readProfile(text, surroundings);
  } catch (thrown) {
    if (thrown instanceof ImprintError) return thrown;
    throw thrown;
  }
  throw new Error('the profile was accepted');
}

/** `minimal` with the value at a path (`server.url`) replaced; undefined takes it away. */
function changed(path: string, value: unknown): unknown {
  const profile = structuredClone(minimal) as Record<string, unknown>;
  const parts = path.split('.');
  let at = profile;
  for (const part of parts.slice(0, -1)) at = at[part] as Record<string, unknown>;
  at[parts.at(-1) ?? ''] = value;
  return profile;
}

describe('readProfile', () => {
  it('fills a minimal profile up with the documented defaults', () => {
    expect(read(minimal)).toEqual({
      name: 'gateway',
      practice: false,
      server: {
        kind: 'mender',
        url: 'https://mender.example.com',
        certificateAuthority: undefined,
        credentials: { type: 'token', token: { from: 'environment', name: 'MENDER_TOKEN' } },
      },
      identity: [{ name: 'mac', normalise: ['trim', 'mac'], scan: true }],
      keyType: 'rsa-3072',
      image: { path: '/profiles/golden.sdimg', sha256: 'ab'.repeat(32) },
      files: [{ content: 'private-key', partition: { number: 4 }, path: '/mender/mender-agent.pem', mode: 0o600, uid: 0, gid: 0, createFolders: false }],
      targets: { slots: [] },
      outboxLimit: 8,
    });
  });

  it('reads every field', () => {
    const profile = read({
      $schema: './profile.schema.json',
      name: 'everything',
      server: {
        kind: 'mender',
        url: 'https://mender.example.com:8443/base//',
        caFile: 'ca.pem',
        credentials: { username: 'ci@example.com', password: { ask: 'password' } },
        clientVersion: '3.5.2',
      },
      identity: [
        { name: 'mac', kind: 'mac', scan: true },
        { name: 'serial', pattern: '\\d{7}', normalise: ['trim', 'upper-case'] },
        { name: 'product', constant: ' Gateway ', normalise: ['trim', 'lower-case'] },
      ],
      keyType: 'ed25519',
      image: { path: '/images/golden.sdimg.xz', sha256: '0'.repeat(64) },
      files: [{ content: 'private-key', partition: 'data', path: '/keys/device.pem', mode: '0640', uid: 101, gid: 102, createFolders: true }],
      targets: { slots: [{ name: 'Left', path: '/dev/sdb' }, { name: 'Right', path: 'cards/right.img', fixedDisk: true }], minimumBytes: 1, maximumBytes: 2 },
      batch: ' WO-4711 ',
      outboxLimit: 0,
    });
    expect(profile).toMatchObject({
      server: { url: 'https://mender.example.com:8443/base', certificateAuthority: certificate, credentials: { type: 'password', username: 'ci@example.com', password: { from: 'ask', name: 'password' } }, clientVersion: '3.5.2' },
      identity: [
        { name: 'mac', normalise: ['trim', 'mac'], scan: true },
        { name: 'serial', pattern: '\\d{7}', normalise: ['trim', 'upper-case'], scan: false },
        { name: 'product', constant: 'gateway', scan: false },
      ],
      keyType: 'ed25519',
      image: { path: '/images/golden.sdimg.xz', sha256: '0'.repeat(64) },
      files: [{ partition: { label: 'data' }, path: '/keys/device.pem', mode: 0o640, uid: 101, gid: 102, createFolders: true }],
      targets: {
        slots: [{ name: 'Left', path: '/dev/sdb', fixedDisk: false }, { name: 'Right', path: '/profiles/cards/right.img', fixedDisk: true }],
        minimumBytes: 1,
        maximumBytes: 2,
      },
      batch: 'WO-4711',
      outboxLimit: 0,
    });
  });

  it('survives the record: what is kept reads back the same', () => {
    for (const profile of [read(minimal), read(changed('server.caFile', 'ca.pem'))]) {
      const kept: unknown = JSON.parse(JSON.stringify(profile));
      expect(profileSchema.parse(kept)).toEqual(kept);
    }
  });

  it('reads a profile that an earlier version kept', () => {
    const { outboxLimit: _, ...kept } = read(minimal);
    expect(profileSchema.parse(JSON.parse(JSON.stringify(kept)))).toMatchObject({ outboxLimit: 8 });
  });

  it.each([
    ['600', 0o600],
    ['0600', 0o600],
    ['04755', 0o4755],
    ['1777', 0o1777],
  ])('reads mode "%s" as octal', (text, mode) => {
    expect(read(changed('files', [{ mode: text }])).files[0]?.mode).toBe(mode);
  });

  it('lets the scanner fill the only attribute that varies', () => {
    const scans = (attributes: unknown): boolean[] => read(changed('identity', attributes)).identity.map(({ scan }) => scan);
    expect(scans([{ name: 'serial' }])).toEqual([true]);
    expect(scans([{ name: 'product', constant: 'gateway' }, { name: 'serial' }])).toEqual([false, true]);
    expect(scans([{ name: 'serial' }, { name: 'batch' }])).toEqual([false, false]);
  });
});

const reference = /^expected (?:a reference|\{"username)/;

describe('a mistake in a profile is named with its field', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['name', undefined, 'name', /expected string/],
    ['name', '', 'name', /./],
    ['colour', 'red', 'colour', /no such field/],
    ['server', undefined, 'server', /expected object/],
    ['server.url', undefined, 'server.url', /expected a URL such as/],
    ['server.url', 'mender.example.com', 'server.url', /expected a URL such as/],
    ['server.url', 'ftp://mender.example.com', 'server.url', /expected a URL such as/],
    ['server.url', 'https://ci:hunter2@mender.example.com', 'server.url', /without user, password/],
    ['server.url', 'https://mender.example.com/?token=hunter2', 'server.url', /without user, password/],
    ['server.url', 'https://mender.example.com/#', 'server.url', /without user, password/],
    ['server.Url', 'https://mender.example.com', 'server.Url', /no such field/],
    ['server.clientVersion', 'four', 'server.clientVersion', /a version such as/],
    ['server.caFile', 'absent.pem', 'server.caFile', /a PEM file/],
    ['server.caFile', 'notes.txt', 'server.caFile', /a PEM file/],
    ['server.caFile', 'bundle.pem', 'server.caFile', /certificates only/],
    ['server.credentials', undefined, 'server.credentials', /username/],
    ['server.credentials', { token: 'hunter2' }, 'server.credentials', reference],
    ['server.credentials', { username: 'ci@example.com', password: 'hunter2' }, 'server.credentials', reference],
    ['server.credentials', { username: 'ci@example.com', password: { environment: 'NOT A NAME' } }, 'server.credentials.password.environment', /A-Za-z/],
    ['server.credentials', { token: { environment: 'A', keyring: 'b' } }, 'server.credentials', reference],
    ['identity', [], 'identity', /./],
    ['identity', [{ name: 'mac' }, { name: 'mac' }], 'identity', /every attribute once/],
    ['identity', [{ name: 'a', scan: true }, { name: 'b', scan: true }], 'identity', /one attribute with "scan"/],
    ['identity', [{ name: 'product', constant: 'x' }], 'identity', /differs from device to device/],
    ['identity', [{ name: 'a' }, { name: 'mac', kind: 'mac', constant: 'gateway' }], 'identity.1.constant', /a MAC address/],
    ['identity', [{ name: 'a' }, { name: 'b', constant: 'x', pattern: 'y' }], 'identity.1.constant', /matches y/],
    ['identity', [{ name: 'product', constant: 'x', scan: true }, { name: 'a' }], 'identity.0', /either scanned or constant/],
    ['identity', [{ name: 'a=b' }], 'identity.0.name', /another name/],
    ['identity', [{ name: '__proto__' }], 'identity.0.name', /another name/],
    ['identity', [{ name: 'a', pattern: '(' }], 'identity.0.pattern', /a regular expression/],
    ['identity', [{ name: 'a', normalise: ['shout'] }], 'identity.0.normalise.0', /upper-case/],
    ['identity', [{ name: 'a', kind: 'number' }], 'identity.0.kind', /text/],
    ['keyType', 'rsa-1024', 'keyType', /rsa-2048/],
    ['image', undefined, 'image', /expected object/],
    ['image.path', '', 'image.path', /./],
    ['image.sha256', undefined, 'image.sha256', /./],
    ['image.sha256', 'abc', 'image.sha256', /64 hexadecimal digits/],
    ['image.sha256', 'g'.repeat(64), 'image.sha256', /64 hexadecimal digits/],
    ['files', [], 'files', /./],
    ['files', [{}, {}], 'files', /one file/],
    ['files', [{ mode: 600 }], 'files.0.mode', /octal digits in quotation marks/],
    ['files', [{ mode: '0800' }], 'files.0.mode', /octal digits in quotation marks/],
    ['files', [{ mode: 'rw-------' }], 'files.0.mode', /octal digits in quotation marks/],
    ['files', [{ path: 'mender.pem' }], 'files.0.path', /an absolute path/],
    ['files', [{ path: '/mender/' }], 'files.0.path', /an absolute path/],
    ['files', [{ path: '/mender//key' }], 'files.0.path', /an absolute path/],
    ['files', [{ path: '/mender/../etc/shadow' }], 'files.0.path', /without \. or \.\./],
    ['files', [{ path: '/a\u0000b' }], 'files.0.path', /an absolute path/],
    ['files', [{ partition: 0 }], 'files.0.partition', /number or label/],
    ['files', [{ partition: 1.5 }], 'files.0.partition', /number or label/],
    ['files', [{ partition: '' }], 'files.0.partition', /number or label/],
    ['files', [{ uid: -1 }], 'files.0.uid', /./],
    ['files', [{ gid: 2 ** 32 }], 'files.0.gid', /./],
    ['files', [{ content: 'certificate' }], 'files.0.content', /private-key/],
    ['files', [{ owner: 0 }], 'files.0.owner', /no such field/],
    ['targets', { slots: [{ name: 'A', path: '' }] }, 'targets.slots.0.path', /./],
    ['targets', { slots: [{ name: 'A', path: '/dev/sdb' }, { name: 'A', path: '/dev/sdc' }] }, 'targets.slots', /a name and a path of its own/],
    ['targets', { slots: [{ name: 'A', path: '/dev/sdb' }, { name: 'B', path: '/dev/sdb' }] }, 'targets.slots', /a name and a path of its own/],
    ['targets', { slots: [], minimumBytes: 2, maximumBytes: 1 }, 'targets', /not above maximumBytes/],
    ['targets', { slots: [], maximumBytes: '8G' }, 'targets.maximumBytes', /number/],
    ['batch', '  ', 'batch', /the name of a batch/],
    ['batch', 'x'.repeat(201), 'batch', /up to 200/],
    ['batch', 'a\u0007b', 'batch', /printable/],
    ['outboxLimit', -1, 'outboxLimit', /0 to 1000/],
    ['outboxLimit', 1.5, 'outboxLimit', /0 to 1000/],
    ['outboxLimit', 'many', 'outboxLimit', /0 to 1000/],
  ])('%s: %j', (path, value, field, expected) => {
    const error = mistake(JSON.stringify(changed(path, value)));
    expect(error).toMatchObject({ code: 'profile-invalid', field });
    expect(error.expected).toMatch(expected);
    // SECURITY: a secret that somebody wrote into the profile is not repeated.
    expect(`${error.message} ${JSON.stringify(error.toReport())}`).not.toContain('hunter2');
  });

  it.each([['[]'], ['null'], ['"text"'], ['3']])('a profile that is %s', (text) => {
    expect(mistake(text)).toMatchObject({ code: 'profile-invalid', field: 'profile' });
  });

  it.each([
    ['{"name": "x",}', /line 1 column/],
    ['{"password": hunter2}', /not valid JSON/],
    ['', /not valid JSON/],
    ['{"a": "hunter2', /not valid JSON/],
  ])('JSON with a mistake: %s', (text, sentence) => {
    const error = mistake(text);
    expect(error).toMatchObject({ code: 'profile-invalid', field: 'profile', expected: 'one JSON object' });
    expect(error.message).toMatch(sentence);
    expect(`${error.message} ${String(error.cause)}`).not.toContain('hunter2');
  });

  it('counts the other mistakes', () => {
    expect(mistake(JSON.stringify({ ...minimal, name: '', keyType: 'dsa' })).message).toContain('(and 1 more)');
  });
});
