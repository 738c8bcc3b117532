import { connect } from 'node:net';
import { asImprintError, cancelled, ImprintError } from '../domain/errors';

export interface NetworkPatience {
  /** Milliseconds until the printer takes the connection. */
  readonly connect: number;
  /** Milliseconds until it has taken everything. */
  readonly send: number;
  /** Milliseconds for it to close after everything was sent; one that keeps the connection open has the label all the same. */
  readonly close: number;
}

const usualPatience: NetworkPatience = { connect: 5000, send: 15_000, close: 3000 };

/**
 * Sends ZPL to a raw TCP port (9100 at most printers). Such a port answers nothing: "printed" means that the printer has taken all
 * of it.
 *
 * @throws ImprintError printer-unreachable before anything was sent; label-doubtful afterwards; cancelled before anything was sent
 */
export async function sendToNetworkPrinter({ host, port }: { readonly host: string; readonly port: number }, zpl: string, signal: AbortSignal, patience: NetworkPatience = usualPatience): Promise<void> {
  if (signal.aborted) throw cancelled();
  const place = `${host}:${String(port)}`;
  await new Promise<void>((resolve, reject) => {
    let sent: 'nothing' | 'something' | 'everything' = 'nothing';
    const socket = connect({ host, port });
    let timer = setTimeout(expire, patience.connect);
    const onAbort = (): void => {
      // What is under way is brought to its end: only then it is known.
      if (sent === 'nothing') fail(cancelled());
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
    };
    function fail(error: ImprintError): void {
      end();
      reject(error);
    }
    function succeed(): void {
      end();
      resolve();
    }
    function expire(): void {
      if (sent === 'everything') return succeed();
      fail(sent === 'nothing' ? unreachable(place, 'it does not answer') : doubtful(place, 'it stopped taking data'));
    }
    socket.once('connect', () => {
      clearTimeout(timer);
      timer = setTimeout(expire, patience.send);
      sent = 'something';
      socket.end(zpl, 'utf8');
    });
    socket.once('finish', () => {
      sent = 'everything';
      clearTimeout(timer);
      timer = setTimeout(expire, patience.close);
    });
    // Bytes that nobody reads would keep the end from being seen.
    socket.resume();
    socket.on('error', (error) => {
      if (sent === 'nothing') fail(unreachable(place, reasonOf(error)));
      else fail(doubtful(place, reasonOf(error)));
    });
    socket.once('close', () => {
      if (sent === 'everything') succeed();
      else fail(sent === 'nothing' ? unreachable(place, 'it closed the connection') : doubtful(place, 'it closed the connection'));
    });
  });
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing takes connections there',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'this computer has no network',
  ENOTFOUND: 'nobody knows this name',
  EAI_AGAIN: 'the name cannot be looked up now',
  ETIMEDOUT: 'it does not answer',
  ECONNRESET: 'it broke off the connection',
  EPIPE: 'it broke off the connection',
};

function reasonOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : '';
  return reasons[code] ?? asImprintError(error).message;
}

function unreachable(place: string, why: string): ImprintError {
  return new ImprintError('printer-unreachable', `The label printer ${place} cannot be reached: ${why}. Switch it on and look at its network.`, { field: 'label.printer' });
}

function doubtful(place: string, why: string): ImprintError {
  return new ImprintError('label-doubtful', `It is not known whether the label printer ${place} printed it: ${why}.`, { field: 'label.printer' });
}
