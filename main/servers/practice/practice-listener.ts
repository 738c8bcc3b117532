import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { ServerOptions } from 'node:https';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImprintError } from '../../domain/errors';
import type { FaultAction, PracticeFaults } from './practice-faults';
import type { PracticeReply, PracticeRequest } from './practice-http';
import { PracticeProblem, readBody, sendReply } from './practice-http';

export interface PracticeListenerOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** Key, certificate and what else the server's TLS is to do; plain HTTP without it. */
  readonly tls?: ServerOptions | undefined;
  readonly faults: PracticeFaults;
  readonly requestId: (incoming: IncomingMessage) => string;
  /** Answers one request. A PracticeProblem becomes a reply by `problem`, anything else a 500. */
  readonly handle: (request: PracticeRequest, incoming: IncomingMessage) => PracticeReply | Promise<PracticeReply>;
  readonly problem: (problem: PracticeProblem, requestId: string) => PracticeReply;
  /** Headers that every reply has. */
  readonly headers?: ((requestId: string) => Readonly<Record<string, string>>) | undefined;
  /** Told about every request when it is answered; `status` is 0 where no answer was sent. */
  readonly onRequest?: ((method: string, path: string, status: number) => void) | undefined;
}

export interface PracticeListener {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The HTTP side of a practice server: the loopback interface, bodies read whole, faults where they are due.
 *
 * @throws ImprintError usage where the port is taken
 */
export async function startPracticeListener(options: PracticeListenerOptions): Promise<PracticeListener> {
  const { faults } = options;
  const listener: RequestListener = (incoming, response) => {
    answer(incoming, response).then(
      (status) => options.onRequest?.(incoming.method ?? '', pathOf(incoming), status),
      () => incoming.socket.destroy(),
    );
  };

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<number> {
    const method = incoming.method ?? '';
    const path = pathOf(incoming);
    const fault = faults.take(method, path);
    const requestId = options.requestId(incoming);
    let reply: PracticeReply;
    try {
      const body = await readBody(incoming);
      const early = beforeProcessing(fault, incoming);
      if (early === 'nothing') return 0;
      reply = early ?? (await options.handle({ method, path, query: queryOf(incoming), headers: incoming.headers, body, requestId }, incoming));
    } catch (thrown) {
      reply = options.problem(thrown instanceof PracticeProblem ? thrown : new PracticeProblem(500, 'internal error'), requestId);
    }
    if (fault?.kind === 'slow') await sleep(fault.milliseconds, undefined, { ref: false });
    if (fault?.kind === 'replaced-reply') reply = { status: fault.status };
    if (fault?.kind === 'lost-reply') {
      incoming.socket.destroy();
      return 0;
    }
    if (fault?.kind === 'half-reply') await sendHalf(response, reply);
    else sendReply(response, reply, options.headers?.(requestId));
    return reply.status;
  }

  const server: Server = options.tls === undefined ? createServer(listener) : createTlsServer({ minVersion: 'TLSv1.2', ...options.tls }, listener);
  const port = await listen(server, options.port);
  return {
    port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => { resolve(); }));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What a fault answers instead of processing; 'nothing' where nothing is answered at all. */
function beforeProcessing(fault: FaultAction | undefined, incoming: IncomingMessage): PracticeReply | 'nothing' | undefined {
  if (fault?.kind === 'reply') return { status: fault.status, headers: fault.headers, text: fault.text, contentType: fault.contentType };
  if (fault?.kind === 'reset') incoming.socket.destroy();
  return fault?.kind === 'reset' || fault?.kind === 'silence' ? 'nothing' : undefined;
}

/** Announces more than it sends, and is gone. */
function sendHalf(response: ServerResponse, reply: PracticeReply): Promise<void> {
  const text = reply.text ?? (reply.json === undefined ? '' : JSON.stringify(reply.json));
  response.writeHead(reply.status, { ...reply.headers, 'Content-Type': 'application/json; charset=utf-8', 'Content-Length': String(Buffer.byteLength(text) + 10) });
  return new Promise((resolve) => {
    response.write(`${text.slice(0, text.length / 2)} `, () => {
      response.socket?.destroy();
      resolve();
    });
  });
}

function pathOf(incoming: IncomingMessage): string {
  return (incoming.url ?? '/').split('?')[0] ?? '/';
}

function queryOf(incoming: IncomingMessage): URLSearchParams {
  return new URLSearchParams((incoming.url ?? '').split('?').slice(1).join('?'));
}

/** SECURITY: on the loopback interface only; nobody else on the network can reach a practice server. */
function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new ImprintError('usage', `The practice server cannot listen on port ${String(port)}: ${cause.message}.`, { field: 'port', expected: 'a free port, or 0', cause }));
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}
