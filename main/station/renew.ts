import type { ActionEntry } from '../domain/acceptance';
import { asImprintError, ImprintError } from '../domain/errors';
import { describeIdentity, type Identity } from '../domain/identity';
import type { DeviceDetails, TlsEndpoint } from '../domain/ports';
import { isSecretFile, privateKeyContent, type CardFile, type Profile } from '../domain/profile';
import { assertMay } from '../domain/roles';
import type { SlotWord } from '../domain/slot-words';
import { assertTargetAllowed, type TargetNaming } from '../domain/targets';
import { assertVersionAllowed } from '../domain/version';
import { assertSlotFree } from './provision';
import { now, withServer, type Station } from './station';

export interface RenewalRequest {
  readonly targetPath: string;
  readonly naming: TargetNaming;
  /** What begins now, in the order of this type. */
  readonly onPhase?: ((phase: RenewalPhase, identity: Identity | undefined) => void) | undefined;
}

/** The card is read; the server is asked; the card is written. From the last one on nothing can be cancelled. */
export type RenewalPhase = 'read' | 'ask' | 'write';

/** How each phase is told. */
export const renewalWords: Readonly<Record<RenewalPhase, { readonly word: SlotWord; readonly sentence: string }>> = {
  read: { word: 'Reading', sentence: 'The card is read.' },
  ask: { word: 'Renewing', sentence: 'The server is asked for a new certificate or token, with the key on the card.' },
  write: { word: 'Writing', sentence: 'What is new is written to the card and read back. Leave the card in.' },
};

export interface RenewalOutcome {
  readonly device: DeviceDetails;
  readonly action: ActionEntry;
}

/**
 * Renews what a server gave to a card that is in the bench, such as its certificate or token: with the key on the card, which
 * stays there, and what is new written back to it.
 *
 * CRASH: the intent is durable before the server is asked. A kill before the card was rewritten leaves it with what it had, one in the middle of that a card that must be written again; recovery says so.
 *
 * @throws ImprintError not-allowed, station-version, slot-busy (a job writes this card), target-*, verify-*, no-such-device (a card of nobody, or of another server), server-*
 */
export async function renewCard(station: Station, profile: Profile, request: RenewalRequest, signal: AbortSignal): Promise<RenewalOutcome> {
  assertMay(station.role, 'provision');
  assertVersionAllowed(profile, station.version);
  const { custody, record } = station;
  const { targetPath, onPhase } = request;
  await assertSlotFree(station, request);
  onPhase?.('read', undefined);
  const target = await custody.inspectTarget(targetPath);
  if (target.kind === 'missing') throw new ImprintError('target-not-found', `There is no card at ${targetPath}: put one in.`, { field: 'target' });
  assertTargetAllowed(target, 0, profile.targets, request.naming);
  const { publicKey } = await custody.readCardKey(targetPath, profile.files);
  const device = await deviceOf(station, profile, publicKey.fingerprint);
  const files = profile.files.filter((file) => !isSecretFile(file));
  const bytes = await custody.readCardFiles(targetPath, files);
  const current = new Map(files.map(({ content }, index) => [content, bytes[index] ?? new Uint8Array()]));
  const tls = { open: (endpoint: TlsEndpoint, stop: AbortSignal) => custody.openTls({ targetPath, files: profile.files }, endpoint, stop) };
  const sign = async (payload: Uint8Array): Promise<Uint8Array> => (await custody.signWithCardKey(targetPath, profile.files, payload)).signature;
  onPhase?.('ask', device.identity);
  return withServer(station, profile, signal, async (connection) => {
    if (connection.renew === undefined) throw new ImprintError('server-refused', `A ${profile.server.kind} server gives its devices nothing that is renewed.`, { field: 'server.kind' });
    const action: ActionEntry = {
      actionId: station.randomness.uuid(),
      action: 'renew',
      deviceId: device.deviceId,
      serverUrl: profile.server.url,
      serverDeviceId: device.serverDeviceId ?? describeIdentity(device.identity),
      identity: device.identity,
      state: 'started',
      by: station.operator,
      startedAt: now(station),
    };
    const { state: _, ...intent } = action;
    await record.startAction(intent);
    station.faults.reached('renew:started');
    const end = async (state: 'done' | 'failed', sentence: string): Promise<ActionEntry> => {
      const endedAt = now(station);
      await record.endAction(action.actionId, state, sentence, endedAt);
      return { ...action, state, sentence, endedAt };
    };
    let issued = false;
    try {
      const renewal = await connection.renew({ identity: device.identity, publicKey, current, tls, sign }, signal);
      await record.addCertificates(device.deviceId, renewal.certificates, true, now(station));
      issued = true;
      station.faults.reached('renew:acted');
      onPhase?.('write', device.identity);
      // The key stays as it is; a secret that the server gave is written like the rest, and not read out before.
      const given = profile.files.filter(({ content }) => content !== privateKeyContent);
      const written = filesOf(given, renewal.contents.map(({ content }) => content));
      await custody.rewriteCardFiles(target, written, renewal.contents);
      return { device, action: await end('done', renewal.sentence) };
    } catch (thrown) {
      const cause = asImprintError(thrown);
      const error = issued ? new ImprintError(cause.code, `${cause.message} The server gave something new, but it is not certain that it is on the card: renew it again, or write the card again where it cannot be read.`, cause) : cause;
      await end('failed', error.message);
      throw error;
    }
  });
}

async function deviceOf(station: Station, profile: Profile, fingerprint: string): Promise<DeviceDetails> {
  const device = await station.record.findByFingerprint(fingerprint);
  if (device === undefined) throw new ImprintError('no-such-device', 'The key on this card is not in the record: this card was not made here.', { field: 'target', expected: 'a card of this station' });
  if (device.serverUrl !== profile.server.url || (device.state !== 'preauthorized' && device.state !== 'accepted')) {
    throw new ImprintError('no-such-device', `The card is that of ${describeIdentity(device.identity)}, which is ${device.state} at ${device.serverUrl}: open that profile, or make a new card.`, { field: 'target' });
  }
  return device;
}

function filesOf(files: readonly CardFile[], contents: readonly string[]): readonly CardFile[] {
  return files.filter(({ content }) => contents.includes(content));
}
