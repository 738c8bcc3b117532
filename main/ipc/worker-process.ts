import { utilityProcess, type UtilityProcess } from 'electron';
import type { Methods } from '../contract/methods';
import type { ErrorCode } from '../domain/errors';
import { ProcedureClient } from './remote-procedures';

export interface WorkerSettings<M extends Methods> {
  /** Name in the system's process list. */
  readonly name: string;
  /** Bundled entry point. */
  readonly script: string;
  readonly arguments: readonly string[];
  readonly methods: M;
  /** How every call ends when the process is gone. */
  readonly goneCode: ErrorCode;
  readonly goneSentence: string;
}

/**
 * One supervised utility process. It is started at the first call and again at the next call after it died; the calls
 * that were open when it died end with `goneCode`, and the journal says what that means for their jobs.
 */
export class WorkerProcess<M extends Methods> {
  readonly #settings: WorkerSettings<M>;
  #running: { readonly child: UtilityProcess; readonly client: ProcedureClient<M> } | undefined;
  #stopped = false;

  constructor(settings: WorkerSettings<M>) {
    this.#settings = settings;
  }

  get client(): ProcedureClient<M> {
    this.#running ??= this.#start();
    return this.#running.client;
  }

  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  /** Ends the process; calls that are still open are rejected. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const running = this.#running;
    if (running === undefined) return;
    await new Promise<void>((resolve) => {
      running.child.once('exit', () => {
        resolve();
      });
      if (!running.child.kill()) resolve();
    });
  }

  #start(): { child: UtilityProcess; client: ProcedureClient<M> } {
    const { name, script, methods, goneCode, goneSentence } = this.#settings;
    const child = utilityProcess.fork(script, [...this.#settings.arguments], {
      serviceName: `imprint ${name}`,
      // What a library prints there must not get between the lines of --json.
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const client = new ProcedureClient(methods, {
      post: (message) => {
        child.postMessage(message);
      },
      listen: (listener) => {
        child.on('message', listener);
      },
    });
    child.once('exit', () => {
      if (!this.#stopped) this.#running = undefined;
      client.fail(goneCode, goneSentence);
    });
    return { child, client };
  }
}
