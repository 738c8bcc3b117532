import { injectOnce, toText } from './one-injection.mjs';

// Runs in Electron as Node: IMAGE. Each message asks for so many injections; the answer has the milliseconds of each, and its overlay.
const [imagePath] = process.argv.slice(2);
process.on('message', async (count) => {
  const measured = [];
  for (let done = 0; done < count; done += 1) {
    const started = performance.now();
    const injection = await injectOnce(imagePath);
    measured.push({ milliseconds: performance.now() - started, result: toText(injection) });
  }
  process.send(measured);
});
process.on('disconnect', () => process.exit());
