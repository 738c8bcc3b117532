import { describe, expect, it } from 'vitest';
import { readScanPattern } from '../../main/compose/scan-patterns';
import { profileSchema, readProfile } from '../../main/contract/profile-file';
import { menderServer } from '../../main/servers/mender/adapter';

const read = (targets: unknown) =>
  readProfile(
    JSON.stringify({
      name: 'A',
      server: { url: 'https://mender.example.com', credentials: { token: { environment: 'T' } } },
      image: { path: 'a.img', sha256: 'a'.repeat(64) },
      targets,
    }),
    { serverKinds: [menderServer], readPattern: readScanPattern, resolvePath: (path) => `/profiles/${path}`, readText: () => '' },
  );

describe('slots of a profile', () => {
  it('may be a port instead of a path, and may start by themselves', () => {
    const profile = read({ slots: [{ name: 'Left', port: 'pci-1' }, { name: 'Right', path: 'card.img' }], startWhenInserted: true });
    expect(profile.targets).toEqual({
      slots: [
        { name: 'Left', port: 'pci-1', fixedDisk: false },
        { name: 'Right', path: '/profiles/card.img', fixedDisk: false },
      ],
      startWhenInserted: true,
    });
    // As the record keeps it.
    expect(profileSchema.parse(JSON.parse(JSON.stringify(profile))).targets).toEqual(profile.targets);
  });

  it('that were kept before ports and starting by itself were there are still read', () => {
    const kept = JSON.parse(JSON.stringify(read({ slots: [{ name: 'Left', path: 'card.img' }] })));
    expect(kept.targets).toEqual({ slots: [{ name: 'Left', path: '/profiles/card.img', fixedDisk: false }] });
    expect(profileSchema.parse(kept).targets).toEqual(kept.targets);
  });

  it.each([
    ['both', { slots: [{ name: 'A', path: '/dev/sdb', port: 'pci-1' }] }, 'targets.slots.0', /either "path" or "port"/],
    ['neither', { slots: [{ name: 'A' }] }, 'targets.slots.0', /either "path" or "port"/],
    ['an empty port', { slots: [{ name: 'A', port: '' }] }, 'targets.slots.0.port', /./],
    ['one port twice', { slots: [{ name: 'A', port: 'p' }, { name: 'B', port: 'p' }] }, 'targets.slots', /of its own/],
    ['starting when it feels like it', { startWhenInserted: 'yes' }, 'targets.startWhenInserted', /boolean/],
  ])('with %s are refused', (_, targets, field, expected) => {
    expect(() => read(targets)).toThrow(expect.objectContaining({ code: 'profile-invalid', field, expected: expect.stringMatching(expected) }));
  });
});
