/** A receiver of webhooks on the loopback interface, which keeps what came and answers what it is told to. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface ReceivedMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly json: { readonly v: number; readonly id: string; readonly event: string; readonly at: string; readonly station: string; readonly practice?: boolean; readonly data: Readonly<Record<string, unknown>> };
}

export interface WebhookServer {
  readonly url: string;
  readonly received: ReceivedMessage[];
  /** Answers the next requests, oldest first; without any 204. `silence` never answers. */
  readonly replies: (number | 'silence' | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly endless?: boolean })[];
  close(): Promise<void>;
}

export const webhookSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export async function startWebhookServer(tls?: { readonly key: string; readonly cert: string }): Promise<WebhookServer> {
  const received: ReceivedMessage[] = [];
  const replies: WebhookServer['replies'] = [];
  const listener: Parameters<typeof createServer>[1] = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      received.push({ headers: flat(request.headers), body, json: JSON.parse(body) as ReceivedMessage['json'] });
      const reply = replies.shift() ?? 204;
      if (reply === 'silence') return;
      const { status, headers, endless } = typeof reply === 'number' ? { status: reply, headers: {}, endless: false } : reply;
      response.writeHead(status, headers);
      if (endless !== true) return void response.end();
      const flood = setInterval(() => response.write(Buffer.alloc(64 * 1024)), 1);
      response.once('close', () => { clearInterval(flood); });
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer({ ...tls }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`,
    received,
    replies,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => { resolve(); }));
      server.closeAllConnections();
      await closed;
    },
  };
}

function flat(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
