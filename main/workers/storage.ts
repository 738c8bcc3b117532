/** Entry point of the storage process. Arguments: the path of the record's database. */
import { storageMethods } from '../contract/storage-channel';
import { serveProcedures } from '../ipc/remote-procedures';
import { SqliteRecordStore } from '../storage/record-store';
import { parentPort } from '../ipc/parent-port';

const path = process.argv[2];
if (path === undefined) throw new Error('The storage process needs the path of the record.');

// Opened at the first call, so that a record that cannot be opened is an answer and not a dead process.
let opened: SqliteRecordStore | undefined;
const record = (): SqliteRecordStore => (opened ??= SqliteRecordStore.open(path));

serveProcedures(parentPort(), storageMethods, {
  keepProfile: ({ name, sha256, json, at }) => record().keepProfile(name, sha256, json, at),
  keptProfile: ({ sha256 }) => record().keptProfile(sha256),
  keepImage: ({ image, at }) => record().keepImage(image, at),
  reserve: ({ reservation }) => record().reserve(reservation),
  startStep: ({ jobId, step, at }) => record().startStep(jobId, step, at),
  endStep: ({ jobId, step, state, sentence, at }) => record().endStep(jobId, step, state, sentence, at),
  recordPublicKey: ({ jobId, publicKey, at }) => record().recordPublicKey(jobId, publicKey, at),
  endJob: ({ jobId, state, deviceState, sentence, at, serverDeviceId }) => record().endJob(jobId, state, deviceState, sentence, at, serverDeviceId),
  markAccepted: ({ deviceId, at }) => record().markAccepted(deviceId, at),
  unfinishedJobs: () => record().unfinishedJobs(),
  takeOver: ({ jobId, from, to }) => record().takeOver(jobId, from, to),
  findByIdentity: ({ identity }) => record().findByIdentity(identity),
  findByFingerprint: ({ fingerprint }) => record().findByFingerprint(fingerprint),
  device: ({ deviceId }) => record().device(deviceId),
  list: ({ query }) => record().list(query),
  jobsSince: ({ since, limit }) => record().jobsSince(since, limit),
  close: async () => {
    await opened?.close();
    opened = undefined;
  },
});
