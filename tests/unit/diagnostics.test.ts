/** What a diagnostics bundle says of settings and profiles that are full of secrets in every place that has room for one. */
import { describe, expect, it } from 'vitest';
import { profileSummary, settingsSummary } from '../../main/compose/diagnostics/allowed';
import { profileSummarySchema, settingsSummarySchema } from '../../main/contract/diagnostics-file';
import { noSettings } from '../../main/contract/station-settings';
import type { Profile } from '../../main/domain/profile';

const planted = 'PLANTED';
const profile: Profile = {
  name: 'Board A',
  practice: false,
  server: {
    kind: 'openmdm',
    url: `https://mdm.example.com/${planted}`,
    certificateAuthority: `-----BEGIN CERTIFICATE-----\n${planted}\n-----END CERTIFICATE-----`,
    credentials: { type: 'password', username: planted, password: { from: 'keyring', name: planted } },
    proxy: `http://${planted.toLowerCase()}.example:3128`,
    clientVersion: '4.0',
    options: { adminToken: { from: 'keyring', name: planted }, note: planted },
  },
  identity: [
    { name: 'mac', normalise: ['trim', 'mac'], scan: true },
    { name: 'tenant', normalise: ['trim'], scan: false, constant: planted, pattern: planted },
  ],
  keyType: 'ec-p256',
  image: { path: `/home/${planted}/golden.sdimg`, sha256: 'ab'.repeat(32) },
  files: [{ content: 'private-key', partition: { number: 4 }, path: '/mender/mender-agent.pem', mode: 0o600, uid: 0, gid: 0, createFolders: false }],
  targets: { slots: [{ name: 'Left', path: `/home/${planted}/card`, fixedDisk: false }], startWhenInserted: true },
  batch: planted,
  outboxLimit: 8,
  station: { atMost: '0.9' },
};

describe('a diagnostics bundle', () => {
  it('says of a profile what helps, and nothing that could be a secret', () => {
    const summary = profileSummarySchema.parse(profileSummary(profile));
    expect(JSON.stringify(summary).toUpperCase()).not.toContain(planted);
    expect(summary).toMatchObject({ name: 'Board A', server: { origin: 'https://mdm.example.com', credentials: { type: 'password', from: 'keyring' }, ownAuthority: true, proxy: true, options: ['adminToken', 'note'] }, image: { name: 'golden.sdimg' }, station: { atMost: '0.9' } });
  });

  it('says of settings what helps, and nothing that could be a secret', () => {
    const summary = settingsSummarySchema.parse(
      settingsSummary({
        version: 1,
        name: 'Line A',
        log: { anchors: [{ file: `/mnt/${planted}` }, { url: `https://anchor.example/${planted}?key=${planted}` }] },
        webhooks: [{ url: `https://hooks.example/services/${planted}?key=${planted}`, events: ['device.accepted'] as never, secret: { keyring: planted }, caFile: `/etc/${planted}` }],
        mes: { folder: `/mnt/${planted}`, http: { port: 8080, token: { environment: planted }, access: 'read' } },
      }),
    );
    expect(JSON.stringify(summary)).not.toContain(planted);
    expect(summary).toMatchObject({ name: 'Line A', anchors: [{ to: 'file' }, { to: 'url', origin: 'https://anchor.example' }], webhooks: [{ origin: 'https://hooks.example', secretFrom: 'keyring', ownAuthority: true }], mes: { folder: true, port: 8080, access: 'read' } });
    expect(settingsSummary(noSettings)).toMatchObject({ anchors: [], webhooks: [] });
  });

  it('has no room for a member that is not on its list', () => {
    expect(profileSummarySchema.safeParse({ ...profileSummary(profile), password: 'x' }).success).toBe(false);
    expect(profileSummarySchema.safeParse({ ...profileSummary(profile), server: { ...profileSummary(profile).server, token: 'x' } }).success).toBe(false);
  });
});
