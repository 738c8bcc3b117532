import { describe, expect, it } from 'vitest';
import { ImprintError } from '../../main/domain/errors';
import { assertTargetAllowed, describeBytes, type TargetFacts, type TargetLimits, type TargetNaming } from '../../main/domain/targets';
import { removableCard } from '../support/target-facts';

const gigabyte = 1_000_000_000;
const card: TargetFacts = {
  ...removableCard,
  path: '/dev/sdb',
  realPath: '/dev/sdb',
  bytes: 8 * gigabyte,
  identity: 'device 8:16',
};
const file: TargetFacts = { ...card, path: '/tmp/card.img', realPath: '/tmp/card.img', kind: 'file', removable: false, bytes: 0 };
const missing: TargetFacts = { ...file, kind: 'missing' };

function verdict(facts: TargetFacts, naming: TargetNaming = 'listed', needed = gigabyte, limits: TargetLimits = {}): string {
  try {
    assertTargetAllowed(facts, needed, limits, naming);
    return 'allowed';
  } catch (thrown) {
    if (!(thrown instanceof ImprintError)) throw thrown;
    expect(thrown.field).toMatch(/^targets?$/);
    expect(thrown.message).toContain(facts.path);
    return thrown.code;
  }
}

describe('assertTargetAllowed', () => {
  it.each<[string, TargetFacts, TargetNaming]>([
    ['a removable card from a slot', card, 'listed'],
    ['a loop device that was typed', { ...card, removable: false, loop: true }, 'typed'],
    ['a fixed disk that was named as one', { ...card, removable: false }, 'fixed-disk'],
    ['a file that does not exist yet', missing, 'listed'],
    ['an empty file', file, 'listed'],
    ['an earlier card image', { ...file, bytes: gigabyte }, 'listed'],
    ['a card of exactly the image\'s size', { ...card, bytes: gigabyte }, 'listed'],
  ])('allows %s', (_, facts, naming) => {
    expect(verdict(facts, naming)).toBe('allowed');
  });

  it.each<[string, Partial<TargetFacts>, TargetNaming, string]>([
    ['an empty reader without a device', { kind: 'missing' }, 'typed', 'target-not-found'],
    ['an empty reader with a device', { bytes: 0 }, 'typed', 'target-not-found'],
    ['the system\'s disk, even named as a fixed one', { systemDisk: true, removable: false }, 'fixed-disk', 'target-system-disk'],
    ['a partition', { wholeDisk: false }, 'fixed-disk', 'target-not-a-card'],
    ['what is mounted', { usedBy: ['/media/card'] }, 'fixed-disk', 'target-mounted'],
    ['a fixed disk from a list', { removable: false }, 'listed', 'target-not-removable'],
    ['a fixed disk that was only typed', { removable: false }, 'typed', 'target-not-removable'],
    ['a loop device from a list', { removable: false, loop: true }, 'listed', 'target-not-removable'],
    ['a card with its lock on', { readOnly: true }, 'listed', 'target-read-only'],
    ['a card one sector too small', { bytes: gigabyte - 512 }, 'listed', 'target-too-small'],
  ])('refuses %s', (_, facts, naming, code) => {
    expect(verdict({ ...card, ...facts }, naming)).toBe(code);
  });

  it('names first what would do most harm', () => {
    const worst: TargetFacts = { ...card, systemDisk: true, wholeDisk: false, usedBy: ['/'], removable: false, readOnly: true, bytes: 1 };
    expect(verdict(worst)).toBe('target-system-disk');
    expect(verdict({ ...worst, systemDisk: false })).toBe('target-not-a-card');
    expect(verdict({ ...worst, systemDisk: false, wholeDisk: true })).toBe('target-mounted');
    expect(verdict({ ...worst, systemDisk: false, wholeDisk: true, usedBy: [] })).toBe('target-not-removable');
    expect(verdict({ ...worst, systemDisk: false, wholeDisk: true, usedBy: [], removable: true })).toBe('target-read-only');
  });

  it.each<[string, Partial<TargetFacts>, string]>([
    ['a file that is no card image', { looksLikeCard: false, bytes: 8 * gigabyte }, 'target-not-a-card'],
    ['a file that may not be written', { readOnly: true }, 'target-read-only'],
    ['a file beneath a loop device', { usedBy: ['/dev/loop0'] }, 'target-mounted'],
    ['a card image that is too small', { bytes: 512 }, 'target-too-small'],
  ])('refuses %s', (_, facts, code) => {
    expect(verdict({ ...file, ...facts }, 'typed')).toBe(code);
  });

  it('keeps to the profile\'s sizes, for cards', () => {
    const limits = { minimumBytes: 4 * gigabyte, maximumBytes: 16 * gigabyte };
    expect(verdict({ ...card, bytes: 4 * gigabyte }, 'listed', gigabyte, limits)).toBe('allowed');
    expect(verdict({ ...card, bytes: 16 * gigabyte }, 'listed', gigabyte, limits)).toBe('allowed');
    expect(verdict({ ...card, bytes: 4 * gigabyte - 512 }, 'listed', gigabyte, limits)).toBe('target-out-of-range');
    expect(verdict({ ...card, bytes: 16 * gigabyte + 512 }, 'listed', gigabyte, limits)).toBe('target-out-of-range');
    expect(verdict({ ...file, bytes: gigabyte }, 'listed', gigabyte, limits)).toBe('allowed');
  });

  it('says which sizes', () => {
    const outside = (limits: TargetLimits): unknown => {
      try {
        assertTargetAllowed({ ...card, bytes: 2 * gigabyte }, 0, limits, 'listed');
        return undefined;
      } catch (thrown) {
        return thrown;
      }
    };
    expect(outside({ minimumBytes: 4 * gigabyte })).toMatchObject({ expected: '4.0 GB to any size' });
    expect(outside({ maximumBytes: gigabyte })).toMatchObject({ expected: 'at most 1.0 GB' });
    expect(outside({ minimumBytes: 4 * gigabyte, maximumBytes: 8 * gigabyte })).toMatchObject({ expected: '4.0 GB to 8.0 GB' });
  });
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [2_147_483_648, '2.1 GB'],
  [3.2e13, '32.0 TB'],
])('describes %d bytes as %s', (bytes, text) => {
  expect(describeBytes(bytes)).toBe(text);
});
