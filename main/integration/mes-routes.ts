import type { ErrorCode } from '../domain/errors';
import { normaliseMac } from '../domain/identity';
import type { BatchInbox, BatchOverview, BatchResults } from '../domain/mes-orders';
import { readBatchText } from './batch-text';
import { orderBody } from './order-body';

export interface EndpointRequest {
  readonly method: string;
  /** Path with its query, as it was sent. */
  readonly target: string;
  readonly contentType: string;
  /** Reads it. @throws EndpointRefusal */
  readonly body: () => Promise<string>;
}

export interface EndpointReply {
  readonly status: number;
  readonly body?: object | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A request that is refused; the sentence is for whoever reads the MES's log. */
export class EndpointRefusal extends Error {
  readonly #status: number;
  readonly #code: ErrorCode;
  readonly #headers: Readonly<Record<string, string>> | undefined;
  readonly #field: string | undefined;

  constructor(status: number, code: ErrorCode, sentence: string, headers?: Readonly<Record<string, string>>, field?: string) {
    super(sentence);
    this.name = 'EndpointRefusal';
    this.#status = status;
    this.#code = code;
    this.#headers = headers;
    this.#field = field;
  }

  reply(): EndpointReply {
    return { status: this.#status, headers: this.#headers, body: { code: this.#code, sentence: this.message, ...(this.#field === undefined ? {} : { field: this.#field }) } };
  }
}

interface Answering {
  readonly mayOrder: boolean;
  readonly inbox: BatchInbox;
  readonly results: BatchResults;
  readonly health: () => Promise<Readonly<Record<string, unknown>>>;
}

const usualPage = 100;
const largestPage = 1000;

/** What the endpoint can be asked, as docs/integration-openapi.yaml has it. @throws EndpointRefusal, ImprintError record-*, usage */
export async function answerMes(request: EndpointRequest, answering: Answering): Promise<EndpointReply> {
  const { body, ...reply } = await answered(request, answering);
  return { ...reply, body: answering.results.practice ? { practice: true, ...body } : body };
}

async function answered(request: EndpointRequest, answering: Answering): Promise<EndpointReply> {
  const { path, query } = targetOf(request.target);
  const [version, what, name, more, ...rest] = path;
  if (version !== 'v1' || rest.length > 0) throw noSuchPath();
  if (what === 'health' && name === undefined) {
    onlyMethods(request, ['GET']);
    return { status: 200, body: { status: 'ok', ...(await answering.health()) } };
  }
  if (what === 'devices' && name === undefined) {
    onlyMethods(request, ['GET']);
    onlyParameters(query, ['identity']);
    return { status: 200, body: { devices: await devices(query.getAll('identity'), answering.results) } };
  }
  if (what !== 'batches') throw noSuchPath();
  if (name === undefined) {
    onlyMethods(request, ['POST']);
    return order(request, answering);
  }
  onlyMethods(request, ['GET']);
  if (name === '' || name.length > 200) throw noSuchBatch();
  const overview = await answering.results.batch(name);
  if (overview === undefined) throw noSuchBatch();
  if (more === undefined) return { status: 200, body: batchBody(overview) };
  if (more !== 'devices') throw noSuchPath();
  onlyParameters(query, ['limit', 'after']);
  const page = await answering.results.devices(name, query.get('after') ?? undefined, pageOf(query.get('limit')));
  return { status: 200, body: page };
}

async function order(request: EndpointRequest, { mayOrder, inbox }: Answering): Promise<EndpointReply> {
  if (!mayOrder) throw new EndpointRefusal(403, 'not-allowed', 'This token may read and not order.');
  const type = request.contentType.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json' && type !== 'text/csv') throw new EndpointRefusal(415, 'order-invalid', 'A batch is application/json or text/csv.');
  const read = readBatchText(await request.body(), type === 'text/csv' ? 'csv' : 'json');
  if (read.kind === 'results') throw new EndpointRefusal(422, 'order-invalid', 'That asks for results: GET /v1/batches/NAME/devices has them.');
  if (read.kind === 'wrong') return invalid(read.problems);
  const verdict = await inbox.accept(read.batch, 'http');
  if (verdict.accepted) return { status: verdict.already ? 200 : 201, body: { already: verdict.already, ...verdict.receipt } };
  const problems = verdict.problems.map((problem) => ({ line: read.lineOf(problem.field), ...problem }));
  return verdict.conflict ? { status: 409, body: { code: 'order-exists', sentence: problems[0]?.sentence, problems } } : invalid(problems);
}

function invalid(problems: readonly { readonly line: number; readonly field: string; readonly sentence: string }[]): EndpointReply {
  return { status: 422, body: { code: 'order-invalid', sentence: 'Nothing was ordered.', problems } };
}

function batchBody({ order, ...overview }: BatchOverview): object {
  return { ...overview, order: order === undefined ? undefined : orderBody(order) };
}

/** `identity=mac=02:00:00:00:00:01`, once for each attribute. */
async function devices(given: readonly string[], results: BatchResults): Promise<unknown> {
  const identity: Record<string, string> = {};
  for (const pair of given) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(at, 0));
    const value = pair.slice(at + 1).trim();
    if (at < 1 || value === '' || value.length > 1000 || name === '__proto__' || Object.hasOwn(identity, name)) throw new EndpointRefusal(400, 'identity-invalid', 'An identity is given as identity=NAME=VALUE, each attribute once.', undefined, 'identity');
    identity[name] = value;
  }
  if (given.length === 0 || given.length > 16) throw new EndpointRefusal(400, 'identity-invalid', 'Say which device: identity=NAME=VALUE.', undefined, 'identity');
  const found = await results.devicesWith(identity);
  if (found.length > 0) return found;
  // The record has the addresses of a network in one notation only.
  const normalised = Object.fromEntries(Object.entries(identity).map(([name, value]) => [name, normaliseMac(value) ?? value]));
  return results.devicesWith(normalised);
}

function pageOf(text: string | null): number {
  if (text === null) return usualPage;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > largestPage) throw new EndpointRefusal(400, 'usage', `limit is a number from 1 to ${String(largestPage)}.`, undefined, 'limit');
  return limit;
}

function targetOf(target: string): { readonly path: readonly string[]; readonly query: URLSearchParams } {
  const [path, query] = splitOnce(target, '?');
  try {
    return { path: path.split('/').slice(1).map(decodeURIComponent), query: new URLSearchParams(query) };
  } catch {
    throw noSuchPath();
  }
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function onlyMethods({ method }: EndpointRequest, allowed: readonly string[]): void {
  if (!allowed.includes(method)) throw new EndpointRefusal(405, 'usage', `Only ${allowed.join(', ')} is answered here.`, { allow: allowed.join(', ') });
}

function onlyParameters(query: URLSearchParams, allowed: readonly string[]): void {
  const other = [...query.keys()].find((name) => !allowed.includes(name));
  if (other !== undefined) throw new EndpointRefusal(400, 'usage', `There is no parameter "${other.slice(0, 60)}" here.`, undefined, other.slice(0, 60));
}

function noSuchPath(): EndpointRefusal {
  return new EndpointRefusal(404, 'usage', 'There is nothing at this path.');
}

function noSuchBatch(): EndpointRefusal {
  return new EndpointRefusal(404, 'no-such-device', 'Neither the record nor an order has this batch.');
}
