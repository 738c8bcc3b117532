import { readIdentity } from '../../domain/identity';
import { verifyCard } from '../../station/card-checks';
import { identityPairs, required, type Command } from './arguments';
import { profileOf, withStation } from './context';

/** `verify-card --profile P.json --target PATH [--identity k=v …]`: exit code 0 only where record and server know the key. */
export const verifyCardCommand: Command = async (context) => {
  const { profile } = profileOf(context);
  const targetPath = required(context, 'target');
  const pairs = identityPairs(context);
  const identity = pairs === undefined ? undefined : readIdentity(profile.identity, pairs);
  return withStation(context, async ({ station }) => {
    const card = await verifyCard(station, profile, targetPath, identity, context.signal);
    context.output.emit({
      event: 'result',
      fingerprint: card.fingerprint,
      keyType: card.keyType,
      publicKeyPem: card.publicKeyPem,
      file: card.file,
      identity: card.recorded?.identity,
      recorded: card.recorded?.state ?? 'unknown',
      server: card.server?.status ?? (card.serverError === undefined ? 'unknown' : 'not asked'),
      expectedByServer: card.expectedByServer,
      serverError: card.serverError,
      sentence: card.sentence,
    });
    const { file } = card;
    context.output.print(`${file.path} on partition ${String(file.partition)}: ${String(file.bytes)} bytes, mode ${file.mode.toString(8).padStart(4, '0')}, owner ${String(file.uid)}:${String(file.gid)}`);
    context.output.print(`${card.keyType} key, fingerprint ${card.fingerprint}`);
    context.output.print(card.sentence);
    const usable = card.recorded !== undefined && card.recorded.state !== 'released' && card.recorded.state !== 'decommissioned';
    return usable && card.expectedByServer ? 0 : 6;
  });
};
