/** What the page asks of an export, and how it tells an entry of the log. */
import { describe, expect, it } from 'vitest';
import { exportWishSchema } from '../../main/contract/evidence-channel';
import { eventNames, type EventName } from '../../main/ledger/events';
import { hasWrongDays, newDraft, toggled, wishOf } from '../../renderer/logic/export-wish';
import { entryFacts, eventWords } from '../../renderer/logic/log-words';

describe('the wish of an export', () => {
  it('begins with what was searched for, as the command line has it', () => {
    expect(wishOf(newDraft({ batch: '', from: '', to: '' }))).toEqual({ zip: false, selection: {}, summary: true, publicKeys: false, receipts: false });
    expect(wishOf(newDraft({ batch: ' WO-1 ', from: '', to: '' })).selection).toEqual({ batch: 'WO-1' });
  });

  it('means whole days of this computer, and is what main takes', () => {
    const wish = wishOf({ ...newDraft({ batch: 'WO-1', from: '2026-11-25', to: '2026-11-25' }), profile: 'gateway', states: toggled(toggled([], 'accepted'), 'released'), zip: true });
    const { from = '', before = '' } = wish.selection;
    expect(Date.parse(before) - Date.parse(from)).toBe(24 * 3_600_000);
    expect(exportWishSchema.parse(wish)).toMatchObject({ zip: true, selection: { batch: 'WO-1', profile: 'gateway', states: ['accepted', 'released'] } });
    expect(toggled(['accepted', 'released'], 'accepted')).toEqual(['released']);
  });

  it('is refused where its last day is before its first', () => {
    expect(hasWrongDays({ from: '2026-11-25', to: '2026-11-24' })).toBe(true);
    for (const days of [{ from: '2026-11-25', to: '' }, { from: '', to: '2026-11-25' }, { from: '2026-11-25', to: '2026-11-25' }]) expect(hasWrongDays(days)).toBe(false);
  });
});

describe('an entry in words', () => {
  const plain = (facts: ReturnType<typeof entryFacts>) => facts.map(({ name, value }) => `${name}: ${value.replaceAll('\u00a0', ' ')}`);

  it('has words for every event about a device', () => {
    const ofNoDevice: readonly EventName[] = ['sign-off', 'batch-changed', 'operator-signed-in', 'operator-changed', 'profile-used', 'image-used', 'station-build', 'log-key', 'backup', 'restore', 'foreign-imported'];
    for (const event of eventNames) expect([event, eventWords({ event }) === event]).toEqual([event, ofNoDevice.includes(event)]);
  });

  it('names card, slot, image and files', () => {
    const device = { device: 'device-1', job: 'job-1', fingerprint: 'f'.repeat(64) };
    const files = [{ path: '/mender/mender-agent.pem', partition: 4, mode: 0o600, uid: 0, gid: 0 }];
    expect(plain(entryFacts({ event: 'verified', data: { ...device, slot: 'Slot 1', target: '/dev/sdb', card: '31.9 GB', bytes: 101_700_000, files } }))).toEqual([
      'Slot: Slot 1',
      'Written through: /dev/sdb',
      'Card: 31.9 GB',
      'Size: 102 MB',
      'Files: /mender/mender-agent.pem on partition 4, mode 0600, owner 0:0',
    ]);
    expect(plain(entryFacts({ event: 'key-generated', data: { ...device, keyType: 'rsa-3072', imageSha256: 'b' } }))).toEqual(['Image (SHA-256): b', 'Key type: RSA 3072 bits', `Fingerprint: ${'f'.repeat(64)}`]);
    expect(plain(entryFacts({ event: 'decommissioned', data: { action: 'remove-auth-set', authSet: 'set-1' } }))).toEqual(['Action: remove a key', 'Auth set: set-1']);
  });
});
