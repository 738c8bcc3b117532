import { cancelled, ImprintError } from '../../domain/errors';
import type { ProgressListener } from '../../domain/job';
import type { KeyType, PublicKey } from '../../domain/keys';
import type {
  CardFileFacts,
  CardKey,
  Clock,
  Custody,
  CustodyStatus,
  DeliveredContent,
  DeviceChannel,
  ImageReport,
  KeyReference,
  PreparedImage,
  TlsEndpoint,
  VerifyReceipt,
  WriteReceipt,
  WriteRequest,
} from '../../domain/ports';
import type { CardFile, ImageSettings } from '../../domain/profile';
import { isSecretFile, keyFileOf, privateKeyContent } from '../../domain/profile';
import type { TargetFacts } from '../../domain/targets';
import { blockBytes, type CardPlan } from '../../flash/card-plan';
import { CardReader } from '../../flash/card-reader';
import { CardTarget } from '../../flash/card-target';
import { CardWriter, lockedBytesNeeded } from '../../flash/card-writer';
import { patience, settledWithin } from '../../flash/patience';
import { inspectTarget } from '../../flash/target-facts';
import { assertUnchanged, injectFiles, inspectImage, locateFile, openImage, prepareImage, type LocatedFile } from '../../image/index';
import { KeyVault, type BundlePart } from '../../keys/key-vault';
import { rewriteFiles } from '../../flash/card-rewriter';
import { contextFor, openDeviceChannel } from './device-tls';
import { GoldenImages } from './golden-images';

/** A card from its write to the end of its job; it is held exclusively all that time. */
interface CardInWork {
  readonly target: CardTarget;
  readonly image: PreparedImage;
  readonly plan: CardPlan;
  readonly files: readonly CardFile[];
  /** What stands in each of the files. */
  readonly parts: readonly (readonly BundlePart[])[];
  /** Whether it is a whole card that stays. */
  verified: boolean;
}

/** A PEM of the largest key: what fits for this fits for every type. */
const largestPem = 3400;
/** A certificate chain of two or three; a file that is longer than this is only refused when it is there. */
const usualContent = 6 * 1024;
const readerBounceBytes = 16 * blockBytes;

/**
 * Everything that touches a private key, in the one process that may. Puts together the key vault, the image's overlay
 * and the card writer.
 */
export class CustodyService implements Custody {
  readonly #vault = new KeyVault();
  readonly #cards = new Map<string, CardInWork>();
  readonly #images: GoldenImages;
  readonly #cacheFolder: string;
  readonly #clock: Clock;

  constructor(cacheFolder: string, clock: Clock) {
    this.#cacheFolder = cacheFolder;
    this.#images = new GoldenImages(cacheFolder);
    this.#clock = clock;
  }

  status(): Promise<CustodyStatus> {
    const { warning, keysHeld, keysAhead } = this.#vault;
    return Promise.resolve({ memoryLocked: warning === undefined, ...(warning === undefined ? {} : { warning }), keysHeld, keysAhead });
  }

