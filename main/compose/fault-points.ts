import type { FaultPoints } from '../domain/ports';

/**
 * For fault tests. `IMPRINT_KILL_AT=write:acted` kills the station there, without any clean-up; `IMPRINT_STOP_AT=…` stops
 * it, so that a test can look at its memory. A packaged station has none of it.
 */
export function faultPoints(packaged: boolean): FaultPoints {
  const kill = packaged ? undefined : process.env['IMPRINT_KILL_AT'];
  const stop = packaged ? undefined : process.env['IMPRINT_STOP_AT'];
  return {
    reached(name) {
      if (name === kill) process.kill(process.pid, 'SIGKILL');
      if (name === stop) process.kill(process.pid, 'SIGSTOP');
    },
  };
}
