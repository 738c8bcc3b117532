/** The ports of webhooks and of what an MES asks for, spoken over the storage process: both of its ends. */
import type { IntegrationMethods } from '../contract/integration-channel';
import type { StorageMethods } from '../contract/storage-channel';
import type { MesRecord } from '../domain/mes-orders';
import type { WebhookJournal } from '../domain/webhooks';
import type { Handlers, ProcedureClient } from './remote-procedures';

export interface IntegrationClient {
  readonly webhooks: WebhookJournal;
  readonly mes: MesRecord;
}

export function integrationClient(worker: { readonly client: ProcedureClient<StorageMethods> }): IntegrationClient {
  return {
    webhooks: {
      openWebhook: (url, at) => worker.client.call('openWebhook', { url, at }),
      nextDelivery: (url, events) => worker.client.call('nextDelivery', { url, events }),
      beginDelivery: (url, from, entry, at, nextTryAt) => worker.client.call('beginDelivery', { url, from, entry, at, nextTryAt }),
      endDelivery: (url, entry, outcome, state, at) => worker.client.call('endDelivery', { url, entry, outcome, state, at }),
      webhookProgress: () => worker.client.call('webhookProgress', {}),
      waitingDeliveries: (url, events, limit) => worker.client.call('waitingDeliveries', { url, events, limit }),
      attempts: (url, limit) => worker.client.call('deliveryAttempts', { url, limit }),
      retryWebhook: (url, by, at, entry) => worker.client.call('retryWebhook', { url, by, at, entry }),
      skipDelivery: (url, from, entry, by, at) => worker.client.call('skipDelivery', { url, from, entry, by, at }),
    },
    mes: {
      newestProfile: (name) => worker.client.call('newestProfile', { name }),
      devicesOfBatch: (batch, after, limit) => worker.client.call('devicesOfBatch', { batch, after, limit }),
      batchCounts: (batch) => worker.client.call('batchCounts', { batch }),
      signedOffAt: (batch) => worker.client.call('batchSignedOffAt', { batch }),
    },
  };
}

export function integrationHandlers(record: () => IntegrationClient): Handlers<IntegrationMethods> {
  return {
    openWebhook: ({ url, at }) => record().webhooks.openWebhook(url, at),
    nextDelivery: ({ url, events }) => record().webhooks.nextDelivery(url, events),
    beginDelivery: ({ url, from, entry, at, nextTryAt }) => record().webhooks.beginDelivery(url, from, entry, at, nextTryAt),
    endDelivery: ({ url, entry, outcome, state, at }) => record().webhooks.endDelivery(url, entry, outcome, state, at),
    webhookProgress: () => record().webhooks.webhookProgress(),
    waitingDeliveries: ({ url, events, limit }) => record().webhooks.waitingDeliveries(url, events, limit),
    deliveryAttempts: ({ url, limit }) => record().webhooks.attempts(url, limit),
    retryWebhook: ({ url, by, at, entry }) => record().webhooks.retryWebhook(url, by, at, entry),
    skipDelivery: ({ url, from, entry, by, at }) => record().webhooks.skipDelivery(url, from, entry, by, at),
    newestProfile: ({ name }) => record().mes.newestProfile(name),
    devicesOfBatch: ({ batch, after, limit }) => record().mes.devicesOfBatch(batch, after, limit),
    batchCounts: ({ batch }) => record().mes.batchCounts(batch),
    batchSignedOffAt: ({ batch }) => record().mes.signedOffAt(batch),
  };
}
