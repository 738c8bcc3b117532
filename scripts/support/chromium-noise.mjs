import { Transform } from 'node:stream';

/** Lines that Chromium writes to stderr on machines without D-Bus, GPU or screen, and that tell a person nothing. */
const NOISE = [
  // Not FATAL: such a line is the only one that says why there is no Electron.
  /^\[(\d+:)+\d{4}\/\d{6}\.\d+:(?!FATAL)[A-Z]+\d*:/,
  /^(ERR|WARN|INFO): \w+\.cpp/,
  /^libva (error|info|warning)/,
  /^(MESA|libEGL warning|libGL error)[:-]/,
  /^DevTools listening on /,
];

/** How such lines begin: text without its end is held back only while it could still become one. */
const NOISE_STARTS = ['ERR: ', 'WARN: ', 'INFO: ', 'libva ', 'libEGL ', 'libGL ', 'MESA', 'DevTools listening on '];

const couldBecomeNoise = (text) =>
  /^\[[\d:/.]*([A-Z]+\d*:.*)?[A-Z]*$/.test(text) || NOISE_STARTS.some((start) => start.startsWith(text) || text.startsWith(start));

/**
 * Takes a stderr apart into lines and drops the noise. All else passes byte by byte and at once,
 * a prompt without a line end included.
 */
export function chromiumNoiseFilter() {
  let pending = '';
  const isNoise = () => NOISE.some((pattern) => pattern.test(pending));
  return new Transform({
    transform(chunk, _encoding, done) {
      // latin1 keeps every byte, whatever its encoding and wherever the chunk was cut.
      let arrived = chunk.toString('latin1');
      let shown = '';
      while (arrived !== '') {
        const end = arrived.indexOf('\n') + 1 || arrived.length;
        pending += arrived.slice(0, end);
        arrived = arrived.slice(end);
        const isWhole = pending.endsWith('\n');
        // What follows a prompt without a line end is tested like the start of a line: Chromium may speak then too.
        if (!isWhole && couldBecomeNoise(pending)) break;
        if (!(isWhole && isNoise())) shown += pending;
        pending = '';
      }
      done(null, Buffer.from(shown, 'latin1'));
    },
    flush(done) {
      done(null, isNoise() ? undefined : Buffer.from(pending, 'latin1'));
    },
  });
}
