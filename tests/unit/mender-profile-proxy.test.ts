import { describe, expect, it } from 'vitest';
import { readScanPattern } from '../../main/compose/scan-patterns';
import { profileSchema, readProfile } from '../../main/contract/profile-file';
import { menderServer } from '../../main/servers/mender/adapter';

const surroundings = { serverKinds: [menderServer], readPattern: readScanPattern, resolvePath: (path: string) => `/profiles/${path}`, readText: () => '' };
const read = (proxy: unknown) =>
  readProfile(
    JSON.stringify({ name: 'line', server: { url: 'https://mender.example.com', credentials: { token: { environment: 'T' } }, proxy }, image: { path: 'a.img', sha256: 'a'.repeat(64) } }),
    surroundings,
  );

describe('the proxy of a profile', () => {
  it.each([undefined, 'http://proxy.example:3128', 'https://proxy.example', 'http://[fd00::1]:8080/'])('%s', (proxy) => {
    const profile = read(proxy);
    expect(profile.server.proxy).toBe(proxy);
    expect(profileSchema.parse(JSON.parse(JSON.stringify(profile))).server.proxy).toBe(proxy);
  });

  it.each(['proxy.example:3128', 'socks5://proxy.example', 'http://anna:secret@proxy.example', 'http://proxy.example/path', 'http://proxy.example?x', '', 3128])('is not %s', (proxy) => {
    expect(() => read(proxy)).toThrow(expect.objectContaining({ code: 'profile-invalid', field: 'server.proxy' }) as Error);
    expect(() => read(proxy)).not.toThrow(/secret/);
  });
});
