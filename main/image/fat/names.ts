/** Names in a FAT directory: the 8.3 name, and the long one in entries before it (FAT32 specification 1.03, "Long File Names"). */

const shortCharacters = /^[A-Z0-9!#$%&'()@^_`{}~-]+$/;
/** Characters that no name in vfat may have; what is beyond 7 bits is not asked for by any profile. */
const impossible = /[\u0000-\u001f"*/:<>?\\|\u007f-\uffff]/; // eslint-disable-line no-control-regex -- finding them is the point

export function isPossibleName(name: string): boolean {
  return name.length > 0 && name.length <= 255 && !impossible.test(name) && !/[. ]$/.test(name);
}

/** `KERNEL  IMG` for `KERNEL.IMG`; undefined where the name is not an 8.3 name in capitals, so that it needs a long one. */
export function plainShortName(name: string): string | undefined {
  const [base = '', extension = '', ...more] = name.split('.');
  if (more.length > 0 || (name.includes('.') && extension === '')) return undefined;
  if (base.length > 8 || extension.length > 3 || !shortCharacters.test(base) || (extension !== '' && !shortCharacters.test(extension))) return undefined;
  return base.padEnd(8) + extension.padEnd(3);
}

/** An 8.3 name with a numeric tail that is not taken yet: `MENDER~1PEM`. */
export function numberedShortName(name: string, taken: ReadonlySet<string>): string {
  const clean = (text: string): string => text.toUpperCase().replace(/[ .]/g, '').replace(/[^A-Z0-9!#$%&'()@^_`{}~-]/g, '_');
  const dot = name.lastIndexOf('.');
  const base = clean(dot > 0 ? name.slice(0, dot) : name);
  const extension = clean(dot > 0 ? name.slice(dot + 1) : '').slice(0, 3).padEnd(3);
  for (let number = 1; ; number += 1) {
    const tail = `~${String(number)}`;
    const candidate = (base.slice(0, 8 - tail.length) + tail).padEnd(8) + extension;
    if (!taken.has(candidate)) return candidate;
  }
}

export function shortNameChecksum(shortName: Buffer): number {
  return shortName.reduce((sum, byte) => (((sum & 1) << 7) + (sum >> 1) + byte) & 0xff, 0);
}

const characterOffsets = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

/** The long-name entries in the order in which they stand on the disk: the last part of the name first. */
export function longNameEntries(name: string, shortName: Buffer): Buffer[] {
  const checksum = shortNameChecksum(shortName);
  const count = Math.ceil(name.length / characterOffsets.length);
  return Array.from({ length: count }, (_, index) => {
    const part = count - index;
    const entry = Buffer.alloc(32);
    entry.writeUInt8(index === 0 ? part | 0x40 : part, 0);
    entry.writeUInt8(0x0f, 11);
    entry.writeUInt8(checksum, 13);
    for (const [position, offset] of characterOffsets.entries()) {
      const at = (part - 1) * characterOffsets.length + position;
      entry.writeUInt16LE(at < name.length ? name.charCodeAt(at) : at === name.length ? 0 : 0xffff, offset);
    }
    return entry;
  });
}

/** The part of a long name in one entry. */
export function longNamePart(entry: Buffer): string {
  let part = '';
  for (const offset of characterOffsets) {
    const code = entry.readUInt16LE(offset);
    if (code === 0 || code === 0xffff) break;
    part += String.fromCharCode(code);
  }
  return part;
}

/** `kernel.img` from the 11 bytes of an entry and its two bits for lower case. */
export function readableShortName(entry: Buffer): string {
  const flags = entry.readUInt8(12);
  const raw = Buffer.from(entry.subarray(0, 11));
  if (raw.readUInt8(0) === 0x05) raw.writeUInt8(0xe5, 0);
  const base = raw.toString('latin1', 0, 8).trimEnd();
  const extension = raw.toString('latin1', 8, 11).trimEnd();
  const shownBase = flags & 0x08 ? base.toLowerCase() : base;
  const shownExtension = flags & 0x10 ? extension.toLowerCase() : extension;
  return shownExtension === '' ? shownBase : `${shownBase}.${shownExtension}`;
}
