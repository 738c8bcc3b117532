/** What is to happen in a soak: the same for the same number of devices and the same seed. */

/**
 * What becomes of a device after it was made.
 *
 * - signs-in: it comes with the key of its card. - never: it stays in its box.
 * - own-key: its board made a key of its own. - corrected: so it did, and got its card afterwards.
 * - swapped: two boards came with each other's cards. - other-notation: it writes its identity in capital letters.
 */
export const fates = ['signs-in', 'never', 'own-key', 'corrected', 'swapped', 'other-notation'] as const;
export type Fate = (typeof fates)[number];

/** Who else tries to make the same device with another key: somebody at the same workstation, or at the other one. */
export type Rivalry = 'same-workstation' | 'other-workstation';

export interface PlannedDevice {
  readonly mac: string;
  readonly fate: Fate;
  /** The address of the other device of a swapped pair. */
  readonly partner?: string | undefined;
  readonly rivalry?: Rivalry | undefined;
}

/** Devices in a hundred. The rest signs in. */
const shares: readonly (readonly [Exclude<Fate, 'signs-in'>, number])[] = [
  ['never', 20],
  ['own-key', 5],
  ['corrected', 3],
  ['swapped', 3],
  ['other-notation', 3],
];
const rivals: readonly (readonly [Rivalry, number])[] = [
  ['other-workstation', 4],
  ['same-workstation', 2],
];

/** Numbers from 0 to below 1, of good enough quality for choices (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

function choose<Name>(table: readonly (readonly [Name, number])[], random: () => number): Name | undefined {
  let left = random() * 100;
  for (const [name, share] of table) {
    left -= share;
    if (left < 0) return name;
  }
  return undefined;
}

/** At least as many devices as asked for: a pair is not torn apart. */
export function planDevices(count: number, seed: number): readonly PlannedDevice[] {
  const random = randomNumbers(seed);
  const taken = new Set<string>();
  const newMac = (): string => {
    for (;;) {
      // Locally administered, random all over: two of them are never near to each other. With a letter for other-notation.
      const bytes = [0x02, ...Array.from({ length: 5 }, () => Math.floor(random() * 256))];
      const mac = bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');
      if (!/[a-f]/.test(mac) || taken.has(mac)) continue;
      taken.add(mac);
      return mac;
    }
  };
  const devices: PlannedDevice[] = [];
  while (devices.length < count) {
    const fate = choose(shares, random) ?? 'signs-in';
    const mac = newMac();
    if (fate === 'swapped') {
      const partner = newMac();
      devices.push({ mac, fate, partner }, { mac: partner, fate, partner: mac });
      continue;
    }
    const rivalry = fate === 'signs-in' || fate === 'never' ? choose(rivals, random) : undefined;
    devices.push({ mac, fate, rivalry });
  }
  return devices;
}
