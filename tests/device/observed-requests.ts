/** What reaches an HTTP server of this process, word for word, without the server knowing. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { IncomingMessage } from 'node:http';

export interface ObservedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** As it came so far. */
  readonly body: () => string;
}

export class ObservedRequests {
  #seen: ObservedRequest[] = [];

  readonly #onRequest = (message: unknown): void => {
    const request = (message as { readonly request: unknown }).request;
    if (!(request instanceof IncomingMessage)) return;
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    this.#seen.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: () => Buffer.concat(pieces).toString('utf8') });
  };

  constructor() {
    subscribe('http.server.request.start', this.#onRequest);
  }

  /** What devices sent; the station's own requests are others. */
  get ofDevices(): readonly ObservedRequest[] {
    return this.#seen.filter(({ path }) => path.startsWith('/api/devices/'));
  }

  get authRequests(): readonly ObservedRequest[] {
    return this.ofDevices.filter(({ path }) => path.endsWith('/auth_requests'));
  }

  forget(): void {
    this.#seen = [];
  }

  close(): void {
    unsubscribe('http.server.request.start', this.#onRequest);
  }
}
