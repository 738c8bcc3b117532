import { request as startRequest } from 'node:http';
import { Duplex } from 'node:stream';
import { asImprintError, cancelled, ImprintError } from '../../domain/errors';
import type { DeviceChannel } from '../../domain/ports';

export interface ChannelRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly host: string;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** Replies of a certificate authority are some certificates. */
const mostBytes = 1024 * 1024;

/**
 * One request and its reply in HTTP/1.1 over a conversation that custody holds.
 *
 * @throws ImprintError server-*, cancelled
 */
export function exchangeOverChannel(channel: DeviceChannel, { method, path, host, body }: ChannelRequest, signal: AbortSignal): Promise<{ readonly status: number; readonly text: string }> {
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const fail = (thrown: unknown): void => {
      if (signal.aborted) return reject(cancelled());
      reject(thrown instanceof ImprintError ? thrown : new ImprintError('server-unreachable', `The conversation with ${host} broke off before the reply.`, { cause: asImprintError(thrown) }));
    };
    const request = startRequest({
      method,
      path,
      host,
      headers: { 'host': host, 'accept': 'application/json', 'connection': 'close', 'content-length': Buffer.byteLength(text), ...(text === '' ? {} : { 'content-type': 'application/json' }) },
      createConnection: () => streamOf(channel),
      signal,
    });
    request.on('error', fail);
    request.on('response', (response) => {
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        bytes += piece.length;
        if (bytes > mostBytes) response.destroy(new ImprintError('server-reply-invalid', `The reply of ${host} is far too long.`));
        else pieces.push(piece);
      });
      response.on('error', fail);
      response.on('aborted', () => fail(new Error('aborted')));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }));
    });
    request.end(text);
  });
}

function streamOf(channel: DeviceChannel): Duplex {
  return new Duplex({
    read() {
      channel.read().then(
        (bytes) => this.push(bytes === undefined ? null : Buffer.from(bytes)),
        (thrown: unknown) => this.destroy(asImprintError(thrown)),
      );
    },
    write(piece: Buffer, _encoding, done) {
      channel.write(piece).then(
        () => done(),
        (thrown: unknown) => done(asImprintError(thrown)),
      );
    },
    final(done) {
      done();
    },
  });
}
