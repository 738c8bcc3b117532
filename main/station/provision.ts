import { asImprintError, ImprintError } from '../domain/errors';
import { canonicalIdentity, describeIdentity, type Identity } from '../domain/identity';
import type { JobOutcome, ProgressListener } from '../domain/job';
import type { PublicKey } from '../domain/keys';
import { readBatch } from '../domain/batches';
import type { DeliveredContent, EnrolReceipt, PreparedImage, ServerConnection, ServerDevice, ServerKind, TlsEndpoint } from '../domain/ports';
import { assertMay } from '../domain/roles';
import { namesOfCard } from '../domain/slot-health';
import { assertTargetAllowed, describeBytes, type TargetFacts, type TargetNaming } from '../domain/targets';
import { Journal, type StepListener } from './journal';
import { startReplacement } from './replacement';
import { isUndecided, now, serverKindOf, withConnection, type LoadedProfile, type Station } from './station';
import { unfinishedAtServer } from './unfinished';

export interface ProvisionRequest {
  readonly loaded: LoadedProfile;
  readonly identity: Identity;
  readonly slot: string;
  readonly targetPath: string;
  /** The port at which `targetPath` was found: it must still be there when the card is checked. */
  readonly port?: string | undefined;
  readonly naming: TargetNaming;
  /** Instead of the profile's. */
  readonly batch?: string | undefined;
  /** The batch has a counter: `identity` was shown before, and the record has the word which one it is. */
  readonly counted?: boolean | undefined;
  /** An admin's word: where the server has the identity under another key, this one is expected besides. */
  readonly replace?: boolean | undefined;
}

export interface ProvisionWatch {
  readonly onProgress: ProgressListener;
  readonly onStep: StepListener;
  /** The identity is reserved: from here on the job is in the record. */
  readonly onReserved?: (job: { readonly jobId: string; readonly deviceId: string; readonly identity: Identity }) => void;
  readonly signal: AbortSignal;
}

/**
 * The life of a device at the bench: reserve, check, generate, write, verify, enrol, destroy, record.
 *
 * @returns how the job ended; `failed` and `cancelled` carry the error
 * @throws ImprintError before anything is reserved: not-allowed, identity-invalid, identity-recorded, identity-foreign, identity-planned, batch-stopped, slot-busy, outbox-full, key-type-unsupported, log-broken, record-*
 */
export async function provision(station: Station, asked: ProvisionRequest, watch: ProvisionWatch): Promise<JobOutcome> {
  const { profile } = asked.loaded;
  assertMay(station.role, 'provision');
  station.assertLogSound();
  if (asked.replace === true) assertMay(station.role, 'replace-key');
  assertKeyTypeReadable(station, asked);
  serverKindOf(station, profile).checkIdentity?.(asked.identity, profile.server);
  await assertSlotFree(station, asked);
  await assertOutboxHasRoom(station, asked);
  const jobId = station.randomness.uuid();
  const deviceId = station.randomness.uuid();
  const identity = await reserve(station, asked, jobId, deviceId);
  const request = { ...asked, identity };
  station.faults.reached('reserve:done');
  watch.onReserved?.({ jobId, deviceId, identity });
  watch.onStep('reserve', 'done', `${describeIdentity(request.identity)} is reserved.`);
  const run = new ProvisionRun(station, request, watch, jobId);
  try {
    return await withConnection(station, profile, async (connection) => run.run(connection, deviceId));
  } catch (thrown) {
    return await run.failed(asImprintError(thrown), deviceId);
  } finally {
    // SECURITY: whatever happened, the key does not outlive its job. Idempotent after the `destroy` step.
    await station.custody.destroy(jobId).catch(() => undefined);
  }
}

