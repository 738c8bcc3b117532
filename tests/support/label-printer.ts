/** A label printer on loopback: what a raw port 9100 is. */
import { createServer, type Server, type Socket } from 'node:net';

export interface LabelPrinterOnLoopback {
  readonly port: number;
  /** Every label that came in whole, `^XA` to `^XZ`. */
  readonly labels: readonly string[];
  /** The values of the fields of a label, as they stand there. */
  fields(index: number): readonly string[];
  waitFor(count: number): Promise<void>;
  /** Switched off: nothing listens. On again by `on`, on the same port. */
  off(): Promise<void>;
  on(): Promise<void>;
  close(): Promise<void>;
}

export interface LabelPrinterOptions {
  /** Breaks the connection off as soon as anything came. */
  readonly breaksOff?: () => boolean;
}

export async function startLabelPrinter({ breaksOff = () => false }: LabelPrinterOptions = {}): Promise<LabelPrinterOnLoopback> {
  const labels: string[] = [];
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const on = async (): Promise<void> => {
    server = createServer((socket) => {
      sockets.add(socket);
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        if (breaksOff()) socket.resetAndDestroy();
        text += chunk.toString('utf8');
      });
      socket.on('end', () => {
        labels.push(...(text.match(/\^XA[\s\S]*?\^XZ/g) ?? []));
      });
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server?.listen(port, '127.0.0.1', resolve));
    const address = server.address();
    if (address !== null && typeof address === 'object') port = address.port;
  };
  const off = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
    server = undefined;
  };
  await on();
  return {
    get port() {
      return port;
    },
    labels,
    fields: (index) => [...(labels[index] ?? '').matchAll(/\^FD(.*?)\^FS/g)].map((match) => match[1] ?? ''),
    async waitFor(count) {
      for (let tries = 0; labels.length < count && tries < 400; tries += 1) await new Promise((resolve) => setTimeout(resolve, 25));
      if (labels.length < count) throw new Error(`Only ${String(labels.length)} of ${String(count)} labels came.`);
    },
    on,
    off,
    close: off,
  };
}
