import { renewCard } from '../../station/renew';
import { required, type Command } from './arguments';
import { profileOf, recoverFirst, warnings, withStation } from './context';

/** `renew --profile P.json --target PATH [--fixed-disk]`: what the server gave to a card, given anew, with the key that is on it. */
export const renewCommand: Command = async (context) => {
  const { profile } = profileOf(context);
  const targetPath = required(context, 'target');
  return withStation(context, async (open) => {
    await warnings(context, open, profile);
    await recoverFirst(context, open, profile);
    const naming = context.values['fixed-disk'] === true ? 'fixed-disk' : 'typed';
    const { device, action } = await renewCard(open.station, profile, { targetPath, naming }, context.signal);
    const sentence = action.sentence ?? action.state;
    context.output.emit({ event: 'result', action: action.action, state: action.state, identity: device.identity, deviceId: device.deviceId, serverDeviceId: action.serverDeviceId, sentence });
    context.output.print(sentence);
    return 0;
  });
};