/** The profile's client must be able to read the key, or it would silently make its own. */
function assertKeyTypeReadable(station: Station, { loaded: { profile } }: ProvisionRequest): void {
  const { clientVersion } = profile.server;
  const readable = serverKindOf(station, profile).readableKeyTypes(clientVersion);
  if (readable.includes(profile.keyType)) return;
  throw new ImprintError('key-type-unsupported', `A ${profile.server.kind} client ${clientVersion ?? ''} cannot read ${profile.keyType} keys; it would make its own key and never be accepted.`, {
    field: 'keyType',
    expected: readable.join(', '),
  });
}

/** @throws ImprintError slot-busy where a living process writes this card */
export async function assertSlotFree(station: Station, { targetPath }: Pick<ProvisionRequest, 'targetPath'>): Promise<void> {
  const { record, processes } = station;
  const busy = (await record.unfinishedJobs()).find((job) => job.state === 'open' && job.targetPath === targetPath && processes.alive(job.owner));
  if (busy === undefined) return;
  throw new ImprintError('slot-busy', `Another device is being written to ${targetPath} right now; wait until it has ended.`, { field: 'target' });
}

/** Cards that wait for a server must not become so many that nobody knows them any more. */
async function assertOutboxHasRoom(station: Station, { loaded: { profile } }: ProvisionRequest): Promise<void> {
  if (profile.outboxLimit === 0) return;
  const waiting = (await unfinishedAtServer(station, profile)).filter(({ job }) => job.state === 'waiting').length;
  if (waiting >= profile.outboxLimit) throw outboxFull(waiting);
}

function outboxFull(waiting: number): ImprintError {
  return new ImprintError('outbox-full', `${String(waiting)} verified cards wait for the server already, and this profile allows no more: wait until the server is back and knows them.`, {
    field: 'outboxLimit',
    expected: 'a server that answers',
  });
}

/** @returns the identity of the job: what was asked for, or what the batch's counter gave */
async function reserve(station: Station, request: ProvisionRequest, jobId: string, deviceId: string): Promise<Identity> {
  const { record } = station;
  const { profile, json, sha256 } = request.loaded;
  const at = now(station);
  await record.keepProfile(profile.name, sha256, json, at, station.operator);
  return record.reserve({
    jobId,
    deviceId,
    identity: request.identity,
    profileName: profile.name,
    profileSha256: sha256,
    imageSha256: profile.image.sha256,
    serverKind: profile.server.kind,
    serverUrl: profile.server.url,
    keyType: profile.keyType,
    slot: request.slot,
    targetPath: request.targetPath,
    operator: station.operator,
    batch: batchOf(request),
    counted: request.counted,
    owner: station.processes.self,
    at,
  });
}

function batchOf({ batch, loaded: { profile } }: ProvisionRequest): string | undefined {
  const text = batch ?? profile.batch;
  return text === undefined ? undefined : readBatch(text);
}

interface Checked {
  readonly image: PreparedImage;
  readonly target: TargetFacts;
  /** The server's device whose key is to be replaced. */
  readonly replaced: ServerDevice | undefined;
}

class ProvisionRun {
  readonly #station: Station;
  readonly #request: ProvisionRequest;
  readonly #watch: ProvisionWatch;
  readonly #jobId: string;
  readonly #journal: Journal;
  readonly #kind: ServerKind;
  /** A card lies in the slot that boots with a key: it must be spoiled if the job does not succeed. */
  #bootable = false;
  #enrolling = false;
  #enrolled = false;
  /** The server knows the key already, and the card is not finished yet. */
  #knownEarly = false;

  constructor(station: Station, request: ProvisionRequest, watch: ProvisionWatch, jobId: string) {
    this.#station = station;
    this.#request = request;
    this.#watch = watch;
    this.#jobId = jobId;
    this.#journal = new Journal(station, jobId, watch.onStep);
    this.#kind = serverKindOf(station, request.loaded.profile);
  }

