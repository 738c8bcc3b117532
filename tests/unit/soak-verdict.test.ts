/** The soak's judge: whatever could go wrong at a server is seen, and named. */
import { describe, expect, it } from 'vitest';
import { planDevices, type PlannedDevice } from '../soak/plan';
import { judge, type Evidence, type RecordView, type ServerView } from '../soak/verdict';

const plan: readonly PlannedDevice[] = [
  { mac: '02:00:00:00:00:0a', fate: 'signs-in' },
  { mac: '02:00:00:00:00:0b', fate: 'never' },
  { mac: '02:00:00:00:00:0c', fate: 'own-key' },
];

function good(): { server: ServerView[]; recorded: RecordView[] } {
  const set = (status: string, fingerprint: string) => ({ status, fingerprint });
  const held = (name: string, state: string, acceptance: RecordView['acceptance'], diagnosis: RecordView['diagnosis']): RecordView => ({
    workstation: 'one', deviceId: name, identity: { mac: `02:00:00:00:00:0${name}` }, state, fingerprint: `key-${name}`, acceptance, diagnosis, relatedDeviceId: undefined,
  });
  return {
    server: [
      { id: '1', identity: { mac: '02:00:00:00:00:0a' }, status: 'accepted', authSets: [set('accepted', 'key-a')] },
      { id: '2', identity: { mac: '02:00:00:00:00:0b' }, status: 'preauthorized', authSets: [set('preauthorized', 'key-b')] },
      { id: '3', identity: { mac: '02:00:00:00:00:0c' }, status: 'preauthorized', authSets: [set('preauthorized', 'key-c'), set('pending', 'own')] },
    ],
    recorded: [held('a', 'accepted', 'accepted', undefined), held('b', 'preauthorized', 'waiting', 'never-seen'), held('c', 'preauthorized', 'stuck', 'another-key')],
  };
}

/** Claims that do not hold. */
function broken(evidence: Partial<Evidence>): readonly string[] {
  return judge({ plan, ...good(), released: new Set(), unfinishedJobs: 0, ...evidence })
    .filter(({ violations }) => violations.length > 0)
    .map(({ claim }) => claim);
}

function server(change: (devices: ServerView[]) => void): { server: readonly ServerView[] } {
  const devices = good().server;
  change(devices);
  return { server: devices };
}

describe('the judge of a soak', () => {
  it('has nothing to say about a good end', () => {
    expect(broken({})).toEqual([]);
  });

  it.each<[string, Partial<Evidence>, string]>([
    ['a lost identity', server((devices) => devices.splice(1, 1)), 'no identity is lost'],
    ['an identity that is two devices', server((devices) => devices.push({ ...(devices[1] as ServerView), id: '9' })), 'no identity is there twice'],
    ['a device that nobody planned', server((devices) => devices.push({ id: '9', identity: { mac: 'x' }, status: 'pending', authSets: [] })), 'nothing is there that nobody planned'],
    [
      'a device with two keys',
      server((devices) => devices.splice(1, 1, { id: '2', identity: { mac: '02:00:00:00:00:0b' }, status: 'preauthorized', authSets: [{ status: 'preauthorized', fingerprint: 'key-b' }, { status: 'preauthorized', fingerprint: 'other' }] })),
      'no device has two keys that may sign in',
    ],
    ['one key for two devices', server((devices) => devices.splice(1, 1, { ...(devices[1] as ServerView), authSets: [{ status: 'preauthorized', fingerprint: 'key-a' }] })), 'no key may sign in as two devices'],
    ['an identity in two records', { recorded: [...good().recorded, { ...(good().recorded[0] as RecordView), workstation: 'two' }] }, 'every identity is in exactly one record'],
    ['another key than the recorded one', server((devices) => devices.splice(0, 1, { ...(devices[0] as ServerView), authSets: [{ status: 'accepted', fingerprint: 'other' }] })), 'the key that may sign in is the recorded one'],
    ['the key of a released card', { released: new Set(['key-a']) }, 'no key of a released card may sign in'],
    ['a board that was not let in', server((devices) => devices.splice(0, 1, { ...(devices[0] as ServerView), status: 'preauthorized', authSets: [{ status: 'preauthorized', fingerprint: 'key-a' }] })), 'the server has every board as it came'],
    ['an acceptance that is not recorded', { recorded: good().recorded.map((each) => ({ ...each, state: 'preauthorized' })) }, 'accepted at the server is accepted in the record, and nothing else is'],
    ['a wrong diagnosis', { recorded: good().recorded.map((each) => ({ ...each, diagnosis: 'rejected' as const })) }, 'the watch says of every device what happened to it'],
    ['a job that is open', { unfinishedJobs: 1 }, 'no job is left open'],
  ])('sees %s', (_, evidence, claim) => {
    expect(broken(evidence)).toContain(claim);
  });

  it('sees swapped cards that do not name each other', () => {
    const [a, b] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b'] as const;
    expect(broken({ plan: [{ mac: a, fate: 'swapped', partner: b }, { mac: b, fate: 'swapped', partner: a }] })).toContain('swapped cards name each other');
  });
});

describe('the plan of a soak', () => {
  it('is the same for the same seed, and every device has an address of its own', () => {
    const devices = planDevices(2000, 7);
    expect(planDevices(2000, 7)).toEqual(devices);
    expect(planDevices(2000, 8)).not.toEqual(devices);
    expect(new Set(devices.map(({ mac }) => mac)).size).toBe(devices.length);
    expect(new Set(devices.map(({ fate }) => fate)).size).toBe(6);
    for (const { mac, partner } of devices.filter((device) => device.partner !== undefined)) expect(devices.find((each) => each.mac === partner)?.partner).toBe(mac);
  });
});
