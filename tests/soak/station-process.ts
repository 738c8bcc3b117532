/** One station of a soak: makes devices, keeps an outbox, and plays the boards that its cards are put into. */
import { setTimeout as sleep } from 'node:timers/promises';
import { asImprintError } from '../../main/domain/errors';
import { bootPracticeDevice } from '../../main/servers/mender/practice-device';
import { Outbox } from '../../main/station/outbox';
import { provision } from '../../main/station/provision';
import { CardlessCustody, newSoakKey, type SoakKey } from './cardless-custody';
import { runChild, tell } from './child';
import type { FromStation, ServerAccess, ToStation } from './messages';
import { soakStation } from './soak-station';

const say = (message: FromStation): void => tell(message);
const never = new AbortController().signal;
const pathOf = (mac: string): string => `/soak/${process.pid}/${mac}`;
const mostAttempts = 200;

runChild(async (setup) => {
  const custody = new CardlessCustody();
  const { station, loaded } = soakStation(setup, custody, `station ${process.pid}`);
  const outbox = new Outbox(
    station,
    loaded.profile,
    {
      changed: () => undefined,
      sent: ({ identity, state, sentence }) => say({ kind: 'sent', mac: identity['mac'] ?? '', state, sentence }),
    },
    { interval: 1000 },
  );
  outbox.start();
  const { server } = setup;
  if (server === undefined) throw new Error('A station needs a server.');
  say({ kind: 'ready' });

  async function make(mac: string): Promise<void> {
    try {
      const outcome = await provision(
        station,
        { loaded, identity: { mac }, slot: 'Soak', targetPath: pathOf(mac), naming: 'listed', batch: 'soak' },
        { onProgress: () => undefined, onStep: () => undefined, signal: never },
      );
      if (outcome.state === 'waiting') outbox.wake();
      say({ kind: 'made', mac, state: outcome.state, code: outcome.error?.code, sentence: outcome.sentence });
    } catch (thrown) {
      const { code, message } = asImprintError(thrown);
      say({ kind: 'made', mac, state: 'refused', code, sentence: message });
    }
  }

  async function boot({ mac, fate, partner }: Extract<ToStation, { kind: 'boot' }>, access: ServerAccess): Promise<void> {
    const card = custody.cards.get(pathOf(partner ?? mac));
    const wrong = newSoakKey();
    try {
      if (card === undefined) throw new Error('its card is not here');
      if (fate === 'own-key' || fate === 'corrected') await come(access, mac, wrong, 401);
      if (fate === 'signs-in' || fate === 'corrected') await come(access, mac, card, 200);
      if (fate === 'swapped') await come(access, mac, card, 401);
      if (fate === 'other-notation') await come(access, mac.toUpperCase(), card, 401);
      say({ kind: 'booted', mac });
    } catch (thrown) {
      say({ kind: 'booted', mac, problem: thrown instanceof Error ? thrown.message : String(thrown) });
    }
  }

  return (message: ToStation) => {
    if (message.kind === 'make') void make(message.mac);
    else if (message.kind === 'boot') void boot(message, server);
    else outbox.wake();
  };
});

/** A board asks until it gets an answer of the device authentication, as the client does. */
async function come({ url, certificateAuthority }: ServerAccess, mac: string, key: SoakKey, expected: 200 | 401): Promise<void> {
  let last = '';
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    try {
      await bootPracticeDevice({ url, certificateAuthority, identity: { mac }, publicKey: key.publicKey, sign: (payload) => key.sign(payload) }, never);
      if (expected !== 200) throw new Error('it was let in with a key that is not its own');
      return;
    } catch (thrown) {
      const error = asImprintError(thrown);
      if (error.code !== 'device-not-accepted' && error.code !== 'server-unreachable') throw thrown;
      last = error.message;
      if (error.code === 'device-not-accepted' && /\(401: /.test(last)) {
        if (expected === 401) return;
        throw new Error(`it was turned away: ${last}`, { cause: thrown });
      }
    }
    await sleep(300);
  }
  throw new Error(`it got no answer: ${last}`);
}
