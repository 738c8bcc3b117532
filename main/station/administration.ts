import type { ActionEntry, DeviceAction, SignOff } from '../domain/acceptance';
import { readBatch } from '../domain/batches';
import { asImprintError, ImprintError } from '../domain/errors';
import { canonicalIdentity, describeIdentity, type Identity } from '../domain/identity';
import type { DeviceDetails, DeviceTls, Removal, RevocationReason, ServerAdministration, ServerConnection, ServerDevice } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { revocationReasons } from '../domain/ports';
import { assertMay } from '../domain/roles';
import { identityKeyOf, isUndecided, now, withServer, type Station } from './station';

interface DeviceRequest {
  readonly identity: Identity;
  readonly serverDeviceId: string;
}

interface KeyRequest extends DeviceRequest {
  readonly authSetId: string;
}

/** What a decommission may be told besides, for servers with certificates. */
interface Withdrawal {
  readonly reason?: RevocationReason | undefined;
  /** Where the device's own card is: its key may speak for it. */
  readonly cardPath?: string | undefined;
}

interface Confirmed {
  /** What the person scanned or typed once more: the scanned value of the identity, or all of it. */
  readonly confirmation: string;
}

/**
 * Takes a device off the server, with all its keys, and waits until it is gone. Its record becomes decommissioned, and its
 * identity may be used again.
 *
 * @throws ImprintError not-allowed, identity-invalid where the confirmation differs, no-such-device, server-*
 */
export async function decommissionAtServer(station: Station, profile: Profile, request: DeviceRequest & Confirmed & Withdrawal, signal: AbortSignal): Promise<ActionEntry> {
  assertMay(station.role, 'decommission');
  assertConfirmed(profile, request);
  return act(station, profile, 'decommission', request, signal);
}

/** Rejects one key of a device: the board that came with it is turned away. @throws ImprintError not-allowed, no-such-device, server-* */
export async function rejectAtServer(station: Station, profile: Profile, request: KeyRequest, signal: AbortSignal): Promise<ActionEntry> {
  assertMay(station.role, 'reject');
  return act(station, profile, 'reject', request, signal);
}

/**
 * Removes one key of a device, so that it may come with it again as if for the first time. Not the recorded one: without that
 * the device would be recorded and expected nowhere.
 *
 * @throws ImprintError not-allowed, identity-invalid where the confirmation differs, no-such-device, public-key-recorded, server-*
 */
export async function removeKeyAtServer(station: Station, profile: Profile, request: KeyRequest & Confirmed, signal: AbortSignal): Promise<ActionEntry> {
  assertMay(station.role, 'replace-key');
  assertConfirmed(profile, request);
  return act(station, profile, 'remove-auth-set', request, signal);
}

/**
 * Ends the actions at this profile's server that a killed station left started, by doing them once more: each is the same as
 * once. A server that cannot be reached leaves them for the next time.
 */
export async function finishActions(station: Station, profile: Profile, signal: AbortSignal): Promise<readonly ActionEntry[]> {
  const started = (await station.record.unfinishedActions()).filter((action) => action.serverUrl === profile.server.url);
  const ended: ActionEntry[] = [];
  for (const action of started.filter((each) => each.action === 'replace')) {
    const replacement = await endReplacement(station, action);
    if (replacement !== undefined) ended.push(replacement);
  }
  for (const action of started.filter((each) => each.action === 'renew')) ended.push(await endRenewal(station, action));
  const others = started.filter((each) => each.action !== 'replace' && each.action !== 'renew');
  if (others.length === 0) return ended;
  await withServer(station, profile, signal, async (connection) => {
    const administration = administrationOf(profile, connection);
    for (const action of others) {
      try {
        ended.push(await carryOut(station, administration, action, signal, undefined));
      } catch (thrown) {
        const error = asImprintError(thrown);
        if (mayHaveHappened(error)) throw error;
        ended.push({ ...action, state: 'failed', sentence: error.message });
      }
    }
  });
  return ended;
}

export interface FinishedActions {
  readonly ended: readonly ActionEntry[];
  /** Those that stay for the next time, with the reason. */
  readonly left: readonly { readonly action: ActionEntry; readonly sentence: string }[];
}

/**
 * As finishActions, for every server: each by the profile that made the device.
 *
 * @param profile for the devices of its server that nobody recorded
 */
