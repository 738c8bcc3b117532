import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { isObject, parseJson, PracticeProblem, requireJson } from '../practice/practice-http';
import type { PracticeDevice, PracticeState } from './practice-state';

const selectors = ['$eq', '$ne', '$in', '$nin', '$exists', '$regex', '$gt', '$gte', '$lt', '$lte', '$ltne'];
const scopes = ['system', 'identity', 'inventory', 'monitor', 'tags'];

interface Predicate {
  readonly scope: string;
  readonly attribute: string;
  readonly type: string;
  readonly value: unknown;
}

/** A practice device reports no inventory: it has its identity, and its status beside it. */
function valueOf(device: PracticeDevice, scope: string, attribute: string): unknown {
  if (scope !== 'identity') return undefined;
  return attribute === 'status' ? device.status : device.identity[attribute];
}

function matches(device: PracticeDevice, predicate: Predicate): boolean {
  const found = valueOf(device, predicate.scope, predicate.attribute);
  const { value } = predicate;
  const listed = Array.isArray(value) && value.includes(found);
  switch (predicate.type) {
    case '$eq':
      return found === value;
    case '$ne':
      return found !== value;
    case '$in':
      return listed;
    case '$nin':
      return !listed;
    case '$exists':
      return (found !== undefined) === (value === true);
    case '$regex':
      return typeof found === 'string' && new RegExp(String(value), 'u').test(found);
    default:
      throw new PracticeProblem(400, `the practice server does not know the selector ${predicate.type}`);
  }
}

function readPredicate(value: unknown): Predicate {
  if (!isObject(value)) throw new PracticeProblem(400, 'failed to decode request body: json: cannot unmarshal into Go value of type model.FilterPredicate');
  const { scope, attribute, type, value: wanted } = value;
  if (typeof scope !== 'string' || !scopes.includes(scope)) throw new PracticeProblem(400, `scope: must be one of ${scopes.join(', ')}.`);
  if (typeof attribute !== 'string' || attribute === '') throw new PracticeProblem(400, 'attribute: cannot be blank.');
  if (typeof type !== 'string' || !selectors.includes(type)) throw new PracticeProblem(400, 'type: must be a valid value.');
  if (wanted === undefined || wanted === null) throw new PracticeProblem(400, 'value: is required.');
  return { scope, attribute, type, value: wanted };
}

/** POST /api/management/v2/inventory/filters/search. The real index lags some seconds behind; this one does not. */
export function searchInventory(request: PracticeRequest, state: PracticeState): PracticeReply {
  requireJson(request);
  const body = parseJson(request.body, 'failed to decode request body');
  const { page = 1, per_page: perPage = 20, filters = [] } = isObject(body) ? body : {};
  if (typeof page !== 'number' || typeof perPage !== 'number' || !Array.isArray(filters)) throw new PracticeProblem(400, 'failed to decode request body: json: cannot unmarshal');
  if (perPage > 500) throw new PracticeProblem(400, 'per_page: must be no greater than 500.');
  const predicates = filters.map(readPredicate);
  const exact = predicates.find(({ scope, attribute, type }) => scope === 'identity' && attribute !== 'status' && type === '$eq');
  const candidates = exact === undefined ? state.list({ status: [], id: [] }, 0, Infinity) : state.devicesByAttribute(exact.attribute, exact.value);
  const found = candidates.filter((device) => predicates.every((predicate) => matches(device, predicate)));
  const size = Math.max(1, perPage);
  const start = (Math.max(1, page) - 1) * size;
  const shown = found.slice(start, start + size).map((device) => ({
    id: device.id,
    attributes: [...Object.entries(device.identity), ['status', device.status] as const].map(([name, value]) => ({ name, value, scope: 'identity' })),
    updated_ts: device.updatedAt,
  }));
  return { status: 200, json: shown, headers: { 'X-Total-Count': String(found.length) } };
}
