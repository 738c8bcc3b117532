import type { TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';
import { generate, parser, type Packet } from 'mqtt-packet';
import { ImprintError } from '../../domain/errors';

export interface PracticeBrokerOptions {
  /** The broker's own key and certificate, PEM. */
  readonly key: string;
  readonly certificate: string;
  /** Authorities that devices' certificates must lead to, PEM. */
  readonly authorities: readonly string[];
  /** @param serial decimal */
  readonly isRevoked: (serial: string) => boolean;
  /** A device published something: this is how the platform behind a broker learns of it. */
  readonly onMessage: (deviceId: string, topic: string) => Promise<void>;
}

export interface PracticeBroker {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * An MQTT 3.1.1 broker for practice: devices come with their certificate and publish, nobody subscribes. The client id must be
 * the certificate's name.
 *
 * @throws ImprintError usage where no port is free
 */
export async function startPracticeBroker(options: PracticeBrokerOptions): Promise<PracticeBroker> {
  const sockets = new Set<TLSSocket>();
  const server = createServer({ key: options.key, cert: options.certificate, ca: [...options.authorities], requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const { subject, serialNumber } = socket.getPeerCertificate();
    if (options.isRevoked(BigInt(`0x${serialNumber}`).toString())) {
      socket.destroy();
      return;
    }
    serve(socket, String(subject.CN), options.onMessage);
  });
  // SECURITY: on the loopback interface only.
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: Error) => reject(new ImprintError('usage', `The practice broker cannot listen: ${cause.message}.`, { field: 'port', cause })));
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

const notAuthorized = 5;

function serve(socket: TLSSocket, name: string, onMessage: PracticeBrokerOptions['onMessage']): void {
  const packets = parser({ protocolVersion: 4 });
  let connected = false;
  const answer = async (packet: Packet): Promise<void> => {
    if (packet.cmd === 'connect' && !connected) {
      connected = packet.clientId === name;
      socket.write(generate({ cmd: 'connack', returnCode: connected ? 0 : notAuthorized, sessionPresent: false }));
      if (!connected) socket.end();
    } else if (packet.cmd === 'publish' && connected) {
      await onMessage(name, packet.topic);
      if (packet.qos === 1) socket.write(generate({ cmd: 'puback', messageId: packet.messageId ?? 0 }));
    } else if (packet.cmd === 'pingreq' && connected) {
      socket.write(generate({ cmd: 'pingresp' }));
    } else {
      socket.end();
    }
  };
  packets.on('packet', (packet: Packet) => {
    answer(packet).catch(() => socket.destroy());
  });
  packets.on('error', () => socket.destroy());
  socket.on('data', (bytes: Buffer) => packets.parse(bytes));
}
