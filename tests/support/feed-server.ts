/** A web server with a folder of updates, over TLS, which does whatever a test wants instead; and a proxy before it. */
import { createReadStream, readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { basename, join } from 'node:path';

export interface FeedServer {
  readonly url: string;
  /** `GET /updates/latest-linux.yml`, in order, without the query that keeps caches away. */
  readonly asked: readonly string[];
  /** What was sent with the last request. */
  readonly headers: () => IncomingMessage['headers'];
  /** Answers by itself where it returns true. */
  interfere: ((name: string, response: ServerResponse) => boolean) | undefined;
  close(): Promise<void>;
}

export async function startFeedServer(folder: string, tls: { readonly key: string; readonly cert: string }): Promise<FeedServer> {
  const asked: string[] = [];
  let headers: IncomingMessage['headers'] = {};
  const feed: { interfere: FeedServer['interfere'] } = { interfere: undefined };
  const server = createServer(tls, (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    asked.push(`${request.method ?? ''} ${path}`);
    headers = request.headers;
    const name = basename(path);
    if (feed.interfere?.(name, response) === true) return;
    const stream = createReadStream(join(folder, name));
    stream.once('error', () => response.writeHead(404).end('no such file'));
    stream.once('open', () => stream.pipe(response));
  });
  const port = await listening(server);
  return Object.assign(feed, { url: `https://127.0.0.1:${String(port)}/updates/`, asked, headers: () => headers, close: () => closed(server) });
}

/** An HTTP proxy that knows CONNECT, and remembers where to. */
export async function startProxy(to: number): Promise<{ readonly url: string; readonly connected: readonly string[]; close(): Promise<void> }> {
  const connected: string[] = [];
  const tunnels = new Set<Socket>();
  const server = createHttpServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    connected.push(request.url ?? '');
    const through = connect(to, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      socket.pipe(through).pipe(socket);
    });
    for (const end of [socket, through]) {
      tunnels.add(end);
      end.on('error', () => end.destroy());
    }
  });
  const port = await listening(server);
  return {
    url: `http://127.0.0.1:${String(port)}`,
    connected,
    close() {
      // A server counts no tunnel among its connections.
      for (const each of tunnels) each.destroy();
      return closed(server);
    },
  };
}

/** Of a feed's folder: the list, changed. */
export const changedList = (folder: string, change: (list: Record<string, unknown>) => unknown): string => JSON.stringify(change(JSON.parse(readFileSync(join(folder, 'latest-linux.yml'), 'utf8')) as Record<string, unknown>));

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server): Promise<void> {
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await done;
}
