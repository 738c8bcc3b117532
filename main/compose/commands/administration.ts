import type { ActionStep } from '../../domain/acceptance';
import { ImprintError } from '../../domain/errors';
import { describeIdentity, readIdentity, type Identity } from '../../domain/identity';
import { revocationReasons, type RevocationReason } from '../../domain/ports';
import type { Profile } from '../../domain/profile';
import { assertMay } from '../../domain/roles';
import { decommissionAtServer, signOffBatch } from '../../station/administration';
import { withServer, type Station } from '../../station/station';
import { identityPairs, required, text, usage, wrongOption, type Command, type CommandContext } from './arguments';
import { profileOf, recoverFirst, withStation } from './context';

/** `sign-off --batch B [--remark T]` */
export const signOffCommand: Command = async (context) => {
  const batch = required(context, 'batch');
  return withStation(context, async ({ station }) => {
    const signOff = await signOffBatch(station, { batch, remark: text(context, 'remark') });
    context.output.emit({ event: 'result', ...signOff });
    context.output.print(`Batch ${signOff.batch} was signed off by ${signOff.by} at ${signOff.at}: ${String(signOff.accepted)} of ${String(signOff.total)} devices accepted.`);
    return 0;
  });
};

/** `decommission --profile P.json --identity k=v … --confirm VALUE [--reason R] [--card PATH]` */
export const decommissionCommand: Command = async (context) => {
  const { profile } = profileOf(context);
  const pairs = identityPairs(context);
  if (pairs === undefined) throw usage('This command needs --identity.', '--identity mac=02:00:00:00:00:01');
  const identity = readIdentity(profile.identity, pairs);
  const confirmation = required(context, 'confirm');
  const reason = reasonOption(context);
  const cardPath = text(context, 'card');
  if (cardPath === '') throw wrongOption('card', 'It is not said where the card is.', 'the path of the card, such as /dev/sdb');
  return withStation(context, async (open) => {
    const { station } = open;
    assertMay(station.role, 'decommission');
    await recoverFirst(context, open, profile);
    const tell = ({ sentence }: ActionStep): void => {
      context.output.emit({ event: 'notice', sentence });
    };
    const serverDeviceId = await deviceToRemove(station, profile, identity, context.signal);
    const action = await decommissionAtServer(station, profile, { identity, serverDeviceId, confirmation, reason, cardPath, onPart: tell }, context.signal);
    context.output.emit({ event: 'result', ...action });
    context.output.print(action.sentence ?? action.state);
    return 0;
  });
};

function reasonOption(context: CommandContext): RevocationReason | undefined {
  const given = text(context, 'reason');
  const known = Object.keys(revocationReasons);
  const reason = known.find((each): each is RevocationReason => each === given);
  if (given === undefined || reason !== undefined) return reason;
  throw wrongOption('reason', `"${given}" is no reason for which a certificate is revoked.`, known.join(', '));
}

/** As the server has it now; else as the record has it, so that a device that is gone already ends in the record too. */
async function deviceToRemove(station: Station, profile: Profile, identity: Identity, signal: AbortSignal): Promise<string> {
  const found = await withServer(station, profile, signal, (connection) => connection.findDevice(identity, signal));
  if (found !== undefined) return found.id;
  const recorded = await station.record.findByIdentity(identity);
  const expected = recorded?.state === 'preauthorized' || recorded?.state === 'accepted';
  if (expected && recorded.serverUrl === profile.server.url && recorded.serverDeviceId !== undefined) return recorded.serverDeviceId;
  throw new ImprintError('no-such-device', `Neither the server nor the record has ${describeIdentity(identity)}.`, { field: 'identity' });
}
