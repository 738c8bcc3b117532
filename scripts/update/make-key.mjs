import { closeSync, openSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Problem, runMain } from '../support/problem.mjs';
import { newKey, releaseName, verifierText } from './keys.mjs';

await runMain(() => {
  const [path] = process.argv.slice(2);
  if (path === undefined) throw new Problem('Where shall the private key lie? Run: npm run update:key -- FILE.pem (outside of the checkout)');
  const key = newKey();
  let file;
  try {
    // Nothing is replaced: a lost key of a publisher cannot be made again.
    file = openSync(resolve(path), 'wx', 0o600);
  } catch (error) {
    throw new Problem(`${path} cannot be made (${error.code}); nothing is replaced.`);
  }
  writeFileSync(file, key.export({ format: 'pem', type: 'pkcs8' }));
  closeSync(file);
  process.stdout.write(`The private key is in ${path}: whoever has it can publish updates.\nThis line belongs into releaseKeys of main/update/keys.ts:\n  '${verifierText(releaseName, key)}',\n`);
});
