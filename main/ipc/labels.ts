/** The journal of labels, spoken over the storage process. */
import type { LabelStoreMethods } from '../contract/label-channel';
import type { StorageMethods } from '../contract/storage-channel';
import type { LabelStore } from '../domain/labels';
import type { Handlers, ProcedureClient } from './remote-procedures';

export function labelsClient(worker: { readonly client: ProcedureClient<StorageMethods> }): LabelStore {
  return {
    unfinishedLabels: () => worker.client.call('unfinishedLabels', {}),
    labelsOfDevice: (deviceId) => worker.client.call('labelsOfDevice', { deviceId }),
    labelsOfJobs: (jobIds) => worker.client.call('labelsOfJobs', { jobIds }),
    labelsToScan: (limit) => worker.client.call('labelsToScan', { limit }),
    askLabel: (request) => worker.client.call('askLabel', { request }),
    startLabel: (printId, owner, at) => worker.client.call('startLabel', { printId, owner, at }),
    endLabel: (printId, end, at) => worker.client.call('endLabel', { printId, end, at }),
    scanLabel: (printId, by, at) => worker.client.call('scanLabel', { printId, by, at }),
  };
}

export function labelHandlers(store: () => LabelStore): Handlers<LabelStoreMethods> {
  return {
    unfinishedLabels: () => store().unfinishedLabels(),
    labelsOfDevice: ({ deviceId }) => store().labelsOfDevice(deviceId),
    labelsOfJobs: ({ jobIds }) => store().labelsOfJobs(jobIds),
    labelsToScan: ({ limit }) => store().labelsToScan(limit),
    askLabel: ({ request }) => store().askLabel(request),
    startLabel: ({ printId, owner, at }) => store().startLabel(printId, owner, at),
    endLabel: ({ printId, end, at }) => store().endLabel(printId, end, at),
    scanLabel: ({ printId, by, at }) => store().scanLabel(printId, by, at),
  };
}
