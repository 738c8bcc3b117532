import type { IncomingMessage, ServerResponse } from 'node:http';

/** A request to the practice server, its body read whole: signatures are over the raw bytes. */
export interface PracticeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly requestId: string;
}

export interface PracticeReply {
  readonly status: number;
  /** Sent as JSON, unless `text` is given; nothing is sent where both are missing. */
  readonly json?: unknown;
  readonly text?: string | undefined;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string | string[]>> | undefined;
}

/** An answer that says no, in the words of the real services. */
export class PracticeProblem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The real services' limit for a request's body, in bytes. */
export const largestBody = 1024 * 1024;
const tooLarge = 'http: request body too large';

/** @throws PracticeProblem 413 where the announced length is above the limit, 400 where the body itself is */
export async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const announced = Number(incoming.headers['content-length'] ?? 0);
  const pieces: Buffer[] = [];
  let bytes = 0;
  // The rest is read and dropped: a client that is still sending would see a reset instead of the answer.
  for await (const piece of incoming) {
    if (!Buffer.isBuffer(piece)) continue;
    bytes += piece.length;
    if (bytes <= largestBody) pieces.push(piece);
  }
  if (announced > largestBody) throw new PracticeProblem(413, tooLarge);
  if (bytes > largestBody) throw new PracticeProblem(400, tooLarge);
  return Buffer.concat(pieces);
}

/** The real services look at the type only of a body that is there. @throws PracticeProblem 400, 415 */
export function requireJson(request: PracticeRequest): void {
  if (request.body.length === 0) return;
  const type = request.headers['content-type'];
  if (type === undefined) throw new PracticeProblem(400, 'Invalid value for Content-Type header: mime: no media type');
  if (type.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    throw new PracticeProblem(415, 'Bad Content-Type, expected \'application/json\'');
  }
}

/** @param prefix what the real service writes before the decoder's complaint */
export function parseJson(body: Buffer, prefix: string): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (thrown) {
    const reason = body.length === 0 ? 'EOF' : thrown instanceof Error ? thrown.message : 'invalid';
    throw new PracticeProblem(400, `${prefix}: ${reason}`);
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export interface Paging {
  readonly page: number;
  readonly perPage: number;
}

/** @throws PracticeProblem 400 */
export function readPaging(query: URLSearchParams): Paging {
  const whole = (name: string, usual: number): number => {
    const text = query.get(name) ?? '';
    if (text === '') return usual;
    if (!/^[+-]?\d+$/.test(text)) throw new PracticeProblem(400, `invalid ${name} query: "${text}"`);
    const value = Number(text);
    if (value < 1) throw new PracticeProblem(400, `invalid ${name} query: value must be a non-zero positive integer`);
    return value;
  };
  const paging = { page: whole('page', 1), perPage: whole('per_page', 20) };
  if (paging.perPage > 500) throw new PracticeProblem(400, 'parameter "per_page" above limit (max: 500)');
  return paging;
}

/** Link headers (RFC 8288) as the real service writes them: relative, first, prev, next. */
export function pagingLinks(request: PracticeRequest, paging: Paging, more: boolean): string[] {
  const link = (page: number, relation: string): string => {
    const query = new URLSearchParams(request.query);
    query.set('per_page', String(paging.perPage));
    query.set('page', String(page));
    query.sort();
    return `<${request.path}?${query.toString()}>; rel="${relation}"`;
  };
  return [link(1, 'first'), ...(paging.page > 1 ? [link(paging.page - 1, 'prev')] : []), ...(more ? [link(paging.page + 1, 'next')] : [])];
}

export function sendReply(response: ServerResponse, reply: PracticeReply, headers: Readonly<Record<string, string>> = {}): void {
  for (const [name, value] of Object.entries({ ...headers, ...reply.headers })) response.setHeader(name, value);
  const text = reply.text ?? (reply.json === undefined ? undefined : JSON.stringify(reply.json));
  if (text !== undefined) response.setHeader('Content-Type', reply.contentType ?? (reply.text === undefined ? 'application/json; charset=utf-8' : 'text/plain'));
  response.writeHead(reply.status);
  response.end(text);
}
