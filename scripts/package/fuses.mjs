import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { Problem } from '../support/problem.mjs';

/** What a built program must say of itself, whatever the configuration wished. */
const WANTED = {
  RunAsNode: false,
  EnableCookieEncryption: true,
  EnableNodeOptionsEnvironmentVariable: false,
  EnableNodeCliInspectArguments: false,
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  LoadBrowserProcessSpecificV8Snapshot: false,
  GrantFileProtocolExtraPrivileges: false,
};

/** @returns {Promise<Record<string, boolean | undefined>>} by name, as they are in the program; undefined where it knows none */
export async function readFuses(program) {
  const wire = await getCurrentFuseWire(program);
  const states = { [FuseState.ENABLE]: true, [FuseState.DISABLE]: false };
  return Object.fromEntries(Object.keys(WANTED).map((name) => [name, states[wire[FuseV1Options[name]]]]));
}

/** @throws {Problem} naming each fuse that is not as it must be */
export async function assertFuses(program) {
  const fuses = await readFuses(program);
  const wrong = Object.entries(WANTED).filter(([name, wanted]) => fuses[name] !== wanted);
  if (wrong.length > 0) throw new Problem(`${program} has other fuses than it must have: ${wrong.map(([name, wanted]) => `${name} is ${fuses[name]}, not ${wanted}`).join(', ')}.`);
  return fuses;
}
