import { readFileSync, writeFileSync } from 'node:fs';
import { CustodyService } from '../../../main/workers/custody/custody-service.ts';
import { keyType } from './task.mjs';

// Runs in Electron as Node, as the custody process does: REQUEST, RESULT (JSON files). One job per card, all at once.
const [requestPath, resultPath] = process.argv.slice(2);
const { cacheFolder, settings, files, erasure, devices } = JSON.parse(readFileSync(requestPath, 'utf8'));
const service = new CustodyService(cacheFolder, { now: () => new Date() });
const { signal } = new AbortController();
const ignore = () => undefined;
const secondsSince = (start) => (performance.now() - start) / 1000;

async function main() {
  const opened = performance.now();
  const image = await service.prepareImage(settings, ignore, signal);
  // As in the station: whether the files can go into the image is checked before a card is touched.
  await service.checkFiles(image, files);
  const prepare = secondsSince(opened);
  const jobs = [];
  for (const [index, { path }] of devices.entries()) {
    const jobId = `job-${index}`;
    await service.generate(jobId, keyType);
    jobs.push({ jobId, target: await service.inspectTarget(path) });
  }
  const cpu = process.cpuUsage();
  const started = performance.now();
  const cards = await Promise.all(
    jobs.map(async ({ jobId, target }) => {
      const written = await service.write({ jobId, image, files, target, erasure }, ignore, signal);
      const write = secondsSince(started);
      const verified = await service.verify(jobId, ignore, signal);
      if (!written.directIo || !verified.directIo) throw new Error('no direct I/O');
      return { write, work: secondsSince(started) };
    }),
  );
  const { user, system } = process.cpuUsage(cpu);
  for (const { jobId } of jobs) await service.destroy(jobId);
  await service.close();
  const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
  const most = (name) => Math.max(...cards.map((card) => card[name]));
  writeFileSync(resultPath, JSON.stringify({ prepare, write: most('write'), work: most('work'), cards: cards.map(({ work }) => work), cpu: (user + system) / 1e6, peak }));
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
});
