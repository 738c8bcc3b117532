import type { ActionEntry, ActionStep } from '../domain/acceptance';
import { ImprintError } from '../domain/errors';
import { canonicalIdentity, describeIdentity, type Identity } from '../domain/identity';
import type { DeviceTls, Removal, RevocationReason } from '../domain/ports';
import { revocationReasons } from '../domain/ports';
import type { Profile } from '../domain/profile';
import { now, type Station } from './station';

/** Said where nobody gave a reason: the device ends, and nothing is known against its key. */
const usualReason: RevocationReason = 'cessation-of-operation';

/**
 * What the record knows of a device that is taken off its server. Parts that are done already are done again, which changes nothing.
 *
 * @param done is told of each part when it is in the record
 */
export async function removalOf(station: Station, entry: ActionEntry, tls: DeviceTls | undefined, done: (part: ActionStep) => void): Promise<Removal> {
  const { actionId, deviceId } = entry;
  const device = deviceId === undefined ? undefined : await station.record.device(deviceId);
  const moment = now(station);
  const reason = Object.keys(revocationReasons).find((each): each is RevocationReason => each === entry.reason) ?? usualReason;
  return {
    certificates: (device?.certificates ?? []).filter(({ state, notAfter }) => state !== 'revoked' && notAfter > moment),
    reason,
    tls,
    onDone: async (part, sentence) => {
      const step = { part, sentence, at: now(station) };
      await station.record.addActionStep(actionId, step);
      done(step);
    },
    onRevoked: async (serial) => {
      if (deviceId !== undefined) await station.record.revokeCertificate(deviceId, serial, reason, now(station));
    },
  };
}

/** The key on a card speaks only for the device that it was made for. @throws ImprintError verify-*, no-such-device */
export async function tlsOfCard(station: Station, profile: Profile, identity: Identity, targetPath: string): Promise<DeviceTls> {
  const { publicKey } = await station.custody.readCardKey(targetPath, profile.files);
  const holder = await station.record.findByFingerprint(publicKey.fingerprint);
  if (holder === undefined || canonicalIdentity(holder.identity) !== canonicalIdentity(identity)) {
    throw new ImprintError('no-such-device', `The card at ${targetPath} is not that of ${describeIdentity(identity)}: nothing was done.`, { field: 'card', expected: 'the card of this device' });
  }
  return { open: (endpoint, stop) => station.custody.openTls({ targetPath, files: profile.files }, endpoint, stop) };
}
