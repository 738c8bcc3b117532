/** A line in a Debian: golden image, a practice server of the installed program, and profiles for it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256File, standardMenderImage } from '../support/images';
import type { Debian } from './debian';

export interface Line {
  /** `~/line`, with profile.json and asked.json; the second asks a person for the password. */
  readonly folder: string;
  readonly password: string;
  /** With the password for profile.json. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** @param imprint the program as it is typed */
export async function openLine(debian: Debian, imprint = 'imprint'): Promise<Line> {
  const folder = join(debian.root, 'home/ana/line');
  mkdirSync(folder);
  await standardMenderImage(join(folder, 'golden.sdimg'), 32, 96);
  execFileSync('chroot', [debian.root, 'chown', '-R', 'ana:ana', '/home/ana/line']);
  const server = debian.start(`exec ${imprint} practice-server --port 0 --json --data ~/server`);
  const close = async (): Promise<void> => {
    server.child.kill('SIGTERM');
    await server.done;
  };
  try {
    const ready = await readiness(server);
    writeFileSync(join(folder, 'ca.pem'), ready['certificateAuthority'] ?? '');
    const sha256 = await sha256File(join(folder, 'golden.sdimg'));
    const profile = (password: object): string => JSON.stringify({ name: 'packaged', keyType: 'ec-p256', server: { url: ready['url'], caFile: 'ca.pem', credentials: { username: ready['username'], password } }, image: { path: 'golden.sdimg', sha256 } });
    writeFileSync(join(folder, 'profile.json'), profile({ environment: 'LINE_PASSWORD' }));
    writeFileSync(join(folder, 'asked.json'), profile({ ask: 'line password' }));
    const password = ready['password'] ?? '';
    return { folder, password, env: { LINE_PASSWORD: password }, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** Its first line. Not by expect.poll(), which hooks do not have. */
async function readiness(server: ReturnType<Debian['start']>): Promise<Record<string, string>> {
  const ended = server.done.then(({ stderr }) => {
    throw new Error(`The practice server has ended: ${stderr}`);
  });
  for (;;) {
    const line = server.said().split('\n').slice(0, -1).find((text) => text.includes('certificateAuthority'));
    if (line !== undefined) return JSON.parse(line) as Record<string, string>;
    await Promise.race([ended, new Promise((later) => setTimeout(later, 50))]);
  }
}
