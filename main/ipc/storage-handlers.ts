import type { SearchMethods } from '../contract/audit-channel';
import type { IntegrationMethods } from '../contract/integration-channel';
import type { LabelStoreMethods } from '../contract/label-channel';
import type { OperatorMethods } from '../contract/operators-channel';
import type { ReportMethods } from '../contract/report-channel';
import type { StorageMethods } from '../contract/storage-channel';
import type { RecordStore } from '../domain/ports';
import type { RecordLog } from '../domain/record-log';
import { logHandlers } from './log-channel';
import { orderHandlers } from './orders';
import type { Handlers } from './remote-procedures';

/** The other end of `storageClient` and of `logClient`. The operators, the search, the reports, the integration and the labels have ends of their own; `close` is left to the process, which opens the record too. */
export function storageHandlers(
  record: () => RecordStore & { readonly log: RecordLog },
): Omit<Handlers<StorageMethods>, 'close' | keyof OperatorMethods | keyof SearchMethods | keyof ReportMethods | keyof IntegrationMethods | keyof LabelStoreMethods> {
  return {
    keepProfile: ({ name, sha256, json, at, by }) => record().keepProfile(name, sha256, json, at, by),
    keptProfile: ({ sha256 }) => record().keptProfile(sha256),
    keepImage: ({ image, at, by }) => record().keepImage(image, at, by),
    reserve: ({ reservation }) => record().reserve(reservation),
    startStep: ({ jobId, step, at }) => record().startStep(jobId, step, at),
    endStep: ({ jobId, step, state, sentence, at, facts }) => record().endStep(jobId, step, state, sentence, at, facts),
    recordPublicKey: ({ jobId, publicKey, at }) => record().recordPublicKey(jobId, publicKey, at),
    endJob: ({ jobId, state, deviceState, sentence, at, serverDeviceId, cause }) => record().endJob(jobId, state, deviceState, sentence, at, serverDeviceId, cause),
    recordEnrolment: ({ jobId, serverDeviceId, certificates, at }) => record().recordEnrolment(jobId, serverDeviceId, certificates, at),
    addCertificates: ({ deviceId, certificates, supersede, at }) => record().addCertificates(deviceId, certificates, supersede, at),
    revokeCertificate: ({ deviceId, serial, reason, at }) => record().revokeCertificate(deviceId, serial, reason, at),
    certificates: ({ query }) => record().certificates(query),
    markAccepted: ({ deviceId, at }) => record().markAccepted(deviceId, at),
    unfinishedJobs: () => record().unfinishedJobs(),
    takeOver: ({ jobId, from, to }) => record().takeOver(jobId, from, to),
    findByIdentity: ({ identity }) => record().findByIdentity(identity),
    findByFingerprint: ({ fingerprint }) => record().findByFingerprint(fingerprint),
    device: ({ deviceId }) => record().device(deviceId),
    list: ({ query }) => record().list(query),
    recordCard: ({ jobId, card, at }) => record().recordCard(jobId, card, at),
    benchHealth: ({ query }) => record().benchHealth(query),
    jobsSince: ({ since, limit }) => record().jobsSince(since, limit),
    devicesToWatch: ({ query }) => record().devicesToWatch(query),
    saveAcceptances: ({ acceptances }) => record().saveAcceptances(acceptances),
    acceptancePage: ({ query }) => record().acceptancePage(query),
    keyHolders: ({ fingerprints }) => record().keyHolders(fingerprints),
    batches: ({ limit }) => record().batches(limit),
    signOff: ({ batch, by, at, remark }) => record().signOff(batch, by, at, remark),
    importForeign: ({ devices }) => record().importForeign(devices),
    foreignDevices: ({ query }) => record().foreignDevices(query),
    startAction: ({ action }) => record().startAction(action),
    endAction: ({ actionId, state, sentence, at }) => record().endAction(actionId, state, sentence, at),
    addActionStep: ({ actionId, step }) => record().addActionStep(actionId, step),
    unfinishedActions: () => record().unfinishedActions(),
    ...logHandlers(() => record().log),
    ...orderHandlers(() => record().orders),
  };
}
