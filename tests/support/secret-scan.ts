/** Looks for pieces of a private key where none may be: in processes' memory and in files. */
import { createPrivateKey } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

const pieceBytes = 24;

/** Larger files are disk images, which have no business with keys unless a test looks into them by name. */
const largestFile = 64 * 1024 * 1024;

/**
 * Byte sequences that only somebody who has the private key can have: pieces of the PEM text, of the private numbers as
 * they stand in DER, and of the same numbers as a bignum library holds them (least significant byte first).
 */
export function secretPieces(pem: string): Buffer[] {
  const pieces: Buffer[] = [];
  const lines = pem.split('\n').slice(1, -2);
  // The first lines hold the modulus or the algorithm, which the public key has too.
  for (const line of lines.slice(Math.floor(lines.length / 2))) {
    if (line.length >= pieceBytes) pieces.push(Buffer.from(line.slice(0, pieceBytes), 'latin1'));
  }
  const jwk = createPrivateKey(pem).export({ format: 'jwk' });
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const) {
    const value = jwk[name];
    if (value === undefined) continue;
    const number = Buffer.from(value, 'base64url');
    for (let at = 0; at + pieceBytes <= number.length; at += 96) {
      const piece = number.subarray(at, at + pieceBytes);
      pieces.push(piece, Buffer.from(piece).reverse());
    }
  }
  return pieces;
}

/** Which pieces stand in the writable memory of a process. Needs the right to trace it. */
export function scanMemory(pid: number, pieces: readonly Buffer[]): string[] {
  const found: string[] = [];
  const memory = openSync(`/proc/${String(pid)}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${String(pid)}/maps`, 'utf8').split('\n')) {
      const match = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
      if (match === null) continue;
      const start = parseInt(match[1] ?? '', 16);
      const end = parseInt(match[2] ?? '', 16);
      for (let at = start; at < end; at += scanBytes) {
        const chunk = Buffer.allocUnsafe(Math.min(scanBytes + pieceBytes, end - at));
        let length: number;
        try {
          length = readSync(memory, chunk, 0, chunk.length, at);
        } catch {
          // A reserved page that was never touched.
          continue;
        }
        const read = chunk.subarray(0, length);
        // Most of what a process has reserved was never touched.
        if (read.equals(zeros.subarray(0, length))) continue;
        for (const [index, piece] of pieces.entries()) {
          const offset = read.indexOf(piece);
          if (offset >= 0) found.push(`process ${String(pid)}, ${(at + offset).toString(16)}, piece ${String(index)}: ${line}`);
        }
      }
    }
  } finally {
    closeSync(memory);
  }
  return found;
}

const scanBytes = 1024 * 1024;
const zeros = Buffer.alloc(scanBytes + pieceBytes);

/** Which files below a folder hold a piece, of those that changed since a moment. Other programs' files may come and go meanwhile. */
export function scanFiles(folder: string, pieces: readonly Buffer[], since: number, skip: (path: string) => boolean = () => false): string[] {
  const found: string[] = [];
  for (const path of filesBelow(folder)) {
    if (skip(path)) continue;
    try {
      const { size, mtimeMs } = statSync(path);
      if (mtimeMs < since || size > largestFile) continue;
      const content = readFileSync(path);
      if (pieces.some((piece) => content.includes(piece))) found.push(path);
    } catch {
      continue;
    }
  }
  return found;
}

function filesBelow(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : entry.isFile() ? [path] : [];
    });
  } catch {
    return [];
  }
}
