/** The ports of operators, of the auditor's search and of the reports, spoken over the storage process. */
import type { OperatorMethods } from '../contract/operators-channel';
import type { StorageMethods } from '../contract/storage-channel';
import type { ReportReader } from '../domain/dashboard';
import type { DeviceSearcher } from '../domain/device-search';
import type { OperatorStore } from '../domain/operators';
import type { Handlers, ProcedureClient } from './remote-procedures';

export function operatorsClient(worker: { readonly client: ProcedureClient<StorageMethods> }): OperatorStore {
  return {
    accessSettings: () => worker.client.call('accessSettings', {}),
    operators: () => worker.client.call('operators', {}),
    operator: (name) => worker.client.call('operator', { name }),
    chooseSinglePerson: (at) => worker.client.call('chooseSinglePerson', { at }),
    addOperator: (operator, by, at) => worker.client.call('addOperator', { operator, by, at }),
    changeOperator: (name, change, by, at) => worker.client.call('changeOperator', { name, change, by, at }),
    setIdleMinutes: (minutes, by, at) => worker.client.call('setIdleMinutes', { minutes, by, at }),
    signIn: (claim, pin, at) => worker.client.call('signIn', { claim, pin, at }),
    changeOwnPin: (name, pin, newPin, at) => worker.client.call('changeOwnPin', { name, pin, newPin, at }),
  };
}

export function searchClient(worker: { readonly client: ProcedureClient<StorageMethods> }): DeviceSearcher {
  return { searchDevices: (search) => worker.client.call('searchDevices', { search }) };
}

export function reportClient(worker: { readonly client: ProcedureClient<StorageMethods> }): ReportReader {
  return { shiftReport: (query) => worker.client.call('shiftReport', { query }), dashboard: (query) => worker.client.call('dashboard', { query }) };
}

export function operatorHandlers(store: () => OperatorStore): Handlers<OperatorMethods> {
  return {
    accessSettings: () => store().accessSettings(),
    operators: () => store().operators(),
    operator: ({ name }) => store().operator(name),
    chooseSinglePerson: ({ at }) => store().chooseSinglePerson(at),
    addOperator: ({ operator, by, at }) => store().addOperator(operator, by, at),
    changeOperator: ({ name, change, by, at }) => store().changeOperator(name, change, by, at),
    setIdleMinutes: ({ minutes, by, at }) => store().setIdleMinutes(minutes, by, at),
    signIn: ({ claim, pin, at }) => store().signIn(claim, pin, at),
    changeOwnPin: ({ name, pin, newPin, at }) => store().changeOwnPin(name, pin, newPin, at),
  };
}
