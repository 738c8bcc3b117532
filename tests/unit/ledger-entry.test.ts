import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { ImprintError } from '../../main/domain/errors';
import { canonicalJson, parseCanonicalJson } from '../../main/ledger/canonical-json';
import { encodeEntry, largestEntry, parseEntry } from '../../main/ledger/entry';
import type { LogEntry } from '../../main/ledger/entry';
import { eventNames } from '../../main/ledger/events';
import type { EventData, EventName } from '../../main/ledger/events';
import { fingerprintOf, keyGenerated, spkiOf } from '../support/log';

const bytes = (text: string): Buffer => Buffer.from(text, 'utf8');

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ImprintError);
    expect((thrown as ImprintError).code).toBe('log-entry-invalid');
    return (thrown as ImprintError).message;
  }
  throw new Error('nothing was refused');
}

describe('canonical JSON', () => {
  it('is RFC 8785’s own example of strings and order (3.2.3)', () => {
    const value = { '\u20ac': 'Euro Sign', '\r': 'Carriage Return', '\ufb33': 'Hebrew Letter Dalet With Dagesh', '1': 'One', '\ud83d\ude00': 'Emoji: Grinning Face', '\u0080': 'Control', '\u00f6': 'Latin Small Letter O With Diaeresis' };
    const names = Object.keys(JSON.parse(canonicalJson(value)) as object);
    expect(names).toEqual(['1', '\r', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33']);
    expect(canonicalJson({ string: '\u20ac$\u000f\u000aA\'\u0042\u0022\u005c\\"/', literals: [null, true, false] })).toBe('{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}');
  });

  it.each([[1.5], [Number.NaN], [Infinity], [-0], [2 ** 53], [undefined], ['\ud83d'], [{ a: undefined }], [{ '\udc00': 1 }], [() => 1], [1n]])('has no form for %s', (value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  it.each([
    ['a blank', '{"a": 1}'],
    ['a line end', '{"a":1}\n'],
    ['names in another order', '{"b":1,"a":2}'],
    ['a name twice', '{"a":1,"a":1}'],
    ['another escape', '{"a":"\\u0041"}'],
    ['an escaped slash', '{"a":"\\/"}'],
    ['a fraction', '{"a":1.0}'],
    ['an exponent', '{"a":1e2}'],
    ['minus zero', '{"a":-0}'],
    ['a number beyond 2^53', '{"a":9007199254740993}'],
    ['half a character', '{"a":"\\ud83d"}'],
    ['a byte order mark', '\ufeff{"a":1}'],
    ['too deep a nesting', `${'['.repeat(40)}${']'.repeat(40)}`],
    ['no JSON', '{"a"'],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(parseCanonicalJson(bytes(text))).toBeUndefined();
  });

  it('refuses what is no UTF-8', () => {
    expect(parseCanonicalJson(Buffer.from('2261ff22', 'hex'))).toBeUndefined();
  });

  it('keeps a member that is named as the prototype is', () => {
    const text = '{"__proto__":"x","constructor":"y"}';
    expect(canonicalJson(parseCanonicalJson(bytes(text)))).toBe(text);
  });
});

const job = { device: 'device-1', job: 'job-1', fingerprint: fingerprintOf(1) };
const root = createHash('sha256').digest('base64');
const hash = 'a'.repeat(64);

/** One of each, with every member that it can have. */
const data: { readonly [Name in EventName]: EventData<Name> } = {
  'key-generated': { ...keyGenerated(1), batch: 'WO-4711' },
  'enrolled': { ...job, server: 'https://mender.example', serverDevice: 'server-1' },
  'written': { ...job, slot: 'A', target: '/dev/sdx', imageSha256: hash, card: '31914983424 bytes, serial 0x1', bytes: 629_145_600 },
  'verified': { ...job, slot: 'A', target: '/dev/sdx', card: 'x', bytes: 1, files: [{ path: '/mender/mender-agent.pem', partition: 4, mode: 0o600, uid: 0, gid: 0 }] },
  'destroyed': job,
  'preauthorized': { ...job, identity: { mac: '02:00:00:00:00:01' }, server: 'https://mender.example', serverDevice: 'server-1' },
  'released': { ...job, reason: 'The card is gone.' },
  'accepted': { device: 'device-1', fingerprint: fingerprintOf(1), server: 'https://mender.example', serverDevice: 'server-1' },
  'sign-off': { batch: 'WO-4711', total: 10, accepted: 9, remark: '' },
  'batch-changed': { batch: 'WO-4711', change: 'created', kind: 'list', quantity: 10, profile: 'gateway', identitiesSha256: hash },
  'override': { what: 'log-broken', reason: 'disk was exchanged', device: 'device-1', batch: 'WO-4711' },
  'decommissioned': { action: 'decommission', identity: { mac: 'x' }, server: 'https://mender.example', serverDevice: 's', device: 'device-1', fingerprint: fingerprintOf(1), authSet: 'a', reason: 'broken' },
  'operator-signed-in': { operator: 'Ana', role: 'technician', method: 'badge-and-pin' },
  'operator-changed': { change: 'added', operator: 'Ana', value: 'technician', pinSha256: hash, badgeSha256: hash },
  'profile-used': { name: 'gateway', sha256: hash },
  'station-build': { version: '1.2.3', build: hash },
  'image-used': { sha256: hash, decodedSha256: hash, decodedBytes: 1, path: '/images/a.img' },
  'log-key': { key: 'a+00000000+AQ==', previous: 'a+00000001+AQ==', signature: 'AQ==', previousSignature: 'AQ==' },
  'backup': { size: 5, root, path: '/backup/a', sha256: hash },
  'restore': { size: 5, root, override: true, anchorSize: 6, path: '/backup/a', reason: 'disk was exchanged' },
  'label-printed': { device: 'device-1', fingerprint: fingerprintOf(1), printer: 'zpl', copies: 2, reprint: true, reason: 'smeared' },
  'foreign-imported': { identity: { mac: 'x' }, fingerprint: fingerprintOf(2), spki: spkiOf(2).toString('base64'), source: 'devices.csv' },
  'certificate': { device: 'device-1', fingerprint: fingerprintOf(1), change: 'issued', serial: '0a', sha256: hash, issuer: 'CN=Line', notAfter: '2027-11-22T08:00:00.000Z' },
};

const entryOf = (event: EventName, change: object = {}): LogEntry =>
  ({ v: 1, seq: 7, at: '2026-11-22T08:00:00.000Z', station: 'line-a', by: 'Ana', event, data: data[event], ...change }) as LogEntry;

/** The same entry with something changed in its data, as bytes that nobody checked. */
const changed = (event: EventName, change: object): Buffer => bytes(canonicalJson({ ...entryOf(event), data: { ...data[event], ...change } }));

describe('an entry', () => {
  it('has these very bytes', () => {
    expect(Buffer.from(encodeEntry(entryOf('sign-off'))).toString('utf8')).toBe(
      '{"at":"2026-11-22T08:00:00.000Z","by":"Ana","data":{"accepted":9,"batch":"WO-4711","remark":"","total":10},"event":"sign-off","seq":7,"station":"line-a","v":1}',
    );
  });

  it.each(eventNames)('of %s comes back as it was', (event) => {
    expect(parseEntry(encodeEntry(entryOf(event)), 7)).toEqual(entryOf(event));
  });

  it.each(eventNames)('of %s has no member that the table does not know, and no null', (event) => {
    expect(refusal(() => parseEntry(changed(event, { surprise: 1 })))).toContain('surprise has no meaning here');
    for (const name of Object.keys(data[event])) expect(refusal(() => parseEntry(changed(event, { [name]: null })))).toContain(name);
  });

  it.each([
    ['v', 2],
    ['seq', -1],
    ['seq', '7'],
    ['at', '2026-11-22T08:00:00Z'],
    ['at', '2026-13-22T08:00:00.000Z'],
    ['station', ''],
    ['by', null],
    ['event', 'made-up'],
    ['event', 'constructor'],
    ['data', []],
    ['more', 1],
  ])('is refused with %s as %j', (name, value) => {
    refusal(() => parseEntry(bytes(canonicalJson({ ...entryOf('destroyed'), [name]: value }))));
  });

  it('is refused without one of its members', () => {
    for (const name of ['v', 'seq', 'at', 'station', 'by', 'event', 'data']) {
      refusal(() => parseEntry(bytes(canonicalJson(Object.fromEntries(Object.entries(entryOf('destroyed')).filter(([each]) => each !== name))))));
    }
  });

  it('is refused under another number, in another form, and beyond its size', () => {
    const written = encodeEntry(entryOf('destroyed'));
    expect(refusal(() => parseEntry(written, 8))).toContain('says that it is entry 7');
    refusal(() => parseEntry(Buffer.concat([written, bytes('\n')])));
    refusal(() => parseEntry(bytes(JSON.stringify(entryOf('destroyed')))));
    expect(refusal(() => parseEntry(Buffer.alloc(largestEntry + 1, 0x20)))).toContain('larger than');
  });

  it.each([
    ['a fingerprint of another key', 'key-generated', { fingerprint: fingerprintOf(2) }],
    ['a key that is no base64', 'key-generated', { spki: 'not base64' }],
    ['base64 with bits to spare', 'log-key', { signature: 'AR==' }],
    ['an empty identity', 'key-generated', { identity: {} }],
    ['an unknown key type', 'key-generated', { keyType: 'dsa' }],
    ['a hash in capital letters', 'written', { imageSha256: 'A'.repeat(64) }],
    ['a role that nobody has', 'operator-signed-in', { role: 'owner' }],
    ['a root that is too short', 'backup', { root: 'AAAA' }],
  ] as const)('is refused with %s', (_, event, change) => {
    refusal(() => parseEntry(changed(event, change)));
  });

  it('is not written where nobody could read it again', () => {
    refusal(() => encodeEntry({ ...entryOf('sign-off'), data: { batch: 'WO', total: 1.5, accepted: 1 } } as LogEntry));
    refusal(() => encodeEntry({ ...entryOf('sign-off'), data: { batch: '\ud83d', total: 1, accepted: 1 } } as LogEntry));
    refusal(() => encodeEntry({ ...entryOf('sign-off'), data: { batch: '', total: 1, accepted: 1 } } as LogEntry));
  });

  it('has a place for no private key', () => {
    expect(JSON.stringify(data)).not.toMatch(/private|password|"pin"/i);
  });
});
