import { describe, expect, it } from 'vitest';
import type { KeyType } from '../../main/domain/keys';
import { KeyVault } from '../../main/keys/key-vault';

/** The whole locked memory: any piece is a view of it. */
const memoryOf = (vault: KeyVault): Promise<Uint8Array> => vault.withLockedBuffer(1, 1, (piece) => Promise.resolve(new Uint8Array(piece.buffer)));

async function until(what: () => boolean): Promise<void> {
  for (let tries = 0; !what() && tries < 2000; tries += 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(what()).toBe(true);
}

async function filled(type: KeyType, most: number, idle?: number): Promise<KeyVault> {
  const vault = new KeyVault(idle);
  vault.keepAhead(type, most);
  vault.makeAhead();
  await until(() => vault.keysAhead === most);
  return vault;
}

describe('keys that are made ahead', () => {
  it('are as many as was asked for, and each is given to one job', async () => {
    const vault = await filled('ec-p256', 3);
    const prints = new Set<string>();
    for (const job of ['a', 'b', 'c', 'd']) prints.add((await vault.generate(job, 'ec-p256')).fingerprint);
    expect(prints.size).toBe(4);
    expect(vault).toMatchObject({ keysAhead: 0, keysHeld: 4 });
    expect(vault.readPrivateKeyFile(await vault.withPem('a', (pem) => Promise.resolve(Buffer.from(pem)))).publicKey).toEqual(vault.publicKey('a'));
    vault.makeAhead();
    await until(() => vault.keysAhead === 3);
    await vault.destroyAll();
  });

  it('are not given to a job that wants another type', async () => {
    const vault = await filled('ec-p256', 1);
    expect((await vault.generate('a', 'ed25519')).type).toBe('ed25519');
    expect(vault.keysAhead).toBe(1);
    await vault.destroyAll();
  });

  it('are erased when another type is wanted, when fewer are, at idle, and at the end', async () => {
    const vault = await filled('ec-p256', 4);
    const memory = await memoryOf(vault);
    vault.keepAhead('ec-p256', 2);
    expect(vault.keysAhead).toBe(2);
    vault.keepAhead('ed25519', 2);
    expect(vault.keysAhead).toBe(0);
    expect(memory.every((byte) => byte === 0)).toBe(true);
    vault.makeAhead();
    await until(() => vault.keysAhead === 2);
    expect(memory.some((byte) => byte !== 0)).toBe(true);
    await vault.destroyAll();
    expect(vault.keysAhead).toBe(0);
    expect(memory.every((byte) => byte === 0)).toBe(true);

    const idle = await filled('ec-p256', 2, 150);
    const idleMemory = await memoryOf(idle);
    await until(() => idle.keysAhead === 0);
    expect(idleMemory.every((byte) => byte === 0)).toBe(true);
  });

  it('do not outlive an erasure that came while one was being made', async () => {
    const vault = new KeyVault();
    const memory = await memoryOf(vault);
    vault.keepAhead('rsa-2048', 4);
    vault.makeAhead();
    await vault.destroyAll();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(vault.keysAhead).toBe(0);
    expect(memory.every((byte) => byte === 0)).toBe(true);
  });

  it('never take the place that jobs need', async () => {
    const vault = await filled('ed25519', 16);
    const jobs = Array.from({ length: 16 }, (_, index) => `job ${String(index)}`);
    for (const job of jobs) await vault.generate(job, 'ed25519');
    // What sixteen cards hold at once while they are read back.
    await Promise.all(jobs.map((job) => vault.withPem(job, () => vault.withLockedBuffer(16 * 4096, 4096, () => Promise.resolve()))));
    await vault.destroyAll();
  });

  it.each(['rsa-3072', 'rsa-4096'] as const)('spare the wait for %s', async (type) => {
    const vault = await filled(type, 2);
    const taken: number[] = [];
    const made: number[] = [];
    for (const [index, times] of [taken, taken, made, made].entries()) {
      const started = performance.now();
      await vault.generate(`job ${String(index)}`, type);
      times.push(performance.now() - started);
    }
    console.info(`${type}: ${taken.map((time) => time.toFixed(2)).join(', ')} ms ahead, ${made.map((time) => time.toFixed(0)).join(', ')} ms made then`);
    expect(Math.max(...taken)).toBeLessThan(Math.min(...made));
    await vault.destroyAll();
  });
});
