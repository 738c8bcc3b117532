import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, randomUUID, verify } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asImprintError } from '../../main/domain/errors';
import type { Progress } from '../../main/domain/job';
import type { KeyType, PublicKey } from '../../main/domain/keys';
import type { DeliveredContent, PreparedImage } from '../../main/domain/ports';
import type { CardFile } from '../../main/domain/profile';
import { CustodyService } from '../../main/workers/custody/custody-service';
import { debugfs, e2fsck, makeImage, readFileInImage, sha256File, standardMenderImage, type MadeImage } from '../support/images';
import { attachLoop, detachLoop, loopProblem, makeSparseFile } from '../support/loop-devices';

const mebibyte = 1024 * 1024;
const problem = loopProblem();
const keyPath = '/mender/mender-agent.pem';
const keyFile: CardFile = { content: 'private-key', partition: { number: 4 }, path: keyPath, mode: 0o600, uid: 0, gid: 0, createFolders: false };
const ignore = (): void => undefined;
const never = new AbortController().signal;
const code = (promise: Promise<unknown>): Promise<string> => promise.then(() => 'no error', (thrown: unknown) => asImprintError(thrown).code);
const isZero = (bytes: Buffer): boolean => bytes.every((byte) => byte === 0);
const openssl = (input: Buffer, ...options: string[]): Buffer => execFileSync('openssl', options, { input, stdio: ['pipe', 'pipe', 'pipe'] });

let folder: string;
let golden: MadeImage;
let goldenSha256: string;
let dataOffset: number;
let image: PreparedImage;
let service: CustodyService;
let work: string;
const cleanUp: (() => void)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-custody-'));
  golden = await standardMenderImage(join(folder, 'golden.sdimg'), 12, 48);
  goldenSha256 = await sha256File(golden.path);
  dataOffset = golden.partitions[3]?.offset ?? 0;
  const preparing = new CustodyService(join(folder, 'cache'), { now: () => new Date() });
  image = await preparing.prepareImage({ path: golden.path, sha256: goldenSha256 }, ignore, never);
});

afterAll(async () => {
  // However the tests ended: nobody wrote into the golden image.
  expect(await sha256File(golden.path)).toBe(goldenSha256);
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  work = mkdtempSync(join(folder, 'work-'));
  service = new CustodyService(join(folder, 'cache'), { now: () => new Date() });
});

afterEach(async () => {
  await service.close();
  for (const undo of cleanUp.splice(0).reverse()) undo();
  rmSync(work, { recursive: true });
});

interface Made {
  readonly jobId: string;
  readonly publicKey: PublicKey;
}

async function write(path: string, keyType: KeyType = 'ec-p256', files: readonly CardFile[] = [keyFile]): Promise<Made> {
  const jobId = randomUUID();
  await service.checkFiles(image, files);
  const publicKey = await service.generate(jobId, keyType);
  const receipt = await service.write({ jobId, image, files, contents: [], target: await service.inspectTarget(path), erasure: 'full' }, ignore, never);
  expect(receipt).toMatchObject({ bytesWritten: golden.bytes, directIo: true });
  expect(receipt.overlayBytes).toBeGreaterThan(0);
  expect(receipt.overlayBytes).toBeLessThan(mebibyte);
  return { jobId, publicKey };
}

/** A new card image, and a loop device over another one where that is possible. */
const places: [string, () => { target: string; file: string }][] = [
  ['a new file', () => ({ target: join(work, 'card.img'), file: join(work, 'card.img') })],
];
if (problem === undefined) {
  places.push([
    'a loop device',
    () => {
      const file = makeSparseFile(join(work, 'backing'), 64 * mebibyte);
      const target = attachLoop(file);
      cleanUp.push(() => detachLoop(target));
      return { target, file };
    },
  ]);
}

