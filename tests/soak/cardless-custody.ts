import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import type { Custody, PreparedImage, VerifyReceipt } from '../../main/domain/ports';
import type { PublicKey } from '../../main/domain/keys';
import { ImprintError } from '../../main/domain/errors';

export interface SoakKey {
  readonly publicKey: PublicKey;
  sign(payload: Uint8Array): Promise<Uint8Array>;
}

/** A key pair as a device or the custody makes it: EC P-256, because 10,000 of them take a second. */
export function newSoakKey(): SoakKey {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
  const publicKey: PublicKey = { type: 'ec-p256', spki, fingerprint: createHash('sha256').update(spki).digest('hex') };
  return { publicKey, sign: (payload) => Promise.resolve(signature(pair.privateKey, payload)) };
}

const signature = (key: KeyObject, payload: Uint8Array): Buffer => sign('sha256', payload, key);

const image: PreparedImage = { path: '/soak.img', sha256: 'a'.repeat(64), format: 'raw', decodedPath: '/soak.img', decodedBytes: 1, decodedSha256: 'a'.repeat(64), stamp: 'soak' };

function none(): Promise<never> {
  return Promise.reject(new ImprintError('unexpected', 'There are no images and cards in a soak.'));
}

/**
 * Custody for a soak of the server side: real key pairs, and cards that are nothing but a key under a path. What is written to
 * real cards has its own tests and its own campaign.
 */
export class CardlessCustody implements Custody {
  readonly #jobs = new Map<string, { readonly key: SoakKey; path?: string }>();
  /** By target path. */
  readonly cards = new Map<string, SoakKey>();

  status: Custody['status'] = () => Promise.resolve({ memoryLocked: false, keysHeld: this.#jobs.size, keysAhead: 0 });
  keysAhead: Custody['keysAhead'] = () => Promise.resolve();
  prepareImage: Custody['prepareImage'] = () => Promise.resolve(image);
  inspectImage: Custody['inspectImage'] = none;
  checkFiles: Custody['checkFiles'] = () => Promise.resolve();
  readCardKey: Custody['readCardKey'] = none;
  signWithCardKey: Custody['signWithCardKey'] = none;
  agreementKey: Custody['agreementKey'] = none;
  openTls: Custody['openTls'] = none;
  readCardFiles: Custody['readCardFiles'] = none;
  rewriteCardFiles: Custody['rewriteCardFiles'] = none;

  inspectTarget: Custody['inspectTarget'] = (path) =>
    Promise.resolve({ path, realPath: path, kind: 'missing', bytes: 0, readOnly: false, removable: true, loop: false, wholeDisk: true, usedBy: [], systemDisk: false, identity: path, looksLikeCard: true });

  generate: Custody['generate'] = (jobId) => {
    const key = newSoakKey();
    this.#jobs.set(jobId, { key });
    return Promise.resolve(key.publicKey);
  };

  sign: Custody['sign'] = (jobId, payload) => this.#job(jobId).key.sign(payload);

  write: Custody['write'] = ({ jobId, target }) => {
    const job = this.#job(jobId);
    job.path = target.path;
    this.cards.set(target.path, job.key);
    return Promise.resolve({ bytesWritten: 1, overlayBytes: 1, untouchedBytes: 0, milliseconds: 0, directIo: true });
  };

  verify: Custody['verify'] = (jobId): Promise<VerifyReceipt> =>
    Promise.resolve({ bytesRead: 1, milliseconds: 0, directIo: true, files: [], publicKey: this.#job(jobId).key.publicKey });

  spoil: Custody['spoil'] = (jobId) => {
    const { path } = this.#job(jobId);
    if (path !== undefined) this.cards.delete(path);
    return Promise.resolve();
  };

  destroy: Custody['destroy'] = (jobId) => {
    this.#jobs.delete(jobId);
    return Promise.resolve();
  };

  #job(jobId: string): { readonly key: SoakKey; path?: string } {
    const job = this.#jobs.get(jobId);
    if (job === undefined) throw new ImprintError('unexpected', `There is no key of job ${jobId}.`);
    return job;
  }
}
