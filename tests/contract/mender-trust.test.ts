import { describe, expect, it } from 'vitest';
import type { ServerSettings } from '../../main/domain/profile';
import type { CertificateWishes } from '../../main/servers/practice/practice-certificates';
import { startPracticeServer } from '../../main/servers/mender/practice-server';
import { practiceUnderTest, quickMender, secretsOf, systemClock, systemRandomness } from './mender-fixture';

const never = new AbortController().signal;
const day = 24 * 3600 * 1000;

/** Signs in at a server of this kind with these settings; returns what it ended with, and what the server saw. */
async function signIn(change: (settings: ServerSettings) => ServerSettings, certificate: CertificateWishes = {}, tls = true): Promise<{ failure: unknown; requests: string[] }> {
  const requests: string[] = [];
  const practice = await startPracticeServer({ port: 0, clock: systemClock, randomness: systemRandomness, tls, certificate, onRequest: (method, path) => requests.push(`${method} ${path}`) });
  const settings: ServerSettings = {
    kind: 'mender',
    url: practice.url,
    certificateAuthority: practice.certificateAuthorityPem,
    credentials: { type: 'password', username: practice.username, password: { from: 'environment', name: 'PASSWORD' } },
  };
  const connection = quickMender.connect(change(settings), secretsOf({ PASSWORD: practice.password }));
  try {
    const failure = await connection.signIn(never).catch((thrown: unknown) => thrown);
    return { failure, requests };
  } finally {
    await connection.close();
    await practice.close();
  }
}

const same = (settings: ServerSettings): ServerSettings => settings;

describe('whom the Mender adapter trusts', () => {
  it('the server whose authority the profile names, by address and by name', async () => {
    expect((await signIn(same)).failure).toBeUndefined();
    expect((await signIn((settings) => ({ ...settings, url: settings.url.replace('127.0.0.1', 'localhost') }))).failure).toBeUndefined();
  });

  it.each<[string, (settings: ServerSettings) => ServerSettings, CertificateWishes, RegExp]>([
    ['not one whose authority it does not know', (settings) => ({ ...settings, certificateAuthority: undefined }), {}, /authority that this station does not trust/],
    ['not one whose certificate has expired', same, { from: new Date(Date.now() - 20 * day), until: new Date(Date.now() - day) }, /has expired/],
    ['not one whose certificate is not valid yet', same, { from: new Date(Date.now() + day) }, /not valid yet/],
    ['not one whose certificate has another name', same, { names: ['mender.example.com'] }, /another name/],
  ])('%s, and sends it nothing', async (_case, change, certificate, words) => {
    const { failure, requests } = await signIn(change, certificate);
    expect(failure).toMatchObject({ code: 'server-untrusted', field: 'server.caFile' });
    expect(String(failure)).toMatch(words);
    expect(requests).toEqual([]);
  });

  it('not one that another practice authority signed', async () => {
    const other = await practiceUnderTest();
    const { failure } = await signIn((settings) => ({ ...settings, certificateAuthority: other.practice?.certificateAuthorityPem }));
    expect(failure).toMatchObject({ code: 'server-untrusted' });
    await other.close();
  });

  it('none without encryption on another machine, before anything is sent', () => {
    const connect = () => quickMender.connect({ kind: 'mender', url: 'http://mender.example.com', credentials: { type: 'token', token: { from: 'environment', name: 'T' } } }, secretsOf({}));
    expect(connect).toThrow(expect.objectContaining({ code: 'server-untrusted', field: 'server.url' }) as Error);
  });

  it('none whose authority in the profile cannot be read', () => {
    for (const certificateAuthority of ['', 'nonsense', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n']) {
      const connect = () => quickMender.connect({ kind: 'mender', url: 'https://mender.example.com', certificateAuthority, credentials: { type: 'token', token: { from: 'environment', name: 'T' } } }, secretsOf({}));
      expect(connect).toThrow(expect.objectContaining({ code: 'profile-invalid', field: 'server.caFile' }) as Error);
    }
  });

  it('says so where there is no TLS behind https', async () => {
    const { failure } = await signIn((settings) => ({ ...settings, url: settings.url.replace('http:', 'https:') }), {}, false);
    expect(failure).toMatchObject({ code: 'server-unreachable', message: expect.stringContaining('TLS') as string });
  });
});
