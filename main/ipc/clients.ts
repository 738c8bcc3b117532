/** The domain's ports, spoken over worker processes. */
import type { CustodyMethods } from '../contract/custody-channel';
import type { StorageMethods } from '../contract/storage-channel';
import type { Custody, RecordStore } from '../domain/ports';
import { ordersClient } from './orders';
import type { ProcedureClient } from './remote-procedures';

interface ClientSource<Client> {
  readonly client: Client;
}

export function custodyClient(worker: ClientSource<ProcedureClient<CustodyMethods>>): Custody {
  return {
    status: () => worker.client.call('status', {}),
    prepareImage: (settings, onProgress, signal) => worker.client.call('prepareImage', { settings }, { onProgress, signal }),
    inspectImage: (path, signal) => worker.client.call('inspectImage', { path }, { signal }),
    checkFiles: (image, files) => worker.client.call('checkFiles', { image, files }),
    inspectTarget: (path) => worker.client.call('inspectTarget', { path }),
    keysAhead: (keyType, most) => worker.client.call('keysAhead', { keyType, most }),
    generate: (jobId, keyType) => worker.client.call('generate', { jobId, keyType }),
    sign: (jobId, payload) => worker.client.call('sign', { jobId, payload }),
    agreementKey: (jobId) => worker.client.call('agreementKey', { jobId }),
    async openTls(key, endpoint, signal) {
      const { channelId } = await worker.client.call('openTls', { key, endpoint }, { signal });
      return {
        write: (bytes) => worker.client.call('writeTls', { channelId, bytes }),
        read: () => worker.client.call('readTls', { channelId }, { signal }),
        close: () => worker.client.call('closeTls', { channelId }),
      };
    },
    write: (request, onProgress, signal) =>
      worker.client.call('write', { ...request }, { onProgress, signal }),
    verify: (jobId, onProgress, signal) => worker.client.call('verify', { jobId }, { onProgress, signal }),
    spoil: (jobId) => worker.client.call('spoil', { jobId }),
    destroy: (jobId) => worker.client.call('destroy', { jobId }),
    readCardKey: (targetPath, files) => worker.client.call('readCardKey', { targetPath, files }),
    readCardFiles: (targetPath, files) => worker.client.call('readCardFiles', { targetPath, files }),
    rewriteCardFiles: (target, files, contents) => worker.client.call('rewriteCardFiles', { target, files, contents }),
    signWithCardKey: (targetPath, files, payload) => worker.client.call('signWithCardKey', { targetPath, files, payload }),
  };
}

export function storageClient(worker: ClientSource<ProcedureClient<StorageMethods>>): RecordStore {
  return {
    keepProfile: (name, sha256, json, at, by) => worker.client.call('keepProfile', { name, sha256, json, at, by }),
    keptProfile: (sha256) => worker.client.call('keptProfile', { sha256 }),
    keepImage: (image, at, by) => worker.client.call('keepImage', { image, at, by }),
    orders: ordersClient(worker),
    reserve: (reservation) => worker.client.call('reserve', { reservation }),
    startStep: (jobId, step, at) => worker.client.call('startStep', { jobId, step, at }),
    endStep: (jobId, step, state, sentence, at, facts) => worker.client.call('endStep', { jobId, step, state, sentence, at, facts }),
    recordPublicKey: (jobId, publicKey, at) => worker.client.call('recordPublicKey', { jobId, publicKey, at }),
    endJob: (jobId, state, deviceState, sentence, at, serverDeviceId, cause) =>
      worker.client.call('endJob', { jobId, state, deviceState, sentence, at, serverDeviceId, cause }),
    recordEnrolment: (jobId, serverDeviceId, certificates, at) => worker.client.call('recordEnrolment', { jobId, serverDeviceId, certificates, at }),
    addCertificates: (deviceId, certificates, supersede, at) => worker.client.call('addCertificates', { deviceId, certificates, supersede, at }),
    revokeCertificate: (deviceId, serial, reason, at) => worker.client.call('revokeCertificate', { deviceId, serial, reason, at }),
    certificates: (query) => worker.client.call('certificates', { query }),
    markAccepted: (deviceId, at) => worker.client.call('markAccepted', { deviceId, at }),
    unfinishedJobs: () => worker.client.call('unfinishedJobs', {}),
    takeOver: (jobId, from, to) => worker.client.call('takeOver', { jobId, from, to }),
    findByIdentity: (identity) => worker.client.call('findByIdentity', { identity }),
    findByFingerprint: (fingerprint) => worker.client.call('findByFingerprint', { fingerprint }),
    device: (deviceId) => worker.client.call('device', { deviceId }),
    list: (query) => worker.client.call('list', { query }),
    recordCard: (jobId, card, at) => worker.client.call('recordCard', { jobId, card, at }),
    benchHealth: (query) => worker.client.call('benchHealth', { query: { ...query, slots: query.slots === undefined ? undefined : [...query.slots] } }),
    jobsSince: (since, limit) => worker.client.call('jobsSince', { since, limit }),
    devicesToWatch: (query) => worker.client.call('devicesToWatch', { query }),
    saveAcceptances: (acceptances) => worker.client.call('saveAcceptances', { acceptances }),
    acceptancePage: (query) => worker.client.call('acceptancePage', { query }),
    keyHolders: (fingerprints) => worker.client.call('keyHolders', { fingerprints }),
    batches: (limit) => worker.client.call('batches', { limit }),
    signOff: (batch, by, at, remark) => worker.client.call('signOff', { batch, by, at, remark }),
    importForeign: (devices) => worker.client.call('importForeign', { devices }),
    foreignDevices: (query) => worker.client.call('foreignDevices', { query }),
    startAction: (action) => worker.client.call('startAction', { action }),
    endAction: (actionId, state, sentence, at) => worker.client.call('endAction', { actionId, state, sentence, at }),
    addActionStep: (actionId, step) => worker.client.call('addActionStep', { actionId, step }),
    unfinishedActions: () => worker.client.call('unfinishedActions', {}),
    close: () => worker.client.call('close', {}),
  };
}