export async function finishAllActions(station: Station, profile: Profile | undefined, signal: AbortSignal): Promise<FinishedActions> {
  const ended: ActionEntry[] = [];
  const left: { action: ActionEntry; sentence: string }[] = [];
  const started = await station.record.unfinishedActions();
  for (const serverUrl of new Set(started.map((action) => action.serverUrl))) {
    const actions = started.filter((action) => action.serverUrl === serverUrl);
    const known = profile?.server.url === serverUrl ? profile : await profileOfActions(station, actions);
    try {
      if (known === undefined) throw new ImprintError('profile-unreadable', `No profile of ${serverUrl} is known here: name it with --profile.`);
      ended.push(...(await finishActions(station, known, signal)));
    } catch (thrown) {
      const open = await station.record.unfinishedActions();
      for (const action of open.filter((each) => each.serverUrl === serverUrl)) left.push({ action, sentence: asImprintError(thrown).message });
    }
  }
  return { ended, left };
}

async function profileOfActions(station: Station, actions: readonly ActionEntry[]): Promise<Profile | undefined> {
  for (const { deviceId } of actions) {
    const job = deviceId === undefined ? undefined : (await station.record.device(deviceId))?.jobs[0];
    const json = job === undefined ? undefined : await station.record.keptProfile(job.profileSha256);
    if (json !== undefined) return station.readKeptProfile(json);
  }
  return undefined;
}

/** A batch may leave. @throws ImprintError not-allowed, usage where a remark is missing, no-such-device where the batch is unknown */
export async function signOffBatch(station: Station, request: { readonly batch: string; readonly remark?: string | undefined }): Promise<SignOff> {
  assertMay(station.role, 'sign-off');
  const batch = readBatch(request.batch);
  const remark = request.remark?.trim() === '' ? undefined : request.remark?.trim();
  const { total, counts } = await station.record.acceptancePage({ batch, limit: 1, offset: 0 });
  const unfinished = (await station.record.list({ batch, state: 'reserved', limit: 1, offset: 0 })).total;
  const left = total - counts.accepted + unfinished;
  if (left > 0 && remark === undefined) {
    throw new ImprintError('usage', `${String(left)} of ${String(total + unfinished)} devices of batch ${batch} are not accepted: say in a remark why it may leave all the same.`, {
      field: 'remark',
      expected: 'a reason',
    });
  }
  return station.record.signOff(batch, station.operator, now(station), remark);
}

/** What a person must scan or type once more before a device is decommissioned. */
export function confirmationOf(profile: Profile, identity: Identity): string {
  const scanned = profile.identity.find((attribute) => attribute.scan)?.name;
  return (scanned === undefined ? undefined : identity[scanned]) ?? describeIdentity(identity);
}

function assertConfirmed(profile: Profile, { identity, confirmation }: DeviceRequest & Confirmed): void {
  const expected = confirmationOf(profile, identity);
  const given = confirmation.trim();
  if (given === expected || given === describeIdentity(identity)) return;
  throw new ImprintError('identity-invalid', `The confirmation is not that of ${describeIdentity(identity)}: nothing was done.`, { field: 'confirmation', expected });
}

/** What this kind of server lets an admin do, whoever that is. */
export function possibleActs({ administration }: ServerConnection): readonly PossibleAct[] {
  if (administration === undefined) return [];
  return ['decommission', ...(administration.reject === undefined ? [] : (['reject'] as const)), ...(administration.removeAuthSet === undefined ? [] : (['remove-auth-set'] as const))];
}

export type PossibleAct = 'decommission' | 'reject' | 'remove-auth-set';

function administrationOf(profile: Profile, { administration }: ServerConnection): ServerAdministration {
  if (administration !== undefined) return administration;
  throw new ImprintError('server-refused', `Imprint cannot change the devices of a ${profile.server.kind} server: do it there.`, { field: 'server.kind' });
}