  async run(connection: ServerConnection, deviceId: string): Promise<JobOutcome> {
    const { custody, record } = this.#station;
    const checked = await this.#check(connection);
    const publicKey = await this.#generate();
    const early = this.#kind.enrolment === 'before-write' ? await this.#enrolFirst(connection, publicKey, deviceId, checked.replaced) : undefined;
    await this.#write(checked, early?.contents ?? []);
    await this.#verify(publicKey, checked.target);
    const receipt = early ?? (await this.#enrol(connection, publicKey, deviceId, checked.replaced));
    await this.#confirm(connection, receipt);
    this.#enrolled = true;
    this.#bootable = false;
    await this.#journal.step('destroy', async () => {
      await custody.destroy(this.#jobId);
      return { value: undefined, sentence: 'The private key was erased from this computer; only the card has it.' };
    });
    const who = describeIdentity(this.#request.identity);
    const sentence = receipt.how === undefined ? `${this.#kind.expectedWord}: ${who} is expected at the server with the key on this card.` : `${this.#kind.expectedWord} ${receipt.how}: ${who}.`;
    await this.#journal.step('record', async () => Promise.resolve({ value: undefined, sentence: `Recorded with the fingerprint ${short(publicKey)}….` }));
    await record.endJob(this.#jobId, 'done', 'preauthorized', sentence, now(this.#station), receipt.serverDeviceId);
    this.#station.faults.reached('end:done');
    return { jobId: this.#jobId, deviceId, state: 'done', sentence, fingerprint: publicKey.fingerprint };
  }

  /** Ends the job after an error: the card does not boot, the identity is free, nothing is lost. */
  async failed(error: ImprintError, deviceId: string): Promise<JobOutcome> {
    const { record, custody } = this.#station;
    if (this.#enrolling && isUndecided(error)) {
      const sentence = `The card is good and verified, but the server could not be told (${error.message}) Keep the card: the station tells the server when it is back.`;
      await record.endJob(this.#jobId, 'waiting', 'reserved', sentence, now(this.#station)).catch(() => undefined);
      return { jobId: this.#jobId, deviceId, state: 'waiting', sentence, error: error.toReport() };
    }
    if (this.#enrolled) {
      // The server expects this card: only the record is behind, and recovery completes it from the journal.
      const sentence = `The card is good and the server expects it, but the record could not be completed (${error.message}) Keep the card; "recover" completes the record.`;
      return { jobId: this.#jobId, deviceId, state: 'waiting', sentence, error: error.toReport() };
    }
    let sentence = error.message;
    if (this.#bootable) {
      try {
        await custody.spoil(this.#jobId);
      } catch {
        sentence += ' The card could not be made unbootable: destroy it.';
      }
    }
    if (this.#knownEarly) sentence += ' The server knows this device already, with a key that was destroyed: make its card again.';
    const state = error.code === 'cancelled' ? 'cancelled' : 'failed';
    await record.endJob(this.#jobId, state, 'released', sentence, now(this.#station), undefined, error.code).catch(() => undefined);
    return { jobId: this.#jobId, deviceId, state, sentence, error: error.toReport() };
  }

  async #check(connection: ServerConnection): Promise<Checked> {
    const { custody, record } = this.#station;
    const { loaded, identity, slot, targetPath, port, naming } = this.#request;
    const { profile } = loaded;
    const { signal, onProgress } = this.#watch;
    return this.#journal.step('check', async () => {
      // First of all: wrong credentials are told before an image is read for minutes.
      const signedIn = await this.#unlessAway(() => connection.signIn(signal));
      const image = await custody.prepareImage(profile.image, onProgress, signal);
      await record.keepImage(image, now(this.#station), this.#station.operator);
      const target = await custody.inspectTarget(targetPath);
      if (port !== undefined && target.portPath !== port) {
        throw new ImprintError('target-changed', `${targetPath} is not the drive in ${slot} any more: put the card in again and start again.`, { field: 'target' });
      }
      assertTargetAllowed(target, image.decodedBytes, profile.targets, naming);
      const card = namesOfCard(target);
      if (card !== undefined) await record.recordCard(this.#jobId, card, now(this.#station));
      await custody.checkFiles(image, profile.files);
      const asked = 'away' in signedIn ? signedIn : await this.#unlessAway(() => connection.findDevice(identity, signal));
      if ('away' in asked) {
        await this.#assertMayWait(asked.away);
        const sentence = `Image and card are in order. The server was NOT asked for ${describeIdentity(identity)} (${asked.away.message}) The card waits for it when it is finished.`;
        return { value: { image, target, replaced: undefined }, sentence };
      }
      const leftover = asked.answer !== undefined && (await this.#isLeftover(asked.answer));
      const replaced = leftover ? undefined : this.#judge(asked.answer);
      if (connection.blind !== undefined) return { value: { image, target, replaced }, sentence: `Image and card are in order. ${connection.blind}` };
      const known = leftover ? 'the server has what an earlier card that failed left there, which this one replaces:' : replaced === undefined ? 'the server does not know' : `device ${replaced.id} (${replaced.status}) at the server gets a new key:`;
      return { value: { image, target, replaced }, sentence: `Image, card and server are in order; ${known} ${describeIdentity(identity)}.` };
    });
  }

  /** What the server answered, or why it cannot be reached just now. @throws what cannot be different later: wrong credentials, a false server */
  async #unlessAway<T>(ask: () => Promise<T>): Promise<{ readonly answer: T } | { readonly away: ImprintError }> {
    try {
      return { answer: await ask() };
    } catch (thrown) {
      const error = asImprintError(thrown);
      // What is to be replaced must be seen first.
      const mayBeLater = (error.code === 'server-unreachable' || error.code === 'server-busy') && this.#kind.enrolment === 'after-verify';
      if (!mayBeLater || this.#request.replace === true || this.#request.loaded.profile.outboxLimit === 0) throw error;
      return { away: error };
    }
  }

  /** Counts the jobs that were started before this one as if they all would have to wait, since they may run beside it. */
  async #assertMayWait(away: ImprintError): Promise<void> {
    const { profile } = this.#request.loaded;
    const { processes } = this.#station;
    const unfinished = await unfinishedAtServer(this.#station, profile);
    const own = unfinished.findIndex(({ job }) => job.jobId === this.#jobId);
    const before = unfinished.slice(0, own).filter(({ job }) => job.state === 'waiting' || processes.alive(job.owner)).length;
    if (before < profile.outboxLimit) return;
    throw new ImprintError('outbox-full', `${away.message} ${outboxFull(before).message}`, { field: 'outboxLimit', expected: 'a server that answers' });
  }

  /**
   * Whether the server knows this identity only because it was told before a card was written that then failed here: that key was
   * destroyed, and nobody has a card of it.
   */
  async #isLeftover(known: ServerDevice): Promise<boolean> {
    if (this.#kind.enrolment === 'after-verify' || known.decommissioning) return false;
    const { identity, loaded } = this.#request;
    const { devices } = await this.#station.record.list({ identity, state: 'released', limit: 20, offset: 0 });
    const canonical = canonicalIdentity(identity);
    const latest = devices.find((device) => canonicalIdentity(device.identity) === canonical && device.serverUrl === loaded.profile.server.url);
    const tried = latest === undefined ? undefined : await this.#station.record.device(latest.deviceId);
    // The reply may have been one that was refused here, so that only the step tells that the server was told.
    const told = tried?.jobs.some(({ steps }) => steps.some(({ name }) => name === 'enrol')) === true;
    if (latest === undefined || !told || (latest.serverDeviceId !== undefined && latest.serverDeviceId !== known.id)) return false;
    // One that came there meanwhile came with another key than ours: somebody else's.
    return known.checkedInAt === undefined || known.checkedInAt < latest.updatedAt;
  }

  /** @returns the device whose key may be replaced. @throws ImprintError identity-at-server */
  #judge(known: ServerDevice | undefined): ServerDevice | undefined {
    if (known === undefined) return undefined;
    if (this.#request.replace === true && !known.decommissioning) return known;
    const advice = known.decommissioning ? 'wait until the server has finished decommissioning it' : 'use another identity, or decommission that device at the server';
    throw new ImprintError('identity-at-server', `The server already has ${describeIdentity(this.#request.identity)} as device ${known.id} (${known.status}): ${advice}.`, {
      field: 'identity',
      expected: 'an identity that the server does not have',
    });
  }

  async #generate(): Promise<PublicKey> {
    const { custody, record } = this.#station;
    const { keyType } = this.#request.loaded.profile;
    return this.#journal.step('generate', async () => {
      this.#watch.signal.throwIfAborted();
      const publicKey = await custody.generate(this.#jobId, keyType);
      await record.recordPublicKey(this.#jobId, publicKey, now(this.#station));
      return { value: publicKey, sentence: `A ${keyType} key pair was made; its fingerprint begins with ${short(publicKey)}.` };
    });
  }

  async #write({ image, target }: Checked, contents: readonly DeliveredContent[]): Promise<void> {
    const { custody } = this.#station;
    const { files, erase } = this.#request.loaded.profile;
    await this.#journal.step('write', async () => {
      const erasure = erase ?? ((await this.#isCardKnown(target)) ? 'full' : 'zero');
      const receipt = await custody.write({ jobId: this.#jobId, image, files, contents, target, erasure }, this.#watch.onProgress, this.#watch.signal);
      const through = receipt.directIo ? '' : ' through the page cache, because this target has no direct I/O';
      const untouched = receipt.untouchedBytes === 0 ? '' : `; ${describeBytes(receipt.untouchedBytes)} behind the image are as they were`;
      const facts = { card: cardOf(target), bytes: receipt.bytesWritten };
      return { value: undefined, facts, sentence: `${describeBytes(receipt.bytesWritten)} written to ${target.path}${through}; ${describeBytes(receipt.overlayBytes)} differ from the golden image${untouched}.` };
    });
  }

  /**
   * Whether this card was made here before: it has a key that the record knows. Such a card is written from end to end, so
   * that nothing of the old device depends on what the card does when it is told to zero.
   */
  async #isCardKnown(target: TargetFacts): Promise<boolean> {
    if (target.kind === 'missing' || target.bytes === 0) return false;
    const { custody, record } = this.#station;
    const key = await custody.readCardKey(target.path, this.#request.loaded.profile.files).catch(() => undefined);
    return key !== undefined && (await record.findByFingerprint(key.publicKey.fingerprint)) !== undefined;
  }

  async #verify(publicKey: PublicKey, target: TargetFacts): Promise<void> {
    const { custody } = this.#station;
    await this.#journal.step('verify', async () => {
      const receipt = await custody.verify(this.#jobId, this.#watch.onProgress, this.#watch.signal);
      this.#bootable = true;
      if (receipt.publicKey.fingerprint !== publicKey.fingerprint) {
        throw new ImprintError('verify-key-differs', 'The key that was read from the card is not the one that was made for it: throw this card away.');
      }
      const files = receipt.files.map(({ path, partition, mode, uid, gid }) => ({ path, partition, mode, uid, gid }));
      const facts = { card: cardOf(target), bytes: receipt.bytesRead, files };
      return { value: undefined, facts, sentence: `${describeBytes(receipt.bytesRead)} read back from the card and equal; the key on it has the fingerprint ${short(publicKey)}….` };
    });
  }

  /**
   * For a server whose reply is part of what is written.
   *
   * CRASH: a kill behind it leaves a device at the server whose key no card has; recovery says so, and the next card of this
   * identity takes its place.
   */
  async #enrolFirst(connection: ServerConnection, publicKey: PublicKey, deviceId: string, replaced: ServerDevice | undefined): Promise<EnrolReceipt> {
    const { custody, record } = this.#station;
    const { identity, loaded } = this.#request;
    const key = { publicKey, sign: (payload: Uint8Array) => custody.sign(this.#jobId, payload), agreementKey: () => custody.agreementKey(this.#jobId) };
    return this.#journal.step('enrol', async () => {
      const { signal } = this.#watch;
      signal.throwIfAborted();
      const replacement = replaced === undefined ? undefined : await startReplacement(this.#station, loaded.profile, { deviceId, identity, serverDeviceId: replaced.id });
      try {
        const receipt = await connection.enrol({ identity, publicKey, key, replace: replacement === undefined ? undefined : true }, signal);
        this.#knownEarly = true;
        await record.recordEnrolment(this.#jobId, receipt.serverDeviceId, receipt.certificates ?? [], now(this.#station));
        await replacement?.end('done', receipt.sentence);
        return { value: receipt, sentence: receipt.sentence, facts: { serverDevice: receipt.serverDeviceId } };
      } catch (thrown) {
        await replacement?.end('failed', asImprintError(thrown).message);
        throw thrown;
      }
    });
  }

  /** The device's key is tried at the server, where the kind does that, before it is destroyed. */
  async #confirm(connection: ServerConnection, { serverDeviceId, contents = [] }: EnrolReceipt): Promise<void> {
    const { custody } = this.#station;
    if (connection.confirm === undefined) return;
    const confirm = connection.confirm.bind(connection);
    await this.#journal.step('confirm', async () => {
      const { signal } = this.#watch;
      const tls = { open: (endpoint: TlsEndpoint, stop: AbortSignal) => custody.openTls({ jobId: this.#jobId }, endpoint, stop) };
      const sign = (payload: Uint8Array): Promise<Uint8Array> => custody.sign(this.#jobId, payload);
      return { value: undefined, sentence: await confirm({ identity: this.#request.identity, serverDeviceId, contents, tls, sign }, signal) };
    });
  }

  /** Not cancelled from here on: a request that is under way at the server cannot be called back. */
  async #enrol(connection: ServerConnection, publicKey: PublicKey, deviceId: string, replaced: ServerDevice | undefined): Promise<EnrolReceipt> {
    const { identity } = this.#request;
    return this.#journal.step('enrol', async () => {
      this.#watch.signal.throwIfAborted();
      const replacement = replaced === undefined ? undefined : await startReplacement(this.#station, this.#request.loaded.profile, { deviceId, identity, serverDeviceId: replaced.id });
      if (replacement !== undefined) this.#station.faults.reached('replace:started');
      this.#enrolling = true;
      try {
        const receipt = await connection.enrol({ identity, publicKey, replace: replacement === undefined ? undefined : true }, new AbortController().signal);
        this.#enrolling = false;
        this.#enrolled = true;
        this.#bootable = false;
        await replacement?.end('done', receipt.sentence);
        return { value: receipt, sentence: receipt.sentence, facts: { serverDevice: receipt.serverDeviceId } };
      } catch (thrown) {
        const error = asImprintError(thrown);
        // CRASH: an action that stays started says to recovery that the key may be replaced.
        if (!isUndecided(error) && !this.#enrolled) await replacement?.end('failed', error.message);
        throw error;
      }
    });
  }
}

/** What tells this card from another one later. The target's `identity` also has what a reboot changes. */
function cardOf({ bytes, model, serial, portPath }: TargetFacts): string {
  const parts = { bytes: bytes === 0 ? undefined : String(bytes), model, serial, port: portPath };
  const known = Object.entries(parts).filter(([, value]) => value !== undefined && value !== '');
  return known.length === 0 ? 'not known' : known.map(([name, value]) => `${name}=${value ?? ''}`).join(' ');
}

/** Enough of a fingerprint to tell keys apart in a sentence; the record has the whole. */
function short({ fingerprint }: PublicKey): string {
  return fingerprint.slice(0, 16);
}
