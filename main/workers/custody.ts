/** Entry point of the custody process. Arguments: the folder of the image cache. */
import { randomUUID } from 'node:crypto';
import { custodyMethods } from '../contract/custody-channel';
import { serveProcedures } from '../ipc/remote-procedures';
import { disableCoreDumps } from '../../native/index';
import { CustodyService } from './custody/custody-service';
import { OpenChannels } from './custody/open-channels';
import { parentPort } from '../ipc/parent-port';

const cacheFolder = process.argv[2];
if (cacheFolder === undefined) throw new Error('The custody process needs the folder of the image cache.');

// SECURITY: no core dump of this process, and no other process of the same user may read its memory.
disableCoreDumps();

const channels = new OpenChannels(() => randomUUID());
const service = new CustodyService(cacheFolder, { now: () => new Date() });

serveProcedures(parentPort(), custodyMethods, {
  status: () => service.status(),
  prepareImage: ({ settings }, { onProgress, signal }) => service.prepareImage(settings, onProgress, signal),
  inspectImage: ({ path }, { signal }) => service.inspectImage(path, signal),
  checkFiles: ({ image, files }) => service.checkFiles(image, files),
  inspectTarget: ({ path }) => service.inspectTarget(path),
  keysAhead: ({ keyType, most }) => service.keysAhead(keyType, most),
  generate: ({ jobId, keyType }) => service.generate(jobId, keyType),
  sign: ({ jobId, payload }) => service.sign(jobId, payload),
  agreementKey: ({ jobId }) => service.agreementKey(jobId),
  openTls: ({ key, endpoint }, { signal }) => channels.open(() => service.openTls(key, endpoint, signal)),
  writeTls: ({ channelId, bytes }) => channels.of(channelId).write(bytes),
  readTls: ({ channelId }) => channels.of(channelId).read(),
  closeTls: ({ channelId }) => channels.close(channelId),
  write: (request, { onProgress, signal }) => service.write(request, onProgress, signal),
  verify: ({ jobId }, { onProgress, signal }) => service.verify(jobId, onProgress, signal),
  spoil: ({ jobId }) => service.spoil(jobId),
  destroy: ({ jobId }) => service.destroy(jobId),
  readCardKey: ({ targetPath, files }) => service.readCardKey(targetPath, files),
  readCardFiles: ({ targetPath, files }) => service.readCardFiles(targetPath, files),
  rewriteCardFiles: ({ target, files, contents }) => service.rewriteCardFiles(target, files, contents),
  signWithCardKey: ({ targetPath, files, payload }) => service.signWithCardKey(targetPath, files, payload),
});

process.on('SIGTERM', () => {
  void channels.closeAll().then(() => service.close()).finally(() => process.exit(0));
});
