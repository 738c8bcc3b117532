import { describe, expect, it } from 'vitest';
import type { WatchedDevice } from '../../main/domain/acceptance';
import { diagnose, Strangers, type DiagnosisContext } from '../../main/domain/diagnosis';
import type { Identity } from '../../main/domain/identity';
import type { KeyHolder, ServerAuthSet, ServerDevice } from '../../main/domain/ports';

const mac = '02:12:61:13:6c:42';
const identity: Identity = { mac };
const ownKey = 'a'.repeat(64);
const device: WatchedDevice = { deviceId: 'device-1', identity, serverDeviceId: 'server-1', fingerprint: ownKey, acceptance: 'waiting' };

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 22, 8, minute)).toISOString();

const authSet = (status: string, fingerprint: string | undefined = ownKey, minute = 10, change: Partial<ServerAuthSet> = {}): ServerAuthSet => ({
  id: `set-${status}-${String(minute)}`,
  status,
  identity,
  fingerprint,
  at: at(minute),
  ...change,
});

const weights = ['accepted', 'preauthorized', 'pending', 'rejected'];

/** As the server has it: its status is that of the heaviest set. */
const server = (authSets: readonly ServerAuthSet[], change: Partial<ServerDevice> = {}): ServerDevice => ({
  id: 'server-1',
  status: weights.find((status) => authSets.some((set) => set.status === status)) ?? 'noauth',
  identity,
  decommissioning: false,
  authSets,
  ...change,
});

const stranger = (other: Identity, fingerprint = 'f'.repeat(64), id = 'server-9'): ServerDevice => server([authSet('pending', fingerprint, 20, { identity: other })], { id, identity: other });

interface World {
  readonly holders?: readonly KeyHolder[];
  readonly strangers?: readonly ServerDevice[];
  readonly capacity?: DiagnosisContext['capacity'];
  readonly constantNames?: readonly string[];
}

function context({ holders = [], strangers = [], capacity, constantNames = [] }: World = {}): DiagnosisContext {
  const all = new Strangers(constantNames);
  for (const each of strangers) all.add(each);
  return { holders: new Map(holders.map((holder) => [holder.fingerprint, holder])), strangers: all, capacity };
}

describe('a device at the server', () => {
  it('waits as long as its key is preauthorized and nobody came', () => {
    expect(diagnose(device, server([authSet('preauthorized')]), context())).toMatchObject({ state: 'waiting', diagnosis: 'never-seen', serverStatus: 'preauthorized', serverDeviceId: 'server-1' });
  });

  it('is accepted with the key that was made for it', () => {
    const finding = diagnose(device, server([authSet('accepted'), authSet('rejected', 'b'.repeat(64), 30)]), context());
    expect(finding).toMatchObject({ deviceId: 'device-1', state: 'accepted', diagnosis: undefined });
  });

  it('is missing where the server has no such device', () => {
    const finding = diagnose(device, undefined, context());
    expect(finding).toMatchObject({ state: 'missing', diagnosis: 'not-at-server', serverDeviceId: undefined });
    expect(finding.sentence).toContain(mac);
  });

  it.each<[string, ServerDevice, string, RegExp]>([
    ['being removed', server([authSet('preauthorized')], { decommissioning: true }), 'decommissioning', /removing/],
    ['without any key', server([]), 'no-auth', /without any key/],
    ['with a rejected key', server([authSet('rejected')]), 'rejected', /was rejected/],
    ['with the right key, which is not expected', server([authSet('pending')]), 'key-not-expected', /right key.*accept it at the server/],
    ['with another key alone', server([authSet('preauthorized', 'b'.repeat(64))]), 'key-not-expected', /not with the key of its card/],
    ['with a key that cannot be read', server([authSet('pending', undefined, 10, { fingerprint: undefined })]), 'key-not-expected', /cannot be read/],
  ])('%s is stuck', (_, found, diagnosis, sentence) => {
    const finding = diagnose(device, found, context());
    expect(finding).toMatchObject({ state: 'stuck', diagnosis });
    expect(finding.sentence).toMatch(sentence);
    expect(finding.sentence).toContain(mac);
  });
});