/** CRASH: the intent is durable before the server is told; a kill in between is ended by finishActions. */
async function act(station: Station, profile: Profile, action: DeviceAction, request: DeviceRequest & Partial<KeyRequest> & Withdrawal, signal: AbortSignal): Promise<ActionEntry> {
  const { identity, serverDeviceId, authSetId, reason, cardPath } = request;
  const tls = cardPath === undefined ? undefined : await tlsOfCard(station, profile, identity, cardPath);
  return withServer(station, profile, signal, async (connection) => {
    const administration = administrationOf(profile, connection);
    const recorded = await recordedDevice(station, profile, identity);
    const server = await connection.device(serverDeviceId, signal);
    if (server?.keysHidden === true) await assertIdOf(connection, request, signal);
    else if (server !== undefined) assertSameDevice(server, request, (identity) => identityKeyOf(station, profile, identity));
    else if (recorded?.serverDeviceId !== serverDeviceId) throw noSuchDevice(`The server has no device ${serverDeviceId}.`);
    if (action === 'remove-auth-set') assertNotRecorded(server, recorded, authSetId);
    const entry: ActionEntry = {
      actionId: station.randomness.uuid(),
      action,
      deviceId: recorded?.deviceId,
      serverUrl: profile.server.url,
      serverDeviceId,
      authSetId,
      identity,
      state: 'started',
      by: station.operator,
      startedAt: now(station),
      ...(reason === undefined ? {} : { reason }),
    };
    const { state: _, ...intent } = entry;
    await station.record.startAction(intent);
    station.faults.reached(`${action}:started`);
    return carryOut(station, administration, entry, signal, tls);
  });
}

/** @throws ImprintError where the server did not say yes; the action stays started where it did not say no either */
async function carryOut(station: Station, administration: ServerAdministration, entry: ActionEntry, signal: AbortSignal, tls: DeviceTls | undefined): Promise<ActionEntry> {
  const { actionId, action, serverDeviceId, authSetId = '' } = entry;
  const end = async (state: 'done' | 'failed', sentence: string): Promise<ActionEntry> => {
    const endedAt = now(station);
    await station.record.endAction(actionId, state, sentence, endedAt);
    return { ...entry, state, sentence, endedAt };
  };
  try {
    switch (action) {
      case 'decommission':
        await administration.decommission(serverDeviceId, signal, await removalOf(station, entry, tls));
        break;
      case 'remove-auth-set':
        if (administration.removeAuthSet === undefined) throw noSuchAct();
        await administration.removeAuthSet(serverDeviceId, authSetId, signal);
        break;
      case 'reject':
        if (administration.reject === undefined) throw noSuchAct();
        await administration.reject(serverDeviceId, authSetId, signal);
        break;
      case 'replace':
        throw new ImprintError('unexpected', 'A key is replaced by the job that makes it.');
      case 'renew':
        throw new ImprintError('unexpected', 'A certificate is renewed with its card in the bench.');
    }
  } catch (thrown) {
    const error = asImprintError(thrown);
    if (mayHaveHappened(error)) {
      throw new ImprintError(error.code, `${error.message} It is not known whether that was done; the station does it again at the next start or "recover".`, error);
    }
    await end('failed', error.message);
    throw error;
  }
  station.faults.reached(`${action}:acted`);
  return end('done', describeDone(entry, administration.identityStaysTaken));
}

function noSuchAct(): ImprintError {
  return new ImprintError('server-refused', 'This kind of server has no keys of a device that could be rejected or removed one by one: decommission the device.', { field: 'server.kind' });
}

/** What the record knows of a device that is taken off its server. Parts that are done already are done again, which changes nothing. */
async function removalOf(station: Station, entry: ActionEntry, tls: DeviceTls | undefined): Promise<Removal> {
  const { actionId, deviceId, reason } = entry;
  const device = deviceId === undefined ? undefined : await station.record.device(deviceId);
  const moment = now(station);
  const given = Object.keys(revocationReasons).find((each): each is RevocationReason => each === reason);
  return {
    certificates: (device?.certificates ?? []).filter(({ state, notAfter }) => state !== 'revoked' && notAfter > moment),
    reason: given ?? 'cessation-of-operation',
    tls,
    onDone: (part, sentence) => station.record.addActionStep(actionId, { part, sentence, at: now(station) }),
    onRevoked: (serial) => station.record.revokeCertificate(serial, given ?? 'cessation-of-operation', now(station)),
  };
}

/** The key on a card speaks only for the device that it was made for. */
async function tlsOfCard(station: Station, profile: Profile, identity: Identity, targetPath: string): Promise<DeviceTls> {
  const { publicKey } = await station.custody.readCardKey(targetPath, profile.files);
  const holder = await station.record.findByFingerprint(publicKey.fingerprint);
  if (holder === undefined || canonicalIdentity(holder.identity) !== canonicalIdentity(identity)) {
    throw noSuchDevice(`The card at ${targetPath} is not that of ${describeIdentity(identity)}: nothing was done.`);
  }
  return { open: (endpoint, stop) => station.custody.openTls({ targetPath, files: profile.files }, endpoint, stop) };
}

