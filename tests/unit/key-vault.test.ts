import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { ImprintError } from '../../main/domain/errors';
import { keyTypes, type KeyType } from '../../main/domain/keys';
import { KeyVault } from '../../main/keys/key-vault';

const coded = (code: string): ImprintError => expect.objectContaining({ name: 'ImprintError', code }) as ImprintError;
const payload = Buffer.from('a request of a device');
const jobId = '6f1b7c0e-4a1d-4e3b-9f53-000000000001';

/** The PEM as a copy in ordinary memory: the keys of these tests guard nothing. */
const pemOf = (vault: KeyVault, job = jobId): Promise<Buffer> => vault.withPem(job, (pem) => Promise.resolve(Buffer.from(pem)));
const openssl = (input: Buffer | string, ...options: string[]): Buffer => execFileSync('openssl', options, { input, stdio: ['pipe', 'pipe', 'pipe'] });

function verifies(publicKey: KeyObject, signature: Uint8Array): boolean {
  const algorithm = publicKey.asymmetricKeyType === 'ed25519' ? null : publicKey.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256';
  return verify(algorithm, payload, publicKey, signature);
}

describe.each(keyTypes)('a key of type %s', (type: KeyType) => {
  it('is generated, signs, is written as PEM that openssl reads, and is gone after destroy', async () => {
    const vault = new KeyVault();
    const made = await vault.generate(jobId, type);
    expect(made.type).toBe(type);
    expect(vault.publicKey(jobId)).toEqual(made);
    expect(vault.keysHeld).toBe(1);

    const publicKey = createPublicKey({ key: Buffer.from(made.spki), format: 'der', type: 'spki' });
    expect(verifies(publicKey, vault.sign(jobId, payload))).toBe(true);

    const pem = await pemOf(vault);
    expect(pem.length).toBe(vault.lengthOf(jobId, [{ key: 'private-key' }]));
    expect(openssl(pem, 'pkey', '-pubout', '-outform', 'DER').equals(Buffer.from(made.spki))).toBe(true);
    expect(openssl(pem, 'pkey').equals(pem)).toBe(true);

    const read = vault.readPrivateKeyFile(pem, payload);
    expect(read.publicKey).toEqual(made);
    expect(verifies(publicKey, read.signature ?? new Uint8Array())).toBe(true);
    expect(vault.readPrivateKeyFile(pem)).toEqual({ publicKey: made, signature: undefined });

    await vault.destroy(jobId);
    expect(vault.keysHeld).toBe(0);
    expect(() => vault.sign(jobId, payload)).toThrow(coded('custody-no-such-key'));
    expect(() => vault.publicKey(jobId)).toThrow(coded('custody-no-such-key'));
    await expect(pemOf(vault)).rejects.toEqual(coded('custody-no-such-key'));
    await vault.destroy(jobId);
  });
});

describe('the memory of a vault', () => {
  it('is zero where a PEM was, whether its use went well or not', async () => {
    const vault = new KeyVault();
    await vault.generate(jobId, 'ed25519');
    const seen: Buffer[] = [];
    await vault.withPem(jobId, (pem) => {
      expect(pem.subarray(0, 11).toString()).toBe('-----BEGIN ');
      seen.push(pem);
      return Promise.resolve();
    });
    await expect(
      vault.withPem(jobId, (pem) => {
        seen.push(pem);
        return Promise.reject(new Error('the card broke'));
      }),
    ).rejects.toThrow('the card broke');
    expect(seen).toHaveLength(2);
    expect(seen.every((pem) => pem.every((byte) => byte === 0))).toBe(true);
  });

  it('is zero everywhere after the last key was destroyed', async () => {
    const vault = new KeyVault();
    // Any piece is a view of the whole locked memory.
    const memory = await vault.withLockedBuffer(1, 1, (piece) => Promise.resolve(new Uint8Array(piece.buffer)));
    const other = jobId.replace(/1$/, '2');
    await vault.generate(jobId, 'ec-p256');
    await vault.generate(other, 'ed25519');
    vault.readPrivateKeyFile(await pemOf(vault));
    expect(memory.some((byte) => byte !== 0)).toBe(true);
    await vault.destroy(jobId);
    expect(memory.some((byte) => byte !== 0)).toBe(true);
    await vault.destroy(other);
    expect(memory.every((byte) => byte === 0)).toBe(true);
  });

  it('is zero after destroyAll, with keys in it', async () => {
    const vault = new KeyVault();
    const memory = await vault.withLockedBuffer(1, 1, (piece) => Promise.resolve(new Uint8Array(piece.buffer)));
    await vault.generate(jobId, 'ed25519');
    await vault.destroyAll();
    expect(vault.keysHeld).toBe(0);
    expect(memory.every((byte) => byte === 0)).toBe(true);
  });

  it('is given back: a day of keys fits into it', async () => {
    const vault = new KeyVault();
    for (let count = 0; count < 300; count += 1) {
      await vault.generate(jobId, 'ec-p256');
      await pemOf(vault);
      await vault.destroy(jobId);
    }
    await vault.generate(jobId, 'ed25519');
    const pem = await pemOf(vault);
    for (let count = 0; count < 300; count += 1) {
      vault.readPrivateKeyFile(pem);
      expect(() => vault.readPrivateKeyFile(Buffer.from('nothing'))).toThrow();
    }
    await vault.destroy(jobId);
    expect(vault.keysHeld).toBe(0);
  });
});

