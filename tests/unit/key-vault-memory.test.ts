import { spawn, type ChildProcess } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/*
 * SECURITY: looks for private keys in the whole memory of a process that has made, used, exported and destroyed them.
 * The keys reach this test through files that the child fills from its locked memory.
 */

const types = ['rsa-2048', 'rsa-3072', 'ec-p256', 'ed25519'] as const;

/** Stages of the child: makes and uses the keys, waits, destroys them, waits. Its standard output carries one word each. */
const childSource = `
import { openSync, closeSync, writeSync } from 'node:fs';
import { once } from 'node:events';
import { loadNative } from './native/index';
import { KeyVault } from './main/keys/key-vault';

async function run() {
  const [addon, folder, ...types] = process.argv.slice(2);
  loadNative(addon);
  const vault = new KeyVault();
  const payload = Buffer.from('a request of a device');
  for (const type of types) {
    await vault.generate(type, type);
    vault.sign(type, payload);
    await vault.withPem(type, async (pem) => {
      const file = openSync(folder + '/' + type + '.pem', 'wx', 0o600);
      writeSync(file, pem, 0, pem.length, 0);
      closeSync(file);
      vault.readPrivateKeyFile(pem, payload);
    });
  }
  console.log('made');
  await once(process.stdin, 'data');
  for (const type of types) await vault.destroy(type);
  console.log('destroyed');
  await once(process.stdin, 'data');
}
void run();
`;

const windowBytes = 24;
const zeroPage = Buffer.alloc(4096);

/** Every piece of a secret's bytes that could be found by itself. */
function windows(bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at + windowBytes <= bytes.length; at += 8) pieces.push(bytes.subarray(at, at + windowBytes));
  return pieces;
}

/** What must not be found: private numbers as they stand in DER, as bignum limbs (reversed), and the PEM's text. */
function needlesOf(pem: Buffer): Map<string, Buffer[]> {
  const key = createPrivateKey(pem);
  const jwk = key.export({ format: 'jwk' }) as Record<string, unknown>;
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const found = new Map<string, Buffer[]>();
  for (const part of ['d', 'p', 'q', 'dp', 'dq', 'qi']) {
    const value = jwk[part];
    if (typeof value !== 'string') continue;
    const number = Buffer.from(value, 'base64url');
    found.set(`${part} in DER`, windows(number));
    found.set(`${part} in limbs`, windows(Buffer.from(number).reverse()));
  }
  const text = pem.toString('latin1').split('\n').slice(1, -2).join('\n');
  const publicBytes = Buffer.from(spki).subarray(-270);
  // The first lines of an RSA key are its modulus, which is public.
  found.set('PEM text', windows(Buffer.from(text, 'latin1')).filter((piece) => !publicBytes.includes(Buffer.from(piece.toString('latin1').replace(/\n/g, '').slice(0, 20), 'base64').subarray(3, 12))));
  return found;
}

interface Hit {
  readonly what: string;
  readonly address: string;
  readonly region: string;
}

/** Looks for all needles in one pass over the writable memory of a process. */
function scan(pid: number, needles: ReadonlyMap<string, readonly Buffer[]>): { hits: Hit[]; bytes: number } {
  const filter = new Uint8Array(2 ** 24);
  const byStart = new Map<number, { what: string; piece: Buffer }[]>();
  for (const [what, pieces] of needles) {
    for (const piece of pieces) {
      const start = piece.readUIntLE(0, 3);
      filter[start] = 1;
      byStart.set(start, [...(byStart.get(start) ?? []), { what, piece }]);
    }
  }
  const hits: Hit[] = [];
  let bytes = 0;
  const overlap = windowBytes - 1;
  const chunk = Buffer.alloc(4 * 1024 * 1024 + overlap);
  const memory = openSync(`/proc/${String(pid)}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${String(pid)}/maps`, 'latin1').split('\n')) {
      const range = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line);
      if (range?.[1] === undefined || range[2] === undefined) continue;
      const start = parseInt(range[1], 16);
      const end = parseInt(range[2], 16);
      for (let at = start; at < end; at += chunk.length - overlap) {
        let length: number;
        try {
          length = readSync(memory, chunk, 0, Math.min(chunk.length, end - at), at);
        } catch {
          // Pages of a device or behind a guard.
          continue;
        }
        bytes += length;
        for (let index = 0; index + windowBytes <= length; index += 1) {
          // Most pages were never touched.
          if (index % zeroPage.length === 0 && zeroPage.equals(chunk.subarray(index, index + zeroPage.length))) {
            index += zeroPage.length - 1;
            continue;
          }
          const key = (chunk[index] ?? 0) | ((chunk[index + 1] ?? 0) << 8) | ((chunk[index + 2] ?? 0) << 16);
          if (filter[key] === 0) continue;
          for (const { what, piece } of byStart.get(key) ?? []) {
            if (chunk.compare(piece, 0, windowBytes, index, index + windowBytes) === 0) hits.push({ what, address: (at + index).toString(16), region: line });
          }
        }
      }
    }
  } finally {
    closeSync(memory);
  }
  return { hits, bytes };
}

function mayReadMemory(): boolean {
  if (process.getuid?.() === 0) return true;
  try {
    return readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'latin1').trim() === '0';
  } catch {
    return false;
  }
}

describe.skipIf(!mayReadMemory())('the memory of a process that had keys (needs root, or ptrace_scope 0)', () => {
  let folder: string;
  let child: ChildProcess;
  let lines: AsyncIterator<string>;

  const word = async (): Promise<string> => String((await lines.next()).value);
  const needles = (): Map<string, Buffer[]> => {
    const all = new Map<string, Buffer[]>();
    for (const type of types) {
      for (const [what, pieces] of needlesOf(readFileSync(join(folder, `${type}.pem`)))) all.set(`${type}: ${what}`, pieces);
    }
    return all;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'imprint-memory-'));
    const script = join(folder, 'child.cjs');
    await build({ stdin: { contents: childSource, resolveDir: resolve('.'), loader: 'ts' }, bundle: true, platform: 'node', format: 'cjs', target: 'node24', outfile: script, logLevel: 'error' });
    child = spawn(process.execPath, [script, resolve('native/build/imprint.node'), folder, ...types], {
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (child.stdout === null) throw new Error('no output');
    lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  });

  afterAll(async () => {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  it('holds them while they are needed, and no part of them in any form after destroy', async () => {
    expect(await word()).toBe('made');
    const before = scan(child.pid ?? 0, needles());
    // The scan finds what is there: without this, the second one would prove nothing.
    const found = new Set(before.hits.map(({ what }) => what));
    for (const type of types) expect(found).toContain(`${type}: d in DER`);
    expect(found).toContain('rsa-3072: p in limbs');
    child.stdin?.write('go\n');
    expect(await word()).toBe('destroyed');
    const after = scan(child.pid ?? 0, needles());
    expect(after.bytes).toBeGreaterThan(10_000_000);
    expect(after.hits).toEqual([]);
  }, 120_000);
});
