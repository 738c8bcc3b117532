/** Entry point of the custody process. Arguments: the folder of the image cache. */
import { custodyMethods } from '../contract/custody-channel';
import { serveProcedures } from '../ipc/remote-procedures';
import { disableCoreDumps } from '../../native/index';
import { CustodyService } from './custody/custody-service';
import { parentPort } from '../ipc/parent-port';

const cacheFolder = process.argv[2];
if (cacheFolder === undefined) throw new Error('The custody process needs the folder of the image cache.');

// SECURITY: no core dump of this process, and no other process of the same user may read its memory.
disableCoreDumps();

const service = new CustodyService(cacheFolder, { now: () => new Date() });

serveProcedures(parentPort(), custodyMethods, {
  status: () => service.status(),
  prepareImage: ({ settings }, { onProgress, signal }) => service.prepareImage(settings, onProgress, signal),
  inspectImage: ({ path }, { signal }) => service.inspectImage(path, signal),
  checkFiles: ({ image, files }) => service.checkFiles(image, files),
  inspectTarget: ({ path }) => service.inspectTarget(path),
  generate: ({ jobId, keyType }) => service.generate(jobId, keyType),
  sign: ({ jobId, payload }) => service.sign(jobId, payload),
  write: (request, { onProgress, signal }) => service.write(request, onProgress, signal),
  verify: ({ jobId }, { onProgress, signal }) => service.verify(jobId, onProgress, signal),
  spoil: ({ jobId }) => service.spoil(jobId),
  destroy: ({ jobId }) => service.destroy(jobId),
  readCardKey: ({ targetPath, files }) => service.readCardKey(targetPath, files),
  signWithCardKey: ({ targetPath, files, payload }) => service.signWithCardKey(targetPath, files, payload),
});

process.on('SIGTERM', () => {
  void service.close().finally(() => process.exit(0));
});
