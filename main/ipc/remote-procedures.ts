/**
 * Calls between processes: typed by a method map, parsed on the receiving side, with progress and cancellation.
 * The transport is anything that posts structured-clone messages.
 */
import { z } from 'zod';
import type { Methods, ParamsOf, ResultOf } from '../contract/methods';
import { errorReportSchema, progressSchema } from '../contract/values';
import { asImprintError, ImprintError, cancelled, type ErrorCode } from '../domain/errors';
import type { ProgressListener } from '../domain/job';

export interface MessagePortLike {
  post(message: unknown): void;
  listen(listener: (message: unknown) => void): void;
}

const requestSchema = z.union([
  z.object({ call: z.int(), method: z.string(), params: z.unknown() }),
  z.object({ cancel: z.int() }),
]);

const replySchema = z.union([
  z.object({ reply: z.int(), ok: z.literal(true), value: z.unknown() }),
  z.object({ reply: z.int(), ok: z.literal(false), error: errorReportSchema }),
  z.object({ progressOf: z.int(), progress: progressSchema }),
]);

export interface CallContext {
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

export type Handlers<M extends Methods> = {
  readonly [Name in keyof M]: (params: ParamsOf<M, Name>, context: CallContext) => ResultOf<M, Name> | Promise<ResultOf<M, Name>>;
};

type AnyHandler = (params: unknown, context: CallContext) => unknown;

/** Answers the calls of one port. Parameters that do not fit their schema are answered with an error and reach no handler. */
export function serveProcedures<M extends Methods>(port: MessagePortLike, methods: M, handlers: Handlers<M>): void {
  const running = new Map<number, AbortController>();
  port.listen((message) => {
    const request = requestSchema.safeParse(message);
    if (!request.success) return;
    if ('cancel' in request.data) {
      running.get(request.data.cancel)?.abort(cancelled());
      return;
    }
    const { call, method, params } = request.data;
    const controller = new AbortController();
    running.set(call, controller);
    void answer(methods, handlers, method, params, {
      signal: controller.signal,
      onProgress: (progress) => {
        port.post({ progressOf: call, progress });
      },
    }).then((outcome) => {
      running.delete(call);
      try {
        port.post({ reply: call, ...outcome });
      } catch (thrown) {
        // What cannot be cloned must not leave the caller waiting for ever.
        const error = new ImprintError('unexpected', `The result of "${method}" cannot be sent.`, { cause: thrown });
        port.post({ reply: call, ok: false, error: error.toReport() });
      }
    });
  });
}

/** One call answered as a value: what `serveProcedures` and the window's gateway share. */
export async function answer<M extends Methods>(
  methods: M,
  handlers: Handlers<M>,
  name: string,
  params: unknown,
  context: CallContext,
): Promise<{ ok: true; value: unknown } | { ok: false; error: ReturnType<ImprintError['toReport']> }> {
  try {
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    if (method === undefined) throw new ImprintError('unexpected', `There is no procedure "${name}".`);
    const parsed = method.params.safeParse(params);
    if (!parsed.success) throw new ImprintError('unexpected', `The parameters of "${name}" are not as agreed: ${z.prettifyError(parsed.error)}`);
    const handler = handlers[name] as AnyHandler;
    return { ok: true, value: await handler(parsed.data, context) };
  } catch (thrown) {
    return { ok: false, error: asImprintError(thrown).toReport() };
  }
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: ImprintError) => void;
  readonly onProgress: ProgressListener | undefined;
}

/** The calling side of a port. */
export class ProcedureClient<M extends Methods> {
  readonly #methods: M;
  readonly #port: MessagePortLike;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  #broken: ImprintError | undefined;

  constructor(methods: M, port: MessagePortLike) {
    this.#methods = methods;
    this.#port = port;
    port.listen((message) => {
      this.#receive(message);
    });
  }

  /** @throws ImprintError as the other side reported it; unexpected where the reply does not fit its schema */
  async call<Name extends keyof M & string>(
    method: Name,
    params: z.input<M[Name]['params']>,
    options: { onProgress?: ProgressListener; signal?: AbortSignal } = {},
  ): Promise<ResultOf<M, Name>> {
    if (this.#broken !== undefined) throw this.#broken;
    if (options.signal?.aborted === true) throw asImprintError(options.signal.reason);
    const call = this.#next++;
    const value = await new Promise<unknown>((resolve, reject) => {
      const cancel = (): void => {
        this.#port.post({ cancel: call });
      };
      options.signal?.addEventListener('abort', cancel, { once: true });
      const settled = (): void => options.signal?.removeEventListener('abort', cancel);
      this.#pending.set(call, {
        resolve: (result) => {
          settled();
          resolve(result);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        onProgress: options.onProgress,
      });
      try {
        this.#port.post({ call, method, params });
      } catch (thrown) {
        this.#settle(call)?.reject(new ImprintError('unexpected', `The parameters of "${method}" cannot be sent.`, { cause: thrown }));
      }
    });
    const parsed = this.#methods[method]?.result.safeParse(value);
    if (parsed?.success !== true) throw new ImprintError('unexpected', `The reply of "${method}" is not as agreed.`, { cause: parsed?.error });
    return parsed.data as ResultOf<M, Name>;
  }

  /** The other process is gone: every open and every later call ends with this error. */
  fail(code: ErrorCode, sentence: string): void {
    this.#broken = new ImprintError(code, sentence);
    for (const pending of this.#pending.values()) pending.reject(this.#broken);
    this.#pending.clear();
  }

  #receive(message: unknown): void {
    const parsed = replySchema.safeParse(message);
    if (!parsed.success) {
      // A reply that is not as agreed still ends its call.
      const unreadable = z.object({ reply: z.int() }).safeParse(message);
      if (unreadable.success) this.#settle(unreadable.data.reply)?.reject(new ImprintError('unexpected', 'The other process gave a reply that is not as agreed.'));
      return;
    }
    const reply = parsed.data;
    if ('progressOf' in reply) {
      this.#pending.get(reply.progressOf)?.onProgress?.(reply.progress);
      return;
    }
    const pending = this.#settle(reply.reply);
    if (reply.ok) pending?.resolve(reply.value);
    else pending?.reject(ImprintError.fromReport(reply.error));
  }

  #settle(call: number): Pending | undefined {
    const pending = this.#pending.get(call);
    this.#pending.delete(call);
    return pending;
  }
}
