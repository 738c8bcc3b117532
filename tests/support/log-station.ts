/** A station that does nothing but log and sign, in a process of its own: it says what was acknowledged, line by line. */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

import { build } from 'esbuild';

const project = join(import.meta.dirname, '..', '..');

const program = `
  import { writeSync } from 'node:fs';
  import { LogKeeper } from './main/compose/log-keeper';
  import { LogKeys } from './main/compose/log-keys';
  import { SqliteRecordStore } from './main/storage/record-store';

  const [root, count, every] = process.argv.slice(2);
  const say = (line) => writeSync(1, JSON.stringify(line) + '\\n');
  const none = () => Promise.reject(new Error('there is no keyring'));
  const work = async () => {
    const store = SqliteRecordStore.open(root + '/record.sqlite', { station: 'line-a' });
    const keys = new LogKeys({ available: () => Promise.resolve(false), has: () => false, read: none, store: none }, root + '/keyring');
    const keeper = new LogKeeper({ log: store.log, keys, root, clock: { now: () => new Date() }, name: 'line-a' });
    for (let number = 0; number < Number(count); number += 1) {
      const data = { operator: process.pid + '/' + number, role: 'lab', method: 'pin' };
      say({ seq: await store.log.log({ event: 'operator-signed-in', by: 'Ana', at: new Date().toISOString(), data }), operator: data.operator });
      if (number % Number(every) === Number(every) - 1) say({ note: (await keeper.checkpoint()).note });
    }
    say({ done: true });
    // The record stays open, as that of a station that is killed.
    setInterval(() => undefined, 1000);
  };
  work().catch((error) => say({ code: error.code ?? 'none', message: error.message }));
`;

export interface Said {
  readonly seq?: number;
  readonly operator?: string;
  readonly note?: string;
  readonly done?: boolean;
  readonly code?: string;
  readonly message?: string;
}

export interface LogStation {
  readonly process: ChildProcessByStdio<null, Readable, null>;
  /** Each line as it comes; the end where the process ended. */
  readonly said: AsyncIterable<Said>;
  /** Kills it without any clean-up, and waits until it is gone. */
  kill(): Promise<void>;
}

/** @param folder for the bundle. @returns its path */
export async function bundleLogStation(folder: string): Promise<string> {
  const electron = join(folder, 'electron.cjs');
  writeFileSync(electron, 'exports.safeStorage = {};');
  const outfile = join(folder, 'log-station.cjs');
  await build({
    stdin: { contents: program, resolveDir: project, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['better-sqlite3'],
    alias: { electron },
    outfile,
    logLevel: 'error',
  });
  return outfile;
}

/** @param every how many entries until the next checkpoint */
export function startLogStation(bundle: string, root: string, count: number, every: number): LogStation {
  const child = spawn(process.execPath, [bundle, root, String(count), String(every)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', NODE_PATH: join(project, 'node_modules') },
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    said: {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          const line = await lines.next();
          return line.done === true ? { done: true, value: undefined } : { done: false, value: JSON.parse(line.value) as Said };
        },
      }),
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