  async prepareImage(settings: ImageSettings, onProgress: ProgressListener, signal: AbortSignal): Promise<PreparedImage> {
    const image = await prepareImage({ ...settings, cacheFolder: this.#cacheFolder, onProgress, signal });
    await this.#images.index(image, 'zero', onProgress, signal);
    return image;
  }

  inspectImage(path: string, signal: AbortSignal): Promise<ImageReport> {
    return inspectImage({ path, cacheFolder: this.#cacheFolder, signal });
  }

  async checkFiles(image: PreparedImage, files: readonly CardFile[]): Promise<void> {
    const probe = files.map((file) => ({ file, bytes: file.content === privateKeyContent ? largestPem : usualContent }));
    await this.#withImage(image, (reader) => injectFiles(reader, probe, this.#clock.now()));
  }

  inspectTarget(path: string): Promise<TargetFacts> {
    return inspectTarget(path);
  }

  keysAhead(keyType: KeyType, most: number): Promise<void> {
    this.#vault.keepAhead(keyType, most);
    return Promise.resolve();
  }

  generate(jobId: string, keyType: KeyType): Promise<PublicKey> {
    this.#vault.atWork();
    return this.#vault.generate(jobId, keyType);
  }

  sign(jobId: string, payload: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(this.#vault.sign(jobId, payload));
  }

  async agreementKey(jobId: string): Promise<Uint8Array> {
    return Promise.resolve().then(() => this.#vault.agreementKey(jobId));
  }

  async openTls(key: KeyReference, endpoint: TlsEndpoint, signal: AbortSignal): Promise<DeviceChannel> {
    const connect = async (pem: Buffer): Promise<DeviceChannel> => openDeviceChannel(contextFor(pem, endpoint), endpoint, signal);
    this.#vault.leavesTraces();
    if ('jobId' in key) return this.#vault.withPem(key.jobId, connect);
    const target = await CardTarget.openForReading(key.targetPath);
    try {
      return await this.#withFile(target, keyFileOf(key.files), (pem) => connect(pem));
    } finally {
      await target.close();
    }
  }

  async write({ jobId, image, files, contents, target: facts, erasure }: WriteRequest, onProgress: ProgressListener, signal: AbortSignal): Promise<WriteReceipt> {
    const started = performance.now();
    // Writing waits for the card; the processor has time for the next card's key.
    this.#vault.makeAhead();
    await assertUnchanged(image);
    const parts = files.map((file) => partsOf(file, contents));
    const injection = await this.#withImage(image, (reader) =>
      injectFiles(
        reader,
        files.map((file, index) => ({ file, bytes: this.#vault.lengthOf(jobId, parts[index] ?? []) })),
        this.#clock.now(),
      ),
    );
    const plan: CardPlan = {
      imageBytes: image.decodedBytes,
      erasure,
      overlay: injection.overlay,
      secret: injection.files.flatMap((file) => file.extents),
    };
    // A second write of one job would leave the first card open.
    await this.#letGo(jobId);
    const target = await CardTarget.openForWriting(facts, image.decodedBytes);
    this.#cards.set(jobId, { target, image, plan, files, parts, verified: false });
    try {
      const { bytesWritten, untouchedBytes } = await this.#withWriter(jobId, signal, async (writer) => ({ bytesWritten: await writer.writeBody(onProgress), untouchedBytes: writer.untouchedBytes }));
      const overlayBytes = plan.overlay.reduce((sum, run) => sum + run.bytes.length, 0);
      return { bytesWritten, overlayBytes, untouchedBytes, milliseconds: performance.now() - started, directIo: target.direct };
    } catch (thrown) {
      // CRASH: the head was zeroed before the first byte of the body, so this card does not boot either way.
      await this.#letGo(jobId);
      throw thrown;
    }
  }

  async verify(jobId: string, onProgress: ProgressListener, signal: AbortSignal): Promise<VerifyReceipt> {
    const started = performance.now();
    const card = this.#card(jobId);
    const { target, files, parts } = card;
    try {
      const bytesRead = await this.#withWriter(jobId, signal, (writer) => writer.verifyAndFinish(onProgress));
      const found: CardFileFacts[] = [];
      let publicKey: PublicKey | undefined;
      for (const [index, file] of files.entries()) {
        const located = await this.#withFile(target, file, async (content, where) => {
          if (file.content === privateKeyContent) ({ publicKey } = this.#vault.readPrivateKeyFile(content));
          const same = await this.#vault.withBundle(jobId, parts[index] ?? [], (expected) => Promise.resolve(expected.equals(content)));
          if (!same && publicKey !== undefined && file.content === privateKeyContent) throw keyDiffers(target.path);
          if (!same) throw new ImprintError('verify-content-differs', `${file.path} came back from the card at ${target.path} with another content than was written: throw this card away.`, { field: 'files' });
          return where;
        });
        assertAttributes(file, located);
        found.push(located.facts);
      }
      if (publicKey?.fingerprint !== this.#vault.publicKey(jobId).fingerprint) throw keyDiffers(target.path);
      card.verified = true;
      return { bytesRead, milliseconds: performance.now() - started, directIo: target.direct, files: found, publicKey };
    } catch (thrown) {
      // A cancellation is only heard before the head is written: then nothing must be taken back from a card that does not answer.
      const beforeHead = thrown instanceof ImprintError && thrown.code === 'cancelled';
      await settledWithin(beforeHead ? patience : undefined, [target.spoil()]);
      await this.#letGo(jobId);
      throw thrown;
    }
  }

  async spoil(jobId: string): Promise<void> {
    const card = this.#card(jobId);
    card.verified = false;
    try {
      await card.target.spoil();
    } finally {
      await this.#letGo(jobId);
    }
  }

  async destroy(jobId: string): Promise<void> {
    this.#vault.atWork();
    await this.#vault.destroy(jobId);
    await this.#letGo(jobId);
  }

  async readCardKey(targetPath: string, files: readonly CardFile[]): Promise<CardKey> {
    const { publicKey, located, file } = await this.#readCard(targetPath, files);
    assertAttributes(file, located);
    return { publicKey, file: located.facts };
  }

  async readCardFiles(targetPath: string, files: readonly CardFile[]): Promise<readonly Uint8Array[]> {
    const secret = files.find(isSecretFile);
    // SECURITY: what only the device may read stays on the card.
    if (secret !== undefined) throw new ImprintError('usage', `${secret.path} is a secret of the device: it is not read out of its card.`, { field: 'files' });
    const target = await CardTarget.openForReading(targetPath);
    try {
      const contents: Uint8Array[] = [];
      for (const file of files) contents.push(await this.#withFile(target, file, (content) => Promise.resolve(Uint8Array.from(content))));
      return contents;
    } finally {
      await target.close();
    }
  }

  async rewriteCardFiles(facts: TargetFacts, files: readonly CardFile[], contents: readonly DeliveredContent[]): Promise<readonly CardFileFacts[]> {
    const parts = files.map((file) => partsOf(file, contents));
    const target = await CardTarget.openForWriting(facts, facts.bytes);
    try {
      const reader = new CardReader(target);
      const injection = await injectFiles(
        reader,
        files.map((file, index) => ({ file, bytes: this.#vault.lengthOf(undefined, parts[index] ?? []) })),
        this.#clock.now(),
      );
      await this.#vault.withBundle(undefined, parts.flat(), (bundle) => rewriteFiles(target, injection.overlay, injection.files.flatMap((file) => file.extents), bundle));
      const found: CardFileFacts[] = [];
      for (const [index, file] of files.entries()) {
        const located = await this.#withFile(target, file, async (content, where) => {
          const same = await this.#vault.withBundle(undefined, parts[index] ?? [], (expected) => Promise.resolve(expected.equals(content)));
          if (!same) throw new ImprintError('verify-content-differs', `${file.path} came back from the card at ${target.path} with another content than was written: write this card again.`, { field: 'files' });
          return where;
        });
        assertAttributes(file, located);
        found.push(located.facts);
      }
      return found;
    } finally {
      await target.close();
    }
  }

  async signWithCardKey(targetPath: string, files: readonly CardFile[], payload: Uint8Array): Promise<{ publicKey: PublicKey; signature: Uint8Array }> {
    const { publicKey, signature } = await this.#readCard(targetPath, files, payload);
    if (signature === undefined) throw new ImprintError('custody-key-failed', 'The key on the card did not sign.');
    return { publicKey, signature };
  }

  /** Erases everything; for the end of the process. */
  async close(): Promise<void> {
    await this.#vault.destroyAll();
    for (const jobId of [...this.#cards.keys()]) await this.#letGo(jobId);
  }

  async #readCard(targetPath: string, files: readonly CardFile[], payload?: Uint8Array): Promise<{ publicKey: PublicKey; signature: Uint8Array | undefined; located: LocatedFile; file: CardFile }> {
    const file = keyFileOf(files);
    const target = await CardTarget.openForReading(targetPath);
    try {
      const { key, located } = await this.#readKeyFile(target, file, payload);
      return { ...key, located, file };
    } finally {
      await target.close();
      await this.#vault.settle();
    }
  }

  #readKeyFile(target: CardTarget, file: CardFile, payload?: Uint8Array): Promise<{ key: { publicKey: PublicKey; signature: Uint8Array | undefined }; located: LocatedFile }> {
    return this.#withFile(target, file, (content, located) => Promise.resolve({ key: this.#vault.readPrivateKeyFile(content, payload), located }));
  }

  /** Finds a file through the card's own filesystem and reads its blocks into locked memory, for the time of `use`. */
  #withFile<T>(target: CardTarget, file: CardFile, use: (content: Buffer, located: LocatedFile) => Promise<T>): Promise<T> {
    return this.#vault.withLockedBuffer(readerBounceBytes, blockBytes, async (bounce) => {
      const reader = new CardReader(target, bounce);
      // A filesystem library may take a card that cannot be read for one without the file.
      const located = await locateFile(reader, file).catch((thrown: unknown) => {
        throw reader.failure ?? thrown;
      });
      return this.#vault.withLockedBuffer(located.facts.bytes, 16, async (content) => {
        let at = 0;
        for (const { offset, length } of located.extents) {
          await reader.read(content, at, length, offset);
          at += length;
        }
        return use(content, located);
      });
    });
  }

  #withWriter<T>(jobId: string, signal: AbortSignal, use: (writer: CardWriter) => Promise<T>): Promise<T> {
    const { image, plan, target, parts } = this.#card(jobId);
    return this.#images.with(image, plan.erasure, signal, (golden) =>
      this.#vault.withBundle(jobId, parts.flat(), (secret) =>
        this.#vault.withLockedBuffer(lockedBytesNeeded, blockBytes, (locked) => use(new CardWriter({ plan, golden, target, locked, secret, signal }))),
      ),
    );
  }

  async #withImage<T>(image: PreparedImage, use: (reader: Awaited<ReturnType<typeof openImage>>) => Promise<T>): Promise<T> {
    const reader = await openImage(image.decodedPath);
    try {
      return await use(reader);
    } finally {
      await reader.close();
    }
  }

  #card(jobId: string): CardInWork {
    const card = this.#cards.get(jobId);
    if (card === undefined) throw cancelled();
    return card;
  }

