/**
 * PEM for private keys, from buffer to buffer. Node's own PEM export returns a string, and a string is a copy that
 * nothing can erase.
 */

const header = Buffer.from('-----BEGIN PRIVATE KEY-----\n', 'latin1');
const footer = Buffer.from('-----END PRIVATE KEY-----\n', 'latin1');
const alphabet = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1');
const padding = 0x3d;
const newline = 0x0a;
const dash = 0x2d;
const charactersPerLine = 64;

const digitOf = new Int8Array(256).fill(-1);
alphabet.forEach((character, digit) => {
  digitOf[character] = digit;
});

/** Length in bytes of the PEM text for a PKCS#8 key of `derBytes` bytes. */
export function privateKeyPemLength(derBytes: number): number {
  const characters = Math.ceil(derBytes / 3) * 4;
  return header.length + characters + Math.ceil(characters / charactersPerLine) + footer.length;
}

/**
 * Writes PKCS#8 DER as PEM `PRIVATE KEY` (RFC 7468, 10): 64 characters a line, a newline at the end of each.
 *
 * SECURITY: both buffers are the caller's locked memory; nothing else is written.
 *
 * @returns the number of bytes written into `into`
 * @throws RangeError where `into` is shorter than `privateKeyPemLength(der.length)`
 */
export function encodePrivateKeyPem(der: Buffer, into: Buffer): number {
  if (into.length < privateKeyPemLength(der.length)) throw new RangeError('The buffer is too short for this PEM text.');
  let at = header.copy(into, 0);
  let column = 0;
  for (let from = 0; from < der.length; from += 3) {
    const left = der.length - from;
    const first = der[from] ?? 0;
    const second = left > 1 ? (der[from + 1] ?? 0) : 0;
    const third = left > 2 ? (der[from + 2] ?? 0) : 0;
    into[at] = alphabet[first >> 2] ?? 0;
    into[at + 1] = alphabet[((first & 3) << 4) | (second >> 4)] ?? 0;
    into[at + 2] = left > 1 ? (alphabet[((second & 15) << 2) | (third >> 6)] ?? 0) : padding;
    into[at + 3] = left > 2 ? (alphabet[third & 63] ?? 0) : padding;
    at += 4;
    column += 4;
    if (column === charactersPerLine) {
      into[at] = newline;
      at += 1;
      column = 0;
    }
  }
  if (column > 0) {
    into[at] = newline;
    at += 1;
  }
  return at + footer.copy(into, at);
}

/** Length in characters of the base64 text of `bytes` bytes, with its padding. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/**
 * Writes bytes as standard base64 (RFC 4648, 4) in one line.
 *
 * SECURITY: both buffers are the caller's locked memory; nothing else is written.
 */
export function encodeBase64(bytes: Buffer, into: Buffer): void {
  let at = 0;
  for (let from = 0; from < bytes.length; from += 3) {
    const left = bytes.length - from;
    const first = bytes[from] ?? 0;
    const second = left > 1 ? (bytes[from + 1] ?? 0) : 0;
    const third = left > 2 ? (bytes[from + 2] ?? 0) : 0;
    into[at] = alphabet[first >> 2] ?? 0;
    into[at + 1] = alphabet[((first & 3) << 4) | (second >> 4)] ?? 0;
    into[at + 2] = left > 1 ? (alphabet[((second & 15) << 2) | (third >> 6)] ?? 0) : padding;
    into[at + 3] = left > 2 ? (alphabet[third & 63] ?? 0) : padding;
    at += 4;
  }
}

const readableLabels = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY'] as const;
export type PrivateKeyLabel = (typeof readableLabels)[number];

/** Which kind of private-key PEM this is, judged by its first line; undefined for anything else. */
export function privateKeyLabel(pem: Buffer): PrivateKeyLabel | undefined {
  return readableLabels.find((label) => afterLine(pem, `-----BEGIN ${label}-----`, 0) !== undefined);
}

/**
 * Reads the base64 between the first line, a private key's header, and the footer of the same kind. As strict as OpenSSL,
 * because what the device's client cannot read makes it take a key of its own: whole groups of four, padding at the end,
 * blanks only at the ends of lines, a footer. What follows the footer is not looked at.
 *
 * @param into must hold the DER; what is written into it before an undefined is the caller's to erase
 * @returns the number of DER bytes written, or undefined where this is no such text or `into` is too short
 */
export function decodePem(pem: Buffer, into: Buffer): number | undefined {
  const label = privateKeyLabel(pem);
  if (label === undefined) return undefined;
  let from = afterLine(pem, `-----BEGIN ${label}-----`, 0) ?? 0;
  let at = 0;
  let characters = 0;
  let padded = 0;
  let held = 0;
  let atLineStart = true;
  for (; from < pem.length; from += 1) {
    const character = pem[from] ?? 0;
    if (character === newline) {
      atLineStart = true;
      continue;
    }
    if (isBlank(character)) {
      const next = afterBlanks(pem, from);
      if (next < pem.length && pem[next] !== newline) return undefined;
      continue;
    }
    if (character === dash && atLineStart) break;
    atLineStart = false;
    characters += 1;
    if (character === padding) {
      padded += 1;
      held = (held << 6) & 0xffffff;
    } else {
      const digit = digitOf[character] ?? -1;
      if (digit < 0 || padded > 0) return undefined;
      held = ((held << 6) | digit) & 0xffffff;
    }
    if (characters % 4 !== 0) continue;
    const bytes = 3 - padded;
    if (padded > 2 || at + bytes > into.length) return undefined;
    into[at] = held >> 16;
    if (bytes > 1) into[at + 1] = (held >> 8) & 0xff;
    if (bytes > 2) into[at + 2] = held & 0xff;
    at += bytes;
  }
  if (characters % 4 !== 0 || at === 0 || afterLine(pem, `-----END ${label}-----`, from) === undefined) return undefined;
  return at;
}

function isBlank(character: number | undefined): boolean {
  return character === 0x20 || character === 0x09 || character === 0x0d;
}

function afterBlanks(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text[at])) at += 1;
  return at;
}

/** Where the next line starts, if at `from` there stands this line and nothing else. */
function afterLine(text: Buffer, line: string, from: number): number | undefined {
  const end = from + line.length;
  if (end > text.length || !text.subarray(from, end).equals(Buffer.from(line, 'latin1'))) return undefined;
  const lineEnd = afterBlanks(text, end);
  if (lineEnd === text.length) return lineEnd;
  return text[lineEnd] === newline ? lineEnd + 1 : undefined;
}