describe('a second key', () => {
  const another = 'b'.repeat(64);

  it('that nobody recorded came from the board itself', () => {
    const finding = diagnose(device, server([authSet('preauthorized'), authSet('pending', another, 20)]), context());
    expect(finding).toMatchObject({ state: 'stuck', diagnosis: 'another-key', serverStatus: 'preauthorized', relatedDeviceId: undefined });
    expect(finding.sentence).toContain('bbbbbbbbbbbbbbbb');
  });

  it('of another device means swapped cards', () => {
    const holders = [{ fingerprint: another, identity: { mac: '02:12:61:13:6c:50' }, deviceId: 'device-2' }];
    const finding = diagnose(device, server([authSet('preauthorized'), authSet('pending', another, 20)]), context({ holders }));
    expect(finding).toMatchObject({ state: 'stuck', diagnosis: 'key-of-another-device', relatedDeviceId: 'device-2' });
    expect(finding.sentence).toContain('02:12:61:13:6c:50');
  });

  it('of a device that another tool made has no device of ours', () => {
    const holders = [{ fingerprint: another, identity: { mac: '02:12:61:13:6c:50' } }];
    expect(diagnose(device, server([authSet('preauthorized'), authSet('pending', another, 20)]), context({ holders }))).toMatchObject({ diagnosis: 'key-of-another-device', relatedDeviceId: undefined });
  });

  it('of its own former card means that the old card is in the board', () => {
    const holders = [{ fingerprint: another, identity, deviceId: 'device-0' }];
    const finding = diagnose(device, server([authSet('preauthorized'), authSet('pending', another, 20)]), context({ holders }));
    expect(finding).toMatchObject({ diagnosis: 'another-key', relatedDeviceId: 'device-0' });
    expect(finding.sentence).toContain('former card');
  });

  it('that was there before the new one was preauthorized is to be replaced', () => {
    const finding = diagnose(device, server([authSet('accepted', another, 5), authSet('preauthorized', ownKey, 10)]), context());
    expect(finding).toMatchObject({ state: 'waiting', diagnosis: 'never-seen', serverStatus: 'accepted' });
    expect(finding.sentence).toContain('former key');
    expect(diagnose(device, server([authSet('pending', another, 5), authSet('preauthorized', ownKey, 10)]), context())).toMatchObject({ state: 'waiting' });
  });

  it('that a person accepted afterwards is told as such', () => {
    const finding = diagnose(device, server([authSet('accepted', another, 30), authSet('preauthorized', ownKey, 10)]), context());
    expect(finding).toMatchObject({ state: 'stuck', diagnosis: 'another-key', serverStatus: 'accepted' });
    expect(finding.sentence).toContain('somebody accepted');
  });

  it('excuses nothing where the server does not say when', () => {
    const sets = [authSet('accepted', another, 5, { at: undefined }), authSet('preauthorized', ownKey, 10, { at: undefined })];
    expect(diagnose(device, server(sets), context())).toMatchObject({ state: 'stuck', diagnosis: 'another-key' });
  });

  it('came and was accepted in place of a rejected one', () => {
    const holders = [{ fingerprint: another, identity: { mac: '02:12:61:13:6c:50' }, deviceId: 'device-2' }];
    const finding = diagnose(device, server([authSet('rejected'), authSet('accepted', another, 30)]), context({ holders }));
    expect(finding).toMatchObject({ state: 'stuck', diagnosis: 'rejected', relatedDeviceId: 'device-2' });
    expect(finding.sentence).toContain('another key is accepted');
  });
});