  async #letGo(jobId: string): Promise<void> {
    const card = this.#cards.get(jobId);
    this.#cards.delete(jobId);
    if (card === undefined) return;
    // A card that does not answer is let go of in the background: nobody waits for it.
    await settledWithin(patience, [card.verified ? card.target.close() : card.target.abandon()]);
  }
}

function keyDiffers(path: string): ImprintError {
  return new ImprintError('verify-key-differs', `The key that was read from the card at ${path} is not the one that was made for it: throw this card away.`);
}

/** What stands in a file, as the vault puts it together. @throws ImprintError profile-invalid where nobody delivered it */
function partsOf(file: CardFile, contents: readonly DeliveredContent[]): readonly BundlePart[] {
  if (file.content === privateKeyContent) return [{ key: 'private-key' }];
  const delivered = contents.find(({ content }) => content === file.content);
  if (delivered === undefined) throw new ImprintError('profile-invalid', `The server delivered nothing for ${file.path} (${file.content}).`, { field: 'files', expected: 'contents that this server delivers' });
  return delivered.parts.map((part) => ('secret' in part ? { key: part.secret } : part));
}

/** vfat has no owner and no mode; everywhere else they must be exactly as the profile asks. */
function assertAttributes(file: CardFile, { facts, attributed }: LocatedFile): void {
  if (!attributed) return;
  if (facts.mode === file.mode && facts.uid === file.uid && facts.gid === file.gid) return;
  throw new ImprintError('verify-file-attributes', `${file.path} came back from the card with mode ${facts.mode.toString(8)} and owner ${String(facts.uid)}:${String(facts.gid)}.`, {
    field: 'files',
    expected: `mode ${file.mode.toString(8)}, owner ${String(file.uid)}:${String(file.gid)}`,
  });
}
