import { cardAtPort, describePort } from '../../domain/drives';
import { ImprintError } from '../../domain/errors';
import { describeIdentity } from '../../domain/identity';
import type { Profile, SlotSettings } from '../../domain/profile';
import { listDrives } from '../../flash/drives';
import { renewalWords, renewCard, type RenewalRequest } from '../../station/renew';
import { stationFolder } from '../station-folder';
import { stationSlots } from '../session-slots';
import { SlotsStore } from '../slots-store';
import { text, usage, type Command, type CommandContext } from './arguments';
import { profileOf, recoverFirst, warnings, withStation } from './context';

/** `renew --profile P.json --target PATH [--fixed-disk] | --slot NAME`: what the server gave to a card, given anew, with the key that is on it. */
export const renewCommand: Command = async (context) => {
  const { profile } = profileOf(context);
  const slot = text(context, 'slot');
  const target = text(context, 'target');
  if ((slot === undefined) === (target === undefined)) throw usage('Which card is meant: a drive or a slot?', '--target PATH or --slot NAME');
  return withStation(context, async (open) => {
    await warnings(context, open, profile);
    await recoverFirst(context, open, profile);
    const card: RenewalRequest = slot === undefined ? { targetPath: target ?? '', naming: context.values['fixed-disk'] === true ? 'fixed-disk' : 'typed' } : await cardIn(slotOf(context, profile, slot));
    const { action } = await renewCard(
      open.station,
      profile,
      {
        ...card,
        onPhase: (phase, identity) => {
          context.output.emit({ event: 'notice', sentence: `${renewalWords[phase].sentence}${identity === undefined ? '' : ` (${describeIdentity(identity)})`}` });
        },
      },
      context.signal,
    );
    context.output.emit({ event: 'result', ...action });
    context.output.print(action.sentence ?? action.state);
    return 0;
  });
};

/** As the window has them: those of the profile, else those that were bound on this station. */
function slotOf({ dataFolder }: CommandContext, profile: Profile, name: string): SlotSettings {
  const slots = profile.targets.slots.length > 0 ? profile.targets.slots : stationSlots(new SlotsStore(stationFolder(dataFolder, false).root).read());
  const slot = slots.find((each) => each.name === name);
  if (slot !== undefined) return slot;
  throw new ImprintError('no-such-slot', `There is no slot "${name}".`, { field: '--slot', expected: slots.length === 0 ? 'a slot that was bound with "imprint slots bind"' : slots.map((each) => each.name).join(', ') });
}

/** @throws ImprintError target-not-found */
async function cardIn({ name, path, port, fixedDisk }: SlotSettings): Promise<RenewalRequest> {
  const naming = fixedDisk ? 'fixed-disk' : 'listed';
  if (port === undefined) return { targetPath: path, naming };
  const drive = cardAtPort(await listDrives(), port);
  if (drive === undefined) throw new ImprintError('target-not-found', `There is no card in ${name}: put one in.`, { field: '--slot', expected: `a card at ${describePort(port)}` });
  return { targetPath: drive.path, naming };
}
