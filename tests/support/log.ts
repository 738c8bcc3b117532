/** Keys, entries and checkpoints as the tests of the log use them. */
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

import type { RecordLog } from '../../main/domain/record-log';
import { parseEntry } from '../../main/ledger/entry';
import type { EventData, EventName } from '../../main/ledger/events';
import type { HashStore } from '../../main/ledger/merkle';
import { signatureTypes, verifierKey } from '../../main/ledger/note';
import type { NoteSigner } from '../../main/ledger/note';

/** Bytes in the form of an Ed25519 key; nothing here checks a device's signature. */
export function spkiOf(number: number): Buffer {
  const spki = Buffer.alloc(44);
  spki.write('302a300506032b6570032100', 'hex');
  spki.writeUInt32BE(number, 12);
  return spki;
}

export function fingerprintOf(number: number): string {
  return createHash('sha256').update(spkiOf(number)).digest('hex');
}

export function keyGenerated(number: number): EventData<'key-generated'> {
  return {
    device: `device-${number}`,
    job: `job-${number}`,
    identity: { serial: String(1000 + number), mac: `02:00:00:${[16, 8, 0].map((shift) => ((number >> shift) & 255).toString(16).padStart(2, '0')).join(':')}` },
    keyType: 'ed25519',
    spki: spkiOf(number).toString('base64'),
    fingerprint: fingerprintOf(number),
    profile: 'gateway',
    profileSha256: 'a'.repeat(64),
    serverKind: 'mender',
    server: 'https://mender.example',
  };
}

/** An Ed25519 key from a seed of 32 bytes (RFC 8032, 5.1.5; PKCS#8 as in RFC 8410, 7). */
export function ed25519(seed: Uint8Array): { readonly publicKey: Uint8Array; readonly privateKey: KeyObject; sign(bytes: Uint8Array): Uint8Array } {
  const privateKey = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  return { publicKey, privateKey, sign: (bytes) => sign(null, bytes, privateKey) };
}

/** A key of its own for each name. */
export function keyNamed(name: string): ReturnType<typeof ed25519> {
  return ed25519(createHash('sha256').update(name).digest());
}

/** A log's signing key, as the station would hold it somewhere else. */
export function logSigner(name: string, origin: string): NoteSigner {
  const { publicKey, sign: signature } = keyNamed(name);
  return { key: verifierKey(origin, signatureTypes.ed25519, publicKey), sign: signature };
}

export class MemoryHashes implements HashStore {
  readonly hashes = new Map<string, Uint8Array>();

  read(level: number, index: number): Uint8Array | undefined {
    return this.hashes.get(`${level}/${index}`);
  }

  write(level: number, index: number, hash: Uint8Array): void {
    this.hashes.set(`${level}/${index}`, hash);
  }
}

/** Who did what, of all entries of one event. */
export async function entriesOf(store: { readonly log: Pick<RecordLog, 'entries'> }, event: EventName): Promise<readonly { readonly by: string; readonly data: unknown }[]> {
  const entries = await store.log.entries(0, 1000);
  return entries.map(({ seq, bytes }) => parseEntry(bytes, seq)).flatMap((entry) => (entry.event === event ? [{ by: entry.by, data: entry.data }] : []));
}

export async function signIns(store: { readonly log: Pick<RecordLog, 'entries'> }): Promise<readonly unknown[]> {
  return (await entriesOf(store, 'operator-signed-in')).map(({ data }) => data);
}