describe.each(places)('a card in %s', (_, place) => {
  it.each<KeyType>(['rsa-3072', 'ec-p256', 'ed25519'])('gets a key of type %s, and nothing else than what was asked for', async (keyType) => {
    const { target, file } = place();
    const { jobId, publicKey } = await write(target, keyType);
    const receipt = await service.verify(jobId, ignore, never);
    expect(receipt.publicKey).toEqual(publicKey);
    expect(receipt.bytesRead).toBe(golden.bytes);

    const inode = await debugfs(file, dataOffset, `stat ${keyPath}`);
    expect(inode).toMatch(/Type: regular\s+Mode:\s+0600\b/);
    expect(inode).toMatch(/User:\s+0\s+Group:\s+0\b/);
    const pem = await readFileInImage(file, dataOffset, keyPath);
    expect(receipt.files).toEqual([{ path: keyPath, partition: 4, bytes: pem.length, mode: 0o600, uid: 0, gid: 0 }]);
    expect(openssl(pem, 'pkey', '-pubout', '-outform', 'DER').equals(Buffer.from(publicKey.spki))).toBe(true);
    expect(openssl(pem, 'pkey').equals(pem)).toBe(true);

    for (const { offset } of golden.partitions.slice(1)) expect(await e2fsck(file, offset)).toMatchObject({ code: 0 });
    // Outside the data partition the card is the golden image.
    const [card, original] = [readFileSync(file), readFileSync(golden.path)];
    expect(card.subarray(0, dataOffset).equals(original.subarray(0, dataOffset))).toBe(true);
    // The key is there once, and not a second time in a journal.
    const body = pem.subarray(28, 28 + 60);
    expect(card.indexOf(body)).toBeGreaterThan(dataOffset);
    expect(card.indexOf(body, card.indexOf(body) + 1)).toBe(-1);

    await service.destroy(jobId);
    expect((await service.status()).keysHeld).toBe(0);
    const read = await service.readCardKey(target, [keyFile]);
    expect(read).toEqual({ publicKey, file: receipt.files[0] });
    const payload = Buffer.from('{"id_data":"{}"}');
    const signed = await service.signWithCardKey(target, [keyFile], payload);
    expect(signed.publicKey).toEqual(publicKey);
    const key = createPublicKey({ key: Buffer.from(publicKey.spki), format: 'der', type: 'spki' });
    expect(verify(keyType === 'ed25519' ? null : 'sha256', payload, key, signed.signature)).toBe(true);
  });

  it('boots only after the verification', async () => {
    const { target, file } = place();
    const { jobId } = await write(target);
    expect(isZero(readFileSync(file).subarray(0, mebibyte))).toBe(true);
    await service.verify(jobId, ignore, never);
    expect(readFileSync(file).readUInt16BE(510)).toBe(0x55aa);
  });

});

