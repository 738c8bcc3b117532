/** The acceptance watch of one workstation, and how much memory it takes. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { asImprintError } from '../../main/domain/errors';
import { AcceptanceWatch } from '../../main/station/watch';
import { CardlessCustody } from './cardless-custody';
import { runChild, tell } from './child';
import type { FromWatch, ToWatch } from './messages';
import { soakStation } from './soak-station';

const say = (message: FromWatch): void => tell(message);
const mebibyte = 1024 * 1024;
const interval = 3000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapAfterCollection(): number {
  // Twice: what the first one finalises only the second one frees.
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed / mebibyte;
}

runChild(async (setup) => {
  const { station, loaded } = soakStation(setup, new CardlessCustody(), 'watch');
  const watch = new AcceptanceWatch(
    station,
    loaded.profile,
    {
      changed: (report) => say({ kind: 'report', report }),
      trouble: (sentence) => say({ kind: 'trouble', sentence }),
    },
    { interval },
  );
  setInterval(() => {
    const { rss, heapTotal } = process.memoryUsage();
    say({ kind: 'memory', sample: { at: performance.now() / 1000, residentMiB: rss / mebibyte, heapMiB: heapTotal / mebibyte } });
  }, 1000);
  say({ kind: 'ready' });
  return (message: ToWatch) => {
    if (message.kind === 'start') watch.start();
    else if (message.kind === 'collect') say({ kind: 'heap', mebibytes: heapAfterCollection() });
    else {
      watch.askNow().then(
        (report) => say({ kind: 'round', report }),
        (thrown: unknown) => say({ kind: 'round', sentence: asImprintError(thrown).message }),
      );
    }
  };
});
