import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { asImprintError, ImprintError } from '../domain/errors';
import type { BatchInbox, BatchResults } from '../domain/mes-orders';
import type { Clock } from '../domain/ports';
import { answerMes, EndpointRefusal, type EndpointReply } from './mes-routes';
import { RateLimit } from './rate-limit';

/** Shorter tokens could be guessed. */
const shortestToken = 32;
const largestBody = 8 * 1024 * 1024;

export interface MesEndpointParts {
  readonly port: number;
  readonly token: string;
  /** orders: batches may be put. read: nothing can be put. */
  readonly access: 'orders' | 'read';
  readonly inbox: BatchInbox;
  readonly results: BatchResults;
  readonly clock: Clock;
  /** What `GET /v1/health` says besides. */
  readonly health: () => Promise<Readonly<Record<string, unknown>>>;
}

/**
 * HTTP for an MES on this computer.
 *
 * SECURITY: on the loopback address only. Every program of this computer can reach it, so each request needs the token; and
 * a page in a browser of this computer could be made to send one, so the host must be named as itself (DNS rebinding) and
 * whatever a browser adds (Origin, Sec-Fetch-Site) is refused.
 */
export class MesEndpoint {
  readonly #parts: MesEndpointParts;
  readonly #hosts: ReadonlySet<string>;
  readonly #token: Buffer;
  readonly #limit: RateLimit;
  readonly #server: Server;

  /** @throws ImprintError credential-missing for a token that is too short */
  constructor(parts: MesEndpointParts) {
    if (parts.token.length < shortestToken) throw new ImprintError('credential-missing', 'The token of the MES endpoint is too short.', { field: 'mes.http.token', expected: `at least ${String(shortestToken)} random characters, such as those of: openssl rand -hex 32` });
    this.#parts = parts;
    this.#hosts = new Set([`127.0.0.1:${String(parts.port)}`, `localhost:${String(parts.port)}`]);
    this.#token = digest(parts.token);
    this.#limit = new RateLimit(parts.clock, { burst: 60, perSecond: 20 });
    this.#server = createServer({ headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000, maxHeaderSize: 16 * 1024 }, (request, response) => {
      void this.#serve(request, response);
    });
    this.#server.maxConnections = 16;
  }

  /** @throws ImprintError integration-running where the port is taken */
  async open(): Promise<void> {
    const { port } = this.#parts;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        reject(new ImprintError('integration-running', `The MES endpoint cannot listen on port ${String(port)} of this computer.`, { field: 'mes.http.port', expected: 'a free port', cause }));
      });
      this.#server.listen(port, '127.0.0.1', resolve);
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => { resolve(); }));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: EndpointReply;
    try {
      reply = await this.#answer(request);
    } catch (thrown) {
      reply = refused(thrown);
    }
    const text = reply.body === undefined ? '' : `${JSON.stringify(reply.body)}\n`;
    // A body that was not read whole would be taken for the next request.
    const unread = !request.complete;
    response.writeHead(reply.status, {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'content-length': String(Buffer.byteLength(text)),
      ...(unread ? { connection: 'close' } : {}),
      ...reply.headers,
    });
    response.end(text, () => {
      if (unread) request.destroy();
    });
  }

  async #answer(request: IncomingMessage): Promise<EndpointReply> {
    const { headers } = request;
    if (!this.#hosts.has(headers.host ?? '')) throw new EndpointRefusal(421, 'not-allowed', 'This endpoint answers to 127.0.0.1 and localhost only.');
    if (headers.origin !== undefined || headers['sec-fetch-site'] !== undefined || headers.referer !== undefined) throw new EndpointRefusal(403, 'not-allowed', 'This endpoint is not for web pages.');
    const wait = this.#limit.take();
    if (wait > 0) throw new EndpointRefusal(429, 'server-busy', 'These are too many requests at once.', { 'retry-after': String(Math.ceil(wait / 1000)) });
    if (!this.#isToken(headers.authorization)) throw new EndpointRefusal(401, 'sign-in-refused', 'The token is missing or wrong.', { 'www-authenticate': 'Bearer' });
    const { access, inbox, results, health } = this.#parts;
    return answerMes({ method: request.method ?? '', target: request.url ?? '/', contentType: headers['content-type'] ?? '', body: () => readBody(request) }, { mayOrder: access === 'orders', inbox, results, health });
  }

  /** SECURITY: hashes of one length are compared, in a time that says nothing about either. */
  #isToken(authorization: string | undefined): boolean {
    const [, given = ''] = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization ?? '') ?? [];
    return timingSafeEqual(digest(given), this.#token);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}

async function readBody(request: IncomingMessage): Promise<string> {
  const tooLarge = (): EndpointRefusal => new EndpointRefusal(413, 'order-invalid', `The body is larger than ${String(largestBody / 1024 / 1024)} MiB.`);
  if (Number(request.headers['content-length'] ?? 0) > largestBody) throw tooLarge();
  if (request.headers['content-encoding'] !== undefined) throw new EndpointRefusal(415, 'order-invalid', 'The body must not be compressed.');
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Not `for await`: leaving that would destroy the socket before the refusal is sent.
  await new Promise<void>((resolve, reject) => {
    request.on('data', (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > largestBody) {
        request.pause();
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.once('end', resolve);
    request.once('error', reject);
    request.once('close', () => {
      reject(new EndpointRefusal(400, 'order-invalid', 'The body ended too early.'));
    });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new EndpointRefusal(400, 'order-invalid', 'The body is no UTF-8 text.');
  }
}

/** SECURITY: causes, and messages of what is not ours, stay here. */
function refused(thrown: unknown): EndpointReply {
  if (thrown instanceof EndpointRefusal) return thrown.reply();
  const error = asImprintError(thrown);
  if (error.code === 'unexpected') return { status: 500, body: { code: 'unexpected', sentence: 'Something went wrong at the station.' } };
  return { status: error.code === 'usage' ? 400 : 503, body: error.toReport() };
}
