import { spawn, type ChildProcess } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scanFiles, scanMemory, secretPieces } from '../support/secret-scan';

/*
 * SECURITY: looks for keys that no job took in the whole memory of the process that made them. The keys reach this test through
 * files that the child fills from its locked memory, where it finds them by how their DER begins.
 */
const childSource = `
import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { loadNative } from './native/index';
import { KeyVault } from './main/keys/key-vault';

async function run() {
  const [addon, evidence] = process.argv.slice(2);
  loadNative(addon);
  const vault = new KeyVault();
  const memory = await vault.withLockedBuffer(1, 1, async (piece) => Buffer.from(piece.buffer));
  for (let round = 0; ; round += 1) {
    vault.keepAhead('rsa-2048', 2);
    vault.makeAhead();
    while (vault.keysAhead < 2) await new Promise((done) => setTimeout(done, 20));
    const begin = Buffer.from('020100300d06092a864886f70d0101010500', 'hex');
    for (let at = memory.indexOf(begin), found = 0; at >= 0; at = memory.indexOf(begin, at + 1), found += 1) {
      writeFileSync(evidence + '/' + round + '-' + found + '.der', memory.subarray(at - 4, at + memory.readUInt16BE(at - 2)));
    }
    console.log('made');
    await once(process.stdin, 'data');
    await vault.destroyAll();
    await vault.settle();
    console.log('erased');
    await once(process.stdin, 'data');
  }
}
void run();
`;

describe.skipIf(process.getuid?.() !== 0)('the memory of a process that made keys ahead (needs root)', () => {
  const folder = mkdtempSync(join(tmpdir(), 'imprint-ahead-'));
  const evidence = mkdtempSync(join(tmpdir(), 'imprint-ahead-evidence-'));
  let child: ChildProcess;
  let lines: AsyncIterator<string>;
  const started = Date.now();

  const word = async (): Promise<string> => String((await lines.next()).value);
  const pieces = (round: number): Buffer[] => {
    const files = readdirSync(evidence).filter((name) => name.startsWith(`${String(round)}-`));
    expect(files).toHaveLength(2);
    return files.flatMap((name) => secretPieces(createPrivateKey({ key: readFileSync(join(evidence, name)), format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }).toString()));
  };

  beforeAll(async () => {
    const script = join(evidence, 'child.cjs');
    await build({ stdin: { contents: childSource, resolveDir: resolve('.'), loader: 'ts' }, bundle: true, platform: 'node', format: 'cjs', target: 'node24', outfile: script, logLevel: 'error' });
    child = spawn(process.execPath, [script, resolve('native/build/imprint.node'), evidence], { cwd: folder, env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_OPTIONS: '', TMPDIR: folder }, stdio: ['pipe', 'pipe', 'inherit'] });
    if (child.stdout === null) throw new Error('no output');
    lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  });

  afterAll(() => {
    child.kill('SIGKILL');
    for (const path of [folder, evidence]) rmSync(path, { recursive: true });
  });

  it('has no part of them in any form after they were erased unused', async () => {
    expect(await word()).toBe('made');
    // The scan finds what is there: without this, the second one would prove nothing.
    expect(scanMemory(child.pid ?? 0, pieces(0))).not.toEqual([]);
    child.stdin?.write('go\n');
    expect(await word()).toBe('erased');
    expect(scanMemory(child.pid ?? 0, pieces(0))).toEqual([]);
  }, 60_000);

  it('is gone with a process that is killed, and nothing of them lies in a file', async () => {
    child.stdin?.write('go\n');
    expect(await word()).toBe('made');
    const made = pieces(1);
    expect(scanMemory(child.pid ?? 0, made)).not.toEqual([]);
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
    expect(scanFiles(folder, made, started)).toEqual([]);
    expect(scanFiles(tmpdir(), made, started, (path) => path.startsWith(evidence))).toEqual([]);
  }, 60_000);
});