describe('a board that is pending under another name', () => {
  const near = (other: Identity, own: WatchedDevice = device, constantNames: readonly string[] = []) =>
    diagnose(own, server([authSet('preauthorized', ownKey, 10, { identity: own.identity })], { identity: own.identity }), context({ strangers: [stranger(other)], constantNames }));

  it.each<[string, Identity]>([
    ['upper case', { mac: '02:12:61:13:6C:42' }],
    ['hyphens', { mac: '02-12-61-13-6c-42' }],
    ['no separators', { mac: '021261136c42' }],
    ['another letter case of the name', { MAC: mac }],
    ['four above in the last byte', { mac: '02:12:61:13:6c:46' }],
    ['one below in the last byte', { mac: '02:12:61:13:6c:41' }],
    ['the locally administered bit', { mac: '00:12:61:13:6c:42' }],
    ['another interface in another notation', { mac: '02-12-61-13-6C-43' }],
    ['one attribute more', { mac, board: 'a' }],
    ['numbers instead of texts, which read the same', { mac }],
  ])('is near: %s', (_, other) => {
    const finding = near(other);
    expect(finding).toMatchObject({ state: 'stuck', diagnosis: 'near-identity' });
    expect(finding.sentence).toContain('server-9');
    expect(finding.sentence).toContain(Object.values(other)[0]);
  });

  it.each<[string, Identity]>([
    ['five above in the last byte', { mac: '02:12:61:13:6c:47' }],
    ['another vendor', { mac: '04:12:61:13:6c:42' }],
    ['another byte in the middle', { mac: '02:12:61:14:6c:42' }],
    ['two attributes more', { mac, board: 'a', revision: '2' }],
    ['something else', { serial: '7' }],
  ])('is not near: %s', (_, other) => {
    expect(near(other)).toMatchObject({ state: 'waiting', diagnosis: 'never-seen' });
  });

  it('is near with one attribute fewer, unless what is left is the same for all', () => {
    const two: WatchedDevice = { ...device, identity: { mac, product: 'board-a' } };
    expect(near({ mac }, two, ['product'])).toMatchObject({ diagnosis: 'near-identity' });
    expect(near({ product: 'board-a' }, two, ['product'])).toMatchObject({ diagnosis: 'never-seen' });
    // Two identities of which each lacks something of the other are two devices.
    expect(near({ mac, serial: '9' }, { ...device, identity: { mac, revision: '2' } })).toMatchObject({ diagnosis: 'never-seen' });
  });

  it('is near as a number with leading zeros', () => {
    expect(near({ serial: '12' }, { ...device, identity: { serial: '0012' } })).toMatchObject({ diagnosis: 'near-identity' });
    expect(near({ serial: '13' }, { ...device, identity: { serial: '0012' } })).toMatchObject({ diagnosis: 'never-seen' });
  });

  it('with the very key of this device is that device, whatever it calls itself', () => {
    const strangers = [stranger({ hostname: 'raspberrypi' }, ownKey)];
    const finding = diagnose(device, server([authSet('preauthorized')]), context({ strangers }));
    expect(finding).toMatchObject({ state: 'stuck', diagnosis: 'near-identity' });
    expect(finding.sentence).toContain('hostname raspberrypi');
    expect(diagnose(device, undefined, context({ strangers }))).toMatchObject({ state: 'stuck', diagnosis: 'near-identity' });
  });

  it('with the key of an accepted device is a copied card', () => {
    const finding = diagnose(device, server([authSet('accepted')]), context({ strangers: [stranger({ mac: '02:12:61:13:6c:99' }, ownKey)] }));
    expect(finding).toMatchObject({ state: 'stuck', diagnosis: 'near-identity' });
    expect(finding.sentence).toMatch(/copy/);
    // A neighbour with a key of its own says nothing about a device that is accepted.
    expect(diagnose(device, server([authSet('accepted')]), context({ strangers: [stranger({ mac: '02:12:61:13:6c:43' })] }))).toMatchObject({ state: 'accepted' });
  });

  it('that came with the key of a third device is that one', () => {
    const holders = [{ fingerprint: 'f'.repeat(64), identity: { mac: '02:12:61:13:6c:44' }, deviceId: 'device-3' }];
    const finding = diagnose(device, server([authSet('preauthorized')]), context({ holders, strangers: [stranger({ mac: '02:12:61:13:6c:43' })] }));
    expect(finding).toMatchObject({ state: 'waiting', diagnosis: 'never-seen' });
  });

  it('is forgotten when it turned out to be recorded', () => {
    const world = context({ strangers: [stranger({ mac: '02:12:61:13:6c:43' })] });
    world.strangers.drop('server-9');
    expect(diagnose(device, server([authSet('preauthorized')]), world)).toMatchObject({ diagnosis: 'never-seen' });
  });

  it('came again after it was removed', () => {
    const finding = diagnose(device, undefined, context({ strangers: [stranger(identity)] }));
    expect(finding).toMatchObject({ state: 'stuck', diagnosis: 'key-not-expected' });
    expect(finding.sentence).toContain('came again');
  });

  it('weighs less than a second key of the device itself', () => {
    const sets = [authSet('preauthorized'), authSet('pending', 'b'.repeat(64), 20)];
    expect(diagnose(device, server(sets), context({ strangers: [stranger({ mac: mac.toUpperCase() })] }))).toMatchObject({ diagnosis: 'another-key' });
  });
});

describe('a server that takes no more devices', () => {
  it('holds up what waits, and nothing else', () => {
    const full = context({ capacity: { accepted: 100, limit: 100 } });
    expect(diagnose(device, server([authSet('preauthorized')]), full)).toMatchObject({ state: 'stuck', diagnosis: 'limit-reached' });
    expect(diagnose(device, server([authSet('accepted')]), full)).toMatchObject({ state: 'accepted' });
    expect(diagnose(device, server([authSet('preauthorized')]), context({ capacity: { accepted: 99, limit: 100 } }))).toMatchObject({ diagnosis: 'never-seen' });
    expect(diagnose(device, server([authSet('preauthorized')]), context({ capacity: { accepted: 1_000_000 } }))).toMatchObject({ diagnosis: 'never-seen' });
  });
});

it('compares twenty thousand devices with thousands of strangers in no time', () => {
  const strangers = Array.from({ length: 2000 }, (_, index) => stranger({ mac: `0a:00:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}` }, 'f'.repeat(64), `server-${String(index)}`));
  const world = context({ strangers });
  const found = server([authSet('preauthorized')]);
  const started = performance.now();
  for (let index = 0; index < 20_000; index += 1) {
    expect(diagnose({ ...device, identity: { mac: `02:00:00:${(index >> 16).toString(16).padStart(2, '0')}:${((index >> 8) & 255).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}` } }, found, world).state).toBe('waiting');
  }
  // Some microseconds each; comparing every pair would take minutes.
  expect(performance.now() - started).toBeLessThan(5000);
});