describe('one key for one job', () => {
  it('refuses a second', async () => {
    const vault = new KeyVault();
    const first = await vault.generate(jobId, 'ed25519');
    await expect(vault.generate(jobId, 'ed25519')).rejects.toEqual(coded('custody-key-failed'));
    expect(vault.publicKey(jobId)).toEqual(first);
  });

  it('refuses a second that is asked for while the first is made', async () => {
    const vault = new KeyVault();
    const results = await Promise.allSettled([vault.generate(jobId, 'rsa-2048'), vault.generate(jobId, 'ed25519')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(vault.keysHeld).toBe(1);
    expect(vault.publicKey(jobId).type).toBe('rsa-2048');
  });

  it('keeps none that was destroyed while it was made', async () => {
    const vault = new KeyVault();
    const memory = await vault.withLockedBuffer(1, 1, (piece) => Promise.resolve(new Uint8Array(piece.buffer)));
    const making = vault.generate(jobId, 'rsa-2048');
    await vault.destroy(jobId);
    const second = vault.generate(jobId, 'ed25519');
    await expect(making).rejects.toEqual(coded('cancelled'));
    expect((await second).type).toBe('ed25519');
    expect(vault.keysHeld).toBe(1);
    await vault.destroy(jobId);
    expect(memory.every((byte) => byte === 0)).toBe(true);
  });
});

describe('a key file from a card', () => {
  const vault = new KeyVault();
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const pkcs8 = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const spkiOf = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ type: 'spki', format: 'der' }));

  it.each<[string, string, KeyObject]>([
    ['PKCS#1', rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }) as string, rsa.publicKey],
    ['PKCS#8', pkcs8, rsa.publicKey],
    ['SEC1', ec.privateKey.export({ type: 'sec1', format: 'pem' }) as string, ec.publicKey],
  ])('in %s is read', (_, text, publicKey) => {
    const read = vault.readPrivateKeyFile(Buffer.from(text), payload);
    expect(read.publicKey.spki).toEqual(spkiOf(publicKey));
    expect(verifies(publicKey, read.signature ?? new Uint8Array())).toBe(true);
  });

  const der = rsa.privateKey.export({ type: 'pkcs8', format: 'der' });
  const wrap = (bytes: Uint8Array): string =>
    `-----BEGIN PRIVATE KEY-----\n${(Buffer.from(bytes).toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`;

  it.each<[string, Buffer | string]>([
    ['nothing', ''],
    ['zeros', Buffer.alloc(2484)],
    ['0xff', Buffer.alloc(2484, 0xff)],
    ['text', 'not a key\n'],
    ['a public key', rsa.publicKey.export({ type: 'spki', format: 'pem' })],
    ['an encrypted key', rsa.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' })],
    ['an encrypted traditional key', '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END RSA PRIVATE KEY-----\n'],
    ['a key cut off in the middle', pkcs8.slice(0, 900)],
    ['a key whose second half is zeros', pkcs8.slice(0, 900) + '\0'.repeat(pkcs8.length - 900)],
    ['DER that was cut off', wrap(der.subarray(0, 600))],
    ['DER of something else', wrap(Buffer.from('3003020101', 'hex'))],
    ['DER without PEM', der],
    ['more than any key has', wrap(Buffer.alloc(9000))],
  ])('that is %s is unreadable', (_, file) => {
    let thrown: unknown;
    try {
      vault.readPrivateKeyFile(Buffer.from(file as string));
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toEqual(coded('verify-key-unreadable'));
    // SECURITY: no library error that may quote the file.
    expect((thrown as ImprintError).cause).toBeUndefined();
  });

  it('leaves nothing of the file in the locked memory', async () => {
    const memory = await vault.withLockedBuffer(1, 1, (piece) => Promise.resolve(new Uint8Array(piece.buffer)));
    vault.readPrivateKeyFile(Buffer.from(pkcs8));
    expect(() => vault.readPrivateKeyFile(Buffer.from(pkcs8.slice(0, 900)))).toThrow();
    expect(memory.every((byte) => byte === 0)).toBe(true);
  });
});
