import { generateKeyPairSync } from 'node:crypto';
import type { SecureContext, TLSSocket } from 'node:tls';
import { connect, createSecureContext } from 'node:tls';
import { cancelled, ImprintError } from '../../domain/errors';
import type { DeviceChannel, TlsEndpoint } from '../../domain/ports';

/** Bytes that may wait to be read before the server is held back. */
const mostWaiting = 256 * 1024;

/**
 * A TLS context for a key that lies in locked memory.
 *
 * SECURITY: Node hands the PEM text to the crypto library through a buffer of its own, which it frees and does not erase. The
 * same buffer is then filled by contexts for keys that are thrown away, so that nothing of this one stays in it; a test looks for it
 * in the process's memory. The library's own form of the key is erased when the context is collected (`KeyVault.settle`).
 */
export function contextFor(pem: Buffer, { certificateAuthority, certificateChain }: Pick<TlsEndpoint, 'certificateAuthority' | 'certificateChain'>): SecureContext {
  const shared = { cert: certificateChain, ca: certificateAuthority, minVersion: 'TLSv1.2' as const };
  let context: SecureContext;
  try {
    context = createSecureContext({ ...shared, key: pem });
  } catch {
    // SECURITY: the cause is left out; the library's errors may quote what they could not use.
    throw new ImprintError('server-reply-invalid', 'The device\'s certificate does not belong to its key, or is none: the server cannot be spoken to as this device.');
  } finally {
    overwriteFreedCopies(pem.length);
  }
  return context;
}

const coverings = 8;

/** Makes the crypto library read throwaway PEM texts of about this length, through the same kind of buffer. */
function overwriteFreedCopies(length: number): void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1', privateKeyEncoding: { type: 'pkcs8', format: 'der' }, publicKeyEncoding: { type: 'spki', format: 'der' } });
  const text = `-----BEGIN PRIVATE KEY-----\n${privateKey.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  const covering = Buffer.alloc(Math.max(length, text.length), '\n');
  covering.write(text, 0, 'latin1');
  for (let count = 0; count < coverings; count += 1) createSecureContext({ key: covering });
}

/** Connects as the device. @throws ImprintError server-unreachable, server-untrusted, server-refused, cancelled */
export async function openDeviceChannel(context: SecureContext, endpoint: TlsEndpoint, signal: AbortSignal): Promise<DeviceChannel> {
  if (signal.aborted) throw cancelled();
  const { host, port, timeout, serverName = host } = endpoint;
  const socket = connect({ host, port, ...(isAddress(serverName) ? {} : { servername: serverName }), secureContext: context, rejectUnauthorized: true, minVersion: 'TLSv1.2' });
  const abort = (): void => {
    socket.destroy(cancelled());
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(timeout, () => socket.destroy(new ImprintError('server-unreachable', `${at(endpoint)} did not answer in time; check the network and the firewall.`)));
      socket.once('secureConnect', resolve);
      socket.once('error', reject);
      socket.once('close', () => reject(new ImprintError('server-unreachable', `${at(endpoint)} closed the connection.`)));
    });
  } catch (thrown) {
    socket.destroy();
    throw errorOf(thrown, endpoint);
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return new SocketChannel(socket, endpoint);
}

class SocketChannel implements DeviceChannel {
  readonly #socket: TLSSocket;
  readonly #endpoint: TlsEndpoint;
  readonly #pieces: Buffer[] = [];
  #waiting = 0;
  #ended = false;
  #failure: ImprintError | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: TLSSocket, endpoint: TlsEndpoint) {
    this.#socket = socket;
    this.#endpoint = endpoint;
    socket.removeAllListeners('error');
    socket.removeAllListeners('close');
    socket.on('data', (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#waiting += piece.length;
      if (this.#waiting > mostWaiting) socket.pause();
      this.#wake?.();
    });
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
    socket.on('error', (thrown) => {
      this.#failure ??= errorOf(thrown, endpoint);
      this.#end();
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (thrown) => {
        if (thrown === null || thrown === undefined) resolve();
        else reject(this.#failure ?? errorOf(thrown, this.#endpoint));
      });
    });
  }

  async read(): Promise<Uint8Array | undefined> {
    while (this.#pieces.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const piece = this.#pieces.shift();
    if (piece !== undefined) {
      this.#waiting -= piece.length;
      if (this.#waiting <= mostWaiting) this.#socket.resume();
      return new Uint8Array(piece);
    }
    if (this.#failure !== undefined) throw this.#failure;
    return undefined;
  }

  close(): Promise<void> {
    this.#socket.destroy();
    this.#end();
    return Promise.resolve();
  }

  #end(): void {
    this.#ended = true;
    this.#wake?.();
  }
}

function at({ host, port }: TlsEndpoint): string {
  return `${host}:${String(port)}`;
}

/** Alerts by which a server turns a client's certificate down (RFC 8446, 6.2). */
const certificateAlerts = /ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)|ALERT_NUMBER_(?:42|43|44|45|46|48|49|116)/;

function errorOf(thrown: unknown, endpoint: TlsEndpoint): ImprintError {
  if (thrown instanceof ImprintError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  if (certificateAlerts.test(code)) {
    const why = code.replace(/^.*ALERT_/, '').toLowerCase().replaceAll('_', ' ');
    return new ImprintError('server-refused', `${at(endpoint)} does not take the certificate of this device (${why}).`);
  }
  if (/CERT|SELF_SIGNED|SIGNATURE|ALTNAME|HOSTNAME|INVALID_CA|INVALID_PURPOSE/.test(code)) {
    return new ImprintError('server-untrusted', `The certificate of ${at(endpoint)} is not one of the authority that the profile names (${code}); nothing was sent.`);
  }
  return new ImprintError('server-unreachable', `${at(endpoint)} cannot be reached${code === '' ? '' : ` (${code})`}; check host, port and network.`);
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host) || host.includes(':');
}