/** A renewal cannot go on without its card. */
async function endRenewal(station: Station, action: ActionEntry): Promise<ActionEntry> {
  const sentence = `The station stopped while the certificate of ${describeIdentity(action.identity)} was renewed: put the card in and renew it again, or write it again where it cannot be read.`;
  const endedAt = now(station);
  await station.record.endAction(action.actionId, 'failed', sentence, endedAt);
  return { ...action, state: 'failed', sentence, endedAt };
}

/** Whether the server may be asked again: it did not say no to this. */
function mayHaveHappened(error: ImprintError): boolean {
  return isUndecided(error) || error.code === 'cancelled' || error.code === 'server-sign-in-refused' || error.code === 'server-untrusted';
}

function describeDone({ action, identity, serverDeviceId, authSetId = '' }: ActionEntry, staysTaken?: string): string {
  const what = `${describeIdentity(identity)} (device ${serverDeviceId})`;
  switch (action) {
    case 'decommission':
      return `${what} is gone from the server${staysTaken === undefined ? '; its identity may be used again.' : `. ${staysTaken}`}`;
    case 'remove-auth-set':
      return `The key ${authSetId} was removed from ${what}.`;
    case 'reject':
      return `The key ${authSetId} of ${what} was rejected.`;
    case 'replace':
      return `The server expects a new key of ${what}.`;
    case 'renew':
      return `The certificate of ${what} was renewed.`;
  }
}

/** The job that replaces a key decides how the action ends; here only what it left behind. */
async function endReplacement(station: Station, action: ActionEntry): Promise<ActionEntry | undefined> {
  const device = action.deviceId === undefined ? undefined : await station.record.device(action.deviceId);
  if (device?.state === 'reserved') return undefined;
  const state = device?.state === 'preauthorized' || device?.state === 'accepted' ? 'done' : 'failed';
  const sentence = state === 'done' ? describeDone(action) : 'The job that was to replace the key ended without success.';
  const endedAt = now(station);
  await station.record.endAction(action.actionId, state, sentence, endedAt);
  return { ...action, state, sentence, endedAt };
}

/** The device of the record that the server knows under this identity. One that is only reserved is not at the server yet. */
async function recordedDevice(station: Station, profile: Profile, identity: Identity): Promise<DeviceDetails | undefined> {
  const device = await station.record.findByIdentity(identity);
  const known = device?.serverUrl === profile.server.url && (device.state === 'preauthorized' || device.state === 'accepted');
  return known ? device : undefined;
}

/** Another device than the one that the person saw must not be touched. */
function assertSameDevice(server: ServerDevice, { identity, serverDeviceId, authSetId }: DeviceRequest & Partial<KeyRequest>, keyOf: (identity: Identity) => string): void {
  const wanted = keyOf(identity);
  const carries = [server.identity, ...server.authSets.map((set) => set.identity)].some((each) => keyOf(each) === wanted);
  if (!carries) throw noSuchDevice(`Device ${serverDeviceId} at the server is ${describeIdentity(server.identity)}, not ${describeIdentity(identity)}: nothing was done.`);
  if (authSetId !== undefined && !server.authSets.some((set) => set.id === authSetId)) throw noSuchDevice(`Device ${serverDeviceId} at the server has no key ${authSetId} any more: look at it again.`);
}

/** A server that knows a device by its id alone says by itself which one that is. */
async function assertIdOf(connection: ServerConnection, { identity, serverDeviceId }: DeviceRequest, signal: AbortSignal): Promise<void> {
  const found = await connection.findDevice(identity, signal);
  if (found !== undefined && found.id !== serverDeviceId) throw noSuchDevice(`The server knows ${describeIdentity(identity)} as ${found.id}, not as ${serverDeviceId}: nothing was done.`);
}

function assertNotRecorded(server: ServerDevice | undefined, recorded: DeviceDetails | undefined, authSetId: string | undefined): void {
  const set = server?.authSets.find((each) => each.id === authSetId);
  if (recorded?.fingerprint === undefined || set?.fingerprint !== recorded.fingerprint) return;
  throw new ImprintError('public-key-recorded', `That is the key on the card of ${describeIdentity(recorded.identity)}: decommission the device instead, so that a new card can be made.`, {
    field: 'authSetId',
    expected: 'a key that is not recorded',
  });
}

function noSuchDevice(sentence: string): ImprintError {
  return new ImprintError('no-such-device', sentence, { field: 'serverDeviceId', expected: 'the device as the server has it' });
}
