import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { resolve } from 'node:path';

/**
 * One holder per folder and purpose. An abstract socket (unix(7)) is gone when its process is, however it ended.
 *
 * @returns undefined where another process has it
 */
export async function lockFolder(purpose: string, folder: string): Promise<Server | undefined> {
  const name = createHash('sha256').update(resolve(folder)).digest('hex').slice(0, 32);
  const server = createServer();
  const locked = await new Promise<boolean>((done) => {
    server.once('error', () => {
      done(false);
    });
    server.listen(`\0imprint-${purpose}-${name}`, () => {
      done(true);
    });
  });
  if (!locked) return undefined;
  server.unref();
  return server;
}
