import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Setup } from './messages';

/** A process of the soak, bundled beside the coordinator. */
export class Child<Incoming extends { readonly kind: string }, Outgoing extends object> {
  readonly #child: ChildProcess;
  readonly #name: string;
  #stopped = false;
  /** Rejects when the child ends by itself. */
  readonly lost: Promise<never>;

  constructor(name: string, setup: Setup, listener: (message: Incoming) => void) {
    this.#name = name;
    this.#child = fork(join(import.meta.dirname, `${name}.cjs`), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child.on('message', (message: Incoming) => listener(message));
    this.lost = new Promise((_, reject) => {
      this.#child.once('exit', (code, signal) => {
        if (!this.#stopped) reject(new Error(`${this.#name} ended by itself (${signal ?? String(code)}).`));
      });
    });
    this.lost.catch(() => undefined);
    this.#child.send(setup);
  }

  /** The next message of this kind. */
  next<Kind extends Incoming['kind']>(kind: Kind): Promise<Extract<Incoming, { readonly kind: Kind }>> {
    const heard = new Promise<Extract<Incoming, { readonly kind: Kind }>>((resolve) => {
      const listen = (message: Incoming): void => {
        if (message.kind !== kind) return;
        this.#child.off('message', listen);
        resolve(message as Extract<Incoming, { readonly kind: Kind }>);
      };
      this.#child.on('message', listen);
    });
    return Promise.race([heard, this.lost]);
  }

  send(message: Outgoing): void {
    this.#child.send(message);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
