import { spawnElectron } from './electron.mjs';
import { setup } from './setup.mjs';
import { inRoot } from './support/paths.mjs';
import { Problem, runMain } from './support/problem.mjs';

const hasDisplay = Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
const NO_DISPLAY = 'There is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set)';

await runMain(async () => {
  const args = process.argv.slice(2);
  const profile = profileAmong(args);
  // A profile means real cards: a practice run in its place would only look like the work.
  if (!hasDisplay && profile !== undefined) throw new Problem(sentenceForProfile(profile));
  await setup();
  if (hasDisplay) return spawnElectron([inRoot('dist', 'main', 'index.cjs'), ...args]);
  process.stderr.write(`${NO_DISPLAY}, so the practice run follows in this terminal.\n`);
  return spawnElectron([inRoot('dist', 'main', 'cli.cjs'), 'practice', ...args], { headless: true });
});

/** @returns {string | undefined} what follows `--profile`, or a name for what is missing there */
function profileAmong(args) {
  const index = args.findIndex((argument) => argument === '--profile' || argument.startsWith('--profile='));
  if (index < 0) return undefined;
  const value = args[index] === '--profile' ? args[index + 1] : args[index].slice('--profile='.length);
  return value || 'P.json';
}

function sentenceForProfile(profile) {
  return `${NO_DISPLAY}, and the station's window needs one. In this terminal the same work is:
  npm run -s imprint -- provision --profile '${profile.replaceAll("'", `'\\''`)}' --identity NAME=VALUE --target PATH`;
}