// The device where there is one: what holds there past its cache holds for a file too.
describe.each(places.slice(-1))('a card in %s that is not as it was written', (_, place) => {
  /** Changes the card between the comparison of its blocks and the reading of the key. */
  async function verifyWith(jobId: string, change: () => void): Promise<unknown> {
    let changed = false;
    const onProgress = ({ doneBytes, totalBytes }: Progress): void => {
      if (doneBytes < totalBytes || changed) return;
      changed = true;
      change();
    };
    const error = await service.verify(jobId, onProgress, never).then(() => undefined, asImprintError);
    expect(changed).toBe(true);
    return error?.code;
  }

  const edit = (file: string, ...requests: string[]): void => {
    for (const request of requests) execFileSync('debugfs', ['-w', '-R', request, `${file}?offset=${String(dataOffset)}`], { stdio: 'pipe' });
  };

  it.each<[string, (file: string) => string[], string]>([
    ['was swapped for another key', () => [`rm ${keyPath}`, `write ${join(work, 'other.pem')} ${keyPath}`, `set_inode_field ${keyPath} mode 0100600`], 'verify-key-differs'],
    ['was swapped for something else', () => [`rm ${keyPath}`, `write ${join(work, 'text')} ${keyPath}`, `set_inode_field ${keyPath} mode 0100600`], 'verify-key-unreadable'],
    ['has another mode', () => [`set_inode_field ${keyPath} mode 0100644`], 'verify-file-attributes'],
    ['has the mode that a decimal 600 makes', () => [`set_inode_field ${keyPath} mode 0101130`], 'verify-file-attributes'],
    ['has another owner', () => [`set_inode_field ${keyPath} uid 1000`], 'verify-file-attributes'],
    ['has another group', () => [`set_inode_field ${keyPath} gid 1000`], 'verify-file-attributes'],
    ['was removed', () => [`rm ${keyPath}`], 'verify-file-missing'],
    ['is a folder', () => [`rm ${keyPath}`, `mkdir ${keyPath}`], 'verify-file-missing'],
    ['is empty', () => [`set_inode_field ${keyPath} size 0`], 'verify-key-unreadable'],
    ['was cut off', () => [`set_inode_field ${keyPath} size 150`], 'verify-key-unreadable'],
  ])('whose key file %s is refused, and keeps neither head nor key', async (name, requests, expected) => {
    const { target, file } = place();
    // Not a new file: that one would be removed.
    if (target === file) makeSparseFile(file, 64 * mebibyte);
    writeFileSync(join(work, 'other.pem'), openssl(Buffer.alloc(0), 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'));
    writeFileSync(join(work, 'text'), 'not a key at all\n');
    const { jobId } = await write(target);
    const pem = await readFileInImage(file, dataOffset, keyPath);
    expect(await verifyWith(jobId, () => edit(file, ...requests(file))), name).toBe(expected);
    const card = readFileSync(file);
    expect(isZero(card.subarray(0, mebibyte))).toBe(true);
    for (let at = 28; at + 32 <= pem.length - 26; at += 32) expect(card.includes(pem.subarray(at, at + 32))).toBe(false);
    // The job is over for this card, the key is not.
    expect(await code(service.verify(jobId, ignore, never))).toBe('cancelled');
  });

  it('whose blocks changed before the verification is refused at that byte, and keeps neither head nor key', async () => {
    const { target, file } = place();
    if (target === file) makeSparseFile(file, 64 * mebibyte);
    const { jobId } = await write(target);
    const pem = await readFileInImage(file, dataOffset, keyPath);
    edit(file, `set_inode_field ${keyPath} mode 0100644`);
    expect(await code(service.verify(jobId, ignore, never))).toBe('verify-content-differs');
    const card = readFileSync(file);
    expect(isZero(card.subarray(0, mebibyte))).toBe(true);
    expect(card.includes(pem.subarray(28, 28 + 60))).toBe(false);
  });
});

describe('a job', () => {
  const path = (): string => join(work, 'card.img');

  it('that fails leaves no new file', async () => {
    const jobId = randomUUID();
    await service.generate(jobId, 'ed25519');
    const controller = new AbortController();
    const target = await service.inspectTarget(path());
    const result = service.write({ jobId, image, files: [keyFile], contents: [], target, erasure: 'full' }, ({ doneBytes }) => doneBytes > 0 && controller.abort(), controller.signal);
    expect(await code(result)).toBe('cancelled');
    expect(existsSync(path())).toBe(false);
    expect(readdirSync(work)).toEqual([]);
  });

  it('that is cancelled in its verification leaves no new file', async () => {
    const { jobId } = await write(path());
    expect(await code(service.verify(jobId, ignore, AbortSignal.abort()))).toBe('cancelled');
    expect(existsSync(path())).toBe(false);
  });

  it('that is destroyed in the middle of its write ends, and no other file is touched', async () => {
    const jobId = randomUUID();
    await service.generate(jobId, 'ed25519');
    const target = await service.inspectTarget(path());
    const result = code(service.write({ jobId, image, files: [keyFile], contents: [], target, erasure: 'full' }, ignore, never));
    // One that gets the number of a descriptor that was closed too early would be written into.
    const bystander = join(work, 'bystander');
    // Not by its progress, which is told so seldom that a fast disk may be done by then.
    while (!existsSync(path()) || statSync(path()).blocks === 0) await new Promise((resolve) => setImmediate(resolve));
    await service.destroy(jobId);
    writeFileSync(bystander, 'mine');
    expect(await result).toBe('cancelled');
    expect(readFileSync(bystander, 'utf8')).toBe('mine');
    expect(existsSync(path())).toBe(false);
    expect((await service.status()).keysHeld).toBe(0);
  });

  it('without a key writes nothing', async () => {
    const target = await service.inspectTarget(path());
    expect(await code(service.write({ jobId: randomUUID(), image, files: [keyFile], contents: [], target, erasure: 'full' }, ignore, never))).toBe('custody-no-such-key');
    expect(existsSync(path())).toBe(false);
  });

  it('whose image changed since it was hashed writes nothing', async () => {
    const copy = join(work, 'golden.sdimg');
    copyFileSync(golden.path, copy);
    const prepared = await service.prepareImage({ path: copy, sha256: goldenSha256 }, ignore, never);
    writeFileSync(copy, Buffer.from('x'), { flag: 'r+' });
    const jobId = randomUUID();
    await service.generate(jobId, 'ed25519');
    const target = await service.inspectTarget(path());
    expect(await code(service.write({ jobId, image: prepared, files: [keyFile], contents: [], target, erasure: 'full' }, ignore, never))).toBe('image-changed');
    expect(existsSync(path())).toBe(false);
  });

  it('can be made on the same card again, with another key', async () => {
    const first = await write(path());
    await service.verify(first.jobId, ignore, never);
    const second = await write(path());
    const { publicKey } = await service.verify(second.jobId, ignore, never);
    expect(publicKey.fingerprint).toBe(second.publicKey.fingerprint);
    expect(publicKey.fingerprint).not.toBe(first.publicKey.fingerprint);
  });
});

describe('reading a card', () => {
  const path = (): string => join(work, 'card.img');

  it('without a key file names what is missing', async () => {
    copyFileSync(golden.path, path());
    expect(await code(service.readCardKey(path(), [keyFile]))).toBe('verify-file-missing');
    expect(await code(service.readCardKey(path(), [{ ...keyFile, partition: { number: 9 } }]))).toBe('verify-file-missing');
    expect(await code(service.readCardKey(path(), []))).toBe('profile-invalid');
    expect(await code(service.readCardKey(join(work, 'absent'), [keyFile]))).toBe('target-not-found');
    expect(await code(service.readCardKey(work, [keyFile]))).toBe('target-not-a-card');
  });

  it('that was taken back after its verification finds no partition, and no key in its blocks', async () => {
    // A card that was there before: one that was made for the job would be removed.
    writeFileSync(path(), Buffer.alloc(golden.bytes));
    const { jobId } = await write(path());
    await service.verify(jobId, ignore, never);
    expect(readFileSync(path()).includes('-----BEGIN PRIVATE KEY-----')).toBe(true);
    await service.spoil(jobId);
    expect(statSync(path()).size).toBe(golden.bytes);
    expect(await code(service.readCardKey(path(), [keyFile]))).toBe('verify-file-missing');
    expect(readFileSync(path()).includes('PRIVATE KEY')).toBe(false);
    expect(await code(service.spoil(jobId))).toBe('cancelled');
  });
});

it('writes into vfat, which keeps neither mode nor owner', async () => {
  const made = await makeImage(join(work, 'fat.img'), { table: 'gpt', partitions: [{ type: 'vfat', sizeMiB: 8, label: 'KEYS', folders: ['/mender'] }] });
  const prepared = await service.prepareImage({ path: made.path, sha256: await sha256File(made.path) }, ignore, never);
  const file: CardFile = { ...keyFile, partition: { label: 'KEYS' } };
  const jobId = randomUUID();
  const publicKey = await service.generate(jobId, 'ed25519');
  const path = join(work, 'card.img');
  await service.write({ jobId, image: prepared, files: [file], contents: [], target: await service.inspectTarget(path), erasure: 'full' }, ignore, never);
  expect((await service.verify(jobId, ignore, never)).publicKey).toEqual(publicKey);
  const pem = execFileSync('mtype', ['-i', `${path}@@${String(made.partitions[0]?.offset ?? 0)}`, `::${keyPath}`]);
  expect(openssl(pem, 'pkey', '-pubout', '-outform', 'DER').equals(Buffer.from(publicKey.spki))).toBe(true);
});

describe('a card with what a server delivered', () => {
  const path = (): string => join(work, 'card.img');
  const place = (content: string, name: string, mode: number): CardFile => ({ ...keyFile, content, path: `/certs/${name}`, mode, createFolders: true });
  const certificate = place('certificate', 'device.crt', 0o644);
  const tunnel = place('wireguard-config', 'wg0.conf', 0o600);
  const files = [place('private-key', 'device.key', 0o600), certificate, tunnel];
  const text = (content: string, words: string): DeliveredContent => ({ content, parts: [{ bytes: Buffer.from(words) }] });
  const tunnelContent: DeliveredContent = { content: 'wireguard-config', parts: [{ bytes: Buffer.from(`[Interface]\nAddress = 10.0.0.2/32\nPrivateKey = `) }, { secret: 'agreement-key' }, { bytes: Buffer.from(`\n${'# padding\n'.repeat(20)}`) }] };
  const onCard = async (name: string): Promise<string> => (await readFileInImage(path(), dataOffset, `/certs/${name}`)).toString('utf8');

  async function made(): Promise<{ jobId: string; agreement: Uint8Array }> {
    const jobId = randomUUID();
    await service.checkFiles(image, files);
    await service.generate(jobId, 'ec-p384');
    const agreement = await service.agreementKey(jobId);
    expect(await service.agreementKey(jobId)).toEqual(agreement);
    const contents = [tunnelContent, text('certificate', `first certificate\n${'x'.repeat(700)}`)];
    await service.write({ jobId, image, files, contents, target: await service.inspectTarget(path()), erasure: 'full' }, ignore, never);
    const receipt = await service.verify(jobId, ignore, never);
    expect(receipt.files.map((file) => [file.path, file.mode])).toEqual([['/certs/device.key', 0o600], ['/certs/device.crt', 0o644], ['/certs/wg0.conf', 0o600]]);
    return { jobId, agreement };
  }

  it('has every file with its own content, and the X25519 key where it belongs', async () => {
    const { jobId, agreement } = await made();
    await service.destroy(jobId);
    expect(await code(service.agreementKey(jobId))).toBe('custody-no-such-key');
    expect(await onCard('device.crt')).toMatch(/^first certificate\nx{700}$/);
    const secret = /^PrivateKey = ([A-Za-z0-9+/]{43}=)$/m.exec(await onCard('wg0.conf'))?.[1] ?? '';
    const raw = Buffer.from(secret, 'base64');
    // RFC 8410, 7: the raw key behind a fixed head.
    const privateKey = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), raw]), format: 'der', type: 'pkcs8' });
    const publicKey = createPublicKey(privateKey);
    expect(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32)).toEqual(Buffer.from(agreement));
    const peer = generateKeyPairSync('x25519');
    expect(diffieHellman({ privateKey: peer.privateKey, publicKey })).toHaveLength(32);
    expect((await e2fsck(path(), dataOffset)).code).toBe(0);
  });

  it('refuses a card for which nothing was delivered, and touches nothing', async () => {
    const jobId = randomUUID();
    await service.generate(jobId, 'ec-p256');
    const target = await service.inspectTarget(path());
    expect(await code(service.write({ jobId, image, files, contents: [tunnelContent], target, erasure: 'full' }, ignore, never))).toBe('profile-invalid');
    expect(await code(service.write({ jobId, image, files, contents: [tunnelContent, text('certificate', 'c')], target, erasure: 'full' }, ignore, never))).toBe('custody-no-such-key');
    expect(existsSync(path())).toBe(false);
  });

  it('gives its public files out and keeps the secret ones', async () => {
    await made();
    const [read] = await service.readCardFiles(path(), [certificate]);
    expect(Buffer.from(read ?? []).toString('utf8')).toBe(await onCard('device.crt'));
    expect(await code(service.readCardFiles(path(), [tunnel]))).toBe('usage');
    expect(await code(service.readCardFiles(path(), [{ ...certificate, content: 'private-key' }]))).toBe('usage');
  });

  it.each([300, 900, 5000])('gets a certificate of %i bytes written anew, and nothing else changes', async (length) => {
    const { jobId } = await made();
    await service.destroy(jobId);
    const before = { key: await onCard('device.key'), tunnel: await onCard('wg0.conf') };
    const facts = await service.rewriteCardFiles(await service.inspectTarget(path()), [certificate], [text('certificate', 'y'.repeat(length))]);
    expect(facts).toMatchObject([{ path: '/certs/device.crt', bytes: length, mode: 0o644 }]);
    expect(await onCard('device.crt')).toBe('y'.repeat(length));
    expect({ key: await onCard('device.key'), tunnel: await onCard('wg0.conf') }).toEqual(before);
    expect((await e2fsck(path(), dataOffset)).code).toBe(0);
  });
});
