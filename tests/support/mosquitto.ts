/** Debian's MQTT broker, for clients with a certificate only. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

export const mosquittoPath = '/usr/sbin/mosquitto';
export const hasMosquitto = existsSync(mosquittoPath);

export interface BrokerFiles {
  /** What clients' certificates must lead to, PEM. */
  readonly clientAuthorities: string;
  readonly certificate: string;
  readonly key: string;
  readonly revocationList?: string | undefined;
}

export interface Broker {
  readonly port: number;
  /** What it wrote so far: who came, who was turned away, what was published. */
  log(): string;
  /** With another list of revoked certificates. */
  restart(revocationList: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startMosquitto(folder: string, files: BrokerFiles): Promise<Broker> {
  const port = await freePort();
  const path = (name: string): string => join(folder, name);
  writeFileSync(path('broker-clients.pem'), files.clientAuthorities);
  writeFileSync(path('broker.pem'), files.certificate);
  writeFileSync(path('broker.key'), files.key, { mode: 0o600 });
  let child: ChildProcess | undefined;
  const start = async (revocationList: string | undefined): Promise<void> => {
    if (revocationList !== undefined) writeFileSync(path('broker.crl'), revocationList);
    writeFileSync(
      path('broker.conf'),
      [
        `listener ${String(port)} 127.0.0.1`,
        `cafile ${path('broker-clients.pem')}`,
        `certfile ${path('broker.pem')}`,
        `keyfile ${path('broker.key')}`,
        'require_certificate true',
        'use_identity_as_username true',
        'tls_version tlsv1.2',
        `log_dest file ${path('broker.log')}`,
        'log_type all',
        'persistence false',
        `user ${process.getuid?.() === 0 ? 'root' : ''}`,
        ...(revocationList === undefined ? [] : [`crlfile ${path('broker.crl')}`]),
      ]
        .filter((line) => line !== 'user ')
        .join('\n'),
    );
    child = spawn(mosquittoPath, ['-c', path('broker.conf')], { stdio: 'ignore' });
    await answering(port);
  };
  const stop = async (): Promise<void> => {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    await ended;
  };
  await start(files.revocationList);
  return {
    port,
    log: () => (existsSync(path('broker.log')) ? readFileSync(path('broker.log'), 'utf8') : ''),
    restart: async (revocationList) => {
      await stop();
      await start(revocationList);
    },
    stop,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('mosquitto does not answer');
}
