/** A pseudo terminal with a person at it, by util-linux's script(1). */
import { spawn } from 'node:child_process';
import { environment } from './station';

export interface Terminal {
  /** Resolves once the screen shows this text. */
  shows(text: string): Promise<void>;
  type(keys: string): void;
  /** Everything that stood on the screen, when the command has ended. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly screen: string }>;
}

/** Runs a shell command in a terminal of its own. */
export function openTerminal(command: string, env: NodeJS.ProcessEnv = {}): Terminal {
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { env: environment({ ...env, SHELL: '/bin/sh' }), stdio: ['pipe', 'pipe', 'inherit'] });
  let screen = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    screen += chunk;
    for (const look of waiting) look();
  });
  const ended = new Promise<{ exitCode: number | null; screen: string }>((resolve) => {
    child.once('close', (exitCode) => {
      resolve({ exitCode, screen });
    });
  });
  return {
    ended,
    type: (keys) => child.stdin.write(keys),
    shows: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!screen.includes(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        void ended.then(() => {
          reject(new Error(`The terminal closed without showing "${text}": ${screen}`));
        });
      }),
  };
}

/** One word for the shell, whatever stands in it. */
export const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
