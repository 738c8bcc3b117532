import { writeFileSync } from 'node:fs';
import { injectOnce, toText } from './one-injection.mjs';

// Runs in Electron as Node: IMAGE, RESULT. One injection from a cold start, and the overlay kept.
const [imagePath, resultPath] = process.argv.slice(2);
injectOnce(imagePath).then((injection) => writeFileSync(resultPath, toText(injection)));
