/** The port of work orders, spoken over the storage process. */
import type { OrderMethods } from '../contract/orders-channel';
import type { StorageMethods } from '../contract/storage-channel';
import type { WorkOrderStore } from '../domain/work-orders';
import type { Handlers, ProcedureClient } from './remote-procedures';

export function ordersClient(worker: { readonly client: ProcedureClient<StorageMethods> }): WorkOrderStore {
  return {
    order: (batch) => worker.client.call('order', { batch }),
    orders: (query) => worker.client.call('orders', { query }),
    planned: (batch, query) => worker.client.call('plannedIdentities', { batch, query }),
    taken: (identities) => worker.client.call('takenIdentities', { identities }),
    beginOrder: (order) => worker.client.call('beginOrder', { order }),
    planIdentities: (orderId, from, identities) => worker.client.call('planIdentities', { orderId, from, identities }),
    finishOrder: (orderId) => worker.client.call('finishOrder', { orderId }),
    dropOrder: (orderId) => worker.client.call('dropOrder', { orderId }),
    placeOrder: (order, identities) => worker.client.call('placeOrder', { order, identities }),
    changeOrder: (batch, change, by, at) => worker.client.call('changeOrder', { batch, change, by, at }),
    checkIdentity: (request) => worker.client.call('checkOrderedIdentity', { request }),
    nextIdentity: (request) => worker.client.call('nextIdentity', { request }),
  };
}

export function orderHandlers(store: () => WorkOrderStore): Handlers<OrderMethods> {
  return {
    order: ({ batch }) => store().order(batch),
    orders: ({ query }) => store().orders(query),
    plannedIdentities: ({ batch, query }) => store().planned(batch, query),
    takenIdentities: ({ identities }) => store().taken(identities),
    beginOrder: ({ order }) => store().beginOrder(order),
    planIdentities: ({ orderId, from, identities }) => store().planIdentities(orderId, from, identities),
    finishOrder: ({ orderId }) => store().finishOrder(orderId),
    dropOrder: ({ orderId }) => store().dropOrder(orderId),
    placeOrder: ({ order, identities }) => store().placeOrder(order, identities),
    changeOrder: ({ batch, change, by, at }) => store().changeOrder(batch, change, by, at),
    checkOrderedIdentity: ({ request }) => store().checkIdentity(request),
    nextIdentity: ({ request }) => store().nextIdentity(request),
  };
}
