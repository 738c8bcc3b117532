import { leftOf, yieldOf, type WorkOrder } from '../domain/work-orders';

/** What an MES is told of an order, over HTTP and in result files. SECURITY: not who made it. */
export function orderBody({ profileName: profile, quantity, customer, workOrder, pallet, kind, state, tally, mes, createdAt: acceptedAt, ...order }: WorkOrder): Readonly<Record<string, unknown>> {
  const { made, making, failures } = tally;
  return {
    profile,
    quantity,
    customer,
    workOrder,
    pallet,
    kind,
    identities: kind === 'list' ? quantity : 0,
    state,
    made,
    making,
    failures,
    left: leftOf({ quantity, tally }),
    yield: yieldOf(tally),
    sha256: mes?.sha256,
    identitiesSha256: order.identitiesSha256,
    acceptedAt,
    source: mes?.source ?? 'station',
  };
}
