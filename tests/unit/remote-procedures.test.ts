import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Methods } from '../../main/contract/methods';
import { cancelled, ImprintError } from '../../main/domain/errors';
import type { Progress } from '../../main/domain/job';
import { ProcedureClient, serveProcedures, type Handlers, type MessagePortLike } from '../../main/ipc/remote-procedures';

const methods = {
  double: { params: z.object({ value: z.number() }), result: z.number() },
  nothing: { params: z.object({}), result: z.void() },
  bytes: { params: z.object({ payload: z.custom<Uint8Array>((value) => value instanceof Uint8Array) }), result: z.custom<Uint8Array>((value) => value instanceof Uint8Array) },
  refuse: { params: z.object({ with: z.string() }), result: z.void() },
  wrong: { params: z.object({}), result: z.number() },
  uncloneable: { params: z.object({}), result: z.unknown() },
  long: { params: z.object({}), result: z.string() },
} as const satisfies Methods;

const reached: string[] = [];
const progress: Progress = { phase: 'write', doneBytes: 1, totalBytes: 2, bytesPerSecond: 3, secondsLeft: 0.5 };

const handlers: Handlers<typeof methods> = {
  double: ({ value }) => {
    reached.push(`double ${String(value)}`);
    return value * 2;
  },
  nothing: () => undefined,
  bytes: ({ payload }) => payload.map((byte) => 255 - byte),
  refuse: ({ with: kind }) => {
    if (kind === 'imprint') throw new ImprintError('image-hash-differs', 'Not that image.', { field: 'image.sha256', expected: 'aa', cause: new Error('secret') });
    if (kind === 'empty') throw new ImprintError('usage', '');
    throw new TypeError('plain');
  },
  wrong: () => 'text' as unknown as number,
  uncloneable: () => () => undefined,
  long: (_, { signal, onProgress }) =>
    new Promise((_resolve, reject) => {
      onProgress(progress);
      onProgress({ ...progress, doneBytes: -1 });
      signal.addEventListener('abort', () => {
        reached.push('aborted');
        reject(signal.reason as Error);
      });
    }),
};

const open: MessagePort[] = [];
afterEach(() => {
  for (const port of open.splice(0)) port.close();
  reached.length = 0;
});

function portLike(port: MessagePort): MessagePortLike {
  open.push(port);
  return {
    post: (message) => {
      port.postMessage(message);
    },
    listen: (listener) => {
      port.on('message', listener);
    },
  };
}

function pair(): { client: ProcedureClient<typeof methods>; raw: MessagePort } {
  const { port1, port2 } = new MessageChannel();
  serveProcedures(portLike(port2), methods, handlers);
  return { client: new ProcedureClient(methods, portLike(port1)), raw: port1 };
}

/** A server that never answers by itself: the test speaks for it. */
function silent(): { client: ProcedureClient<typeof methods>; peer: MessagePort; next: () => Promise<Record<string, unknown>> } {
  const { port1, port2 } = new MessageChannel();
  open.push(port2);
  return {
    client: new ProcedureClient(methods, portLike(port1)),
    peer: port2,
    next: () => new Promise((resolve) => port2.once('message', resolve)),
  };
}

const failure = (promise: Promise<unknown>): Promise<unknown> => promise.then((value) => ({ value }), (error: unknown) => error);

describe('a call', () => {
  it('brings its result back, also several at once', async () => {
    const { client } = pair();
    expect(await Promise.all([1, 2, 3].map((value) => client.call('double', { value })))).toEqual([2, 4, 6]);
  });

  it('brings back nothing where there is nothing', async () => {
    expect(await pair().client.call('nothing', {})).toBeUndefined();
  });

  it('carries bytes', async () => {
    expect(await pair().client.call('bytes', { payload: Buffer.from([0, 1, 255]) })).toEqual(Uint8Array.from([255, 254, 0]));
  });

  it('keeps code, sentence, field and expected of an error, and not its cause', async () => {
    const error = await failure(pair().client.call('refuse', { with: 'imprint' }));
    expect(error).toBeInstanceOf(ImprintError);
    expect(error).toMatchObject({ code: 'image-hash-differs', message: 'Not that image.', field: 'image.sha256', expected: 'aa' });
    expect((error as ImprintError).cause).toBeUndefined();
  });

  it('turns a foreign error into an unexpected one', async () => {
    expect(await failure(pair().client.call('refuse', { with: 'type' }))).toMatchObject({ code: 'unexpected', message: expect.stringContaining('plain') as string });
  });

  it('ends also where the error is not as agreed', async () => {
    expect(await failure(pair().client.call('refuse', { with: 'empty' }))).toMatchObject({ code: 'unexpected' });
  });

  it('never reaches the handler with parameters that do not fit', async () => {
    const { client } = pair();
    expect(await failure(client.call('double', { value: 'two' as unknown as number }))).toMatchObject({ code: 'unexpected', message: expect.stringContaining('parameters of "double"') as string });
    expect(await failure(client.call('double', undefined as unknown as { value: number }))).toMatchObject({ code: 'unexpected' });
    expect(reached).toEqual([]);
  });

  it('is refused where the result does not fit', async () => {
    expect(await failure(pair().client.call('wrong', {}))).toMatchObject({ code: 'unexpected', message: expect.stringContaining('reply of "wrong"') as string });
  });

  it('ends where the result cannot be cloned, and the server lives on', async () => {
    const { client } = pair();
    expect(await failure(client.call('uncloneable', {}))).toMatchObject({ code: 'unexpected' });
    expect(await client.call('double', { value: 4 })).toBe(8);
  });

  it('ends where the parameters cannot be cloned', async () => {
    const { client } = pair();
    const error = await failure(client.call('double', { value: 1, extra: () => undefined } as unknown as { value: number }));
    expect(error).toBeInstanceOf(ImprintError);
    expect(error).toMatchObject({ code: 'unexpected' });
  });

  it.each(['absent', 'constructor', 'toString', '__proto__', 'hasOwnProperty'])('of "%s" is refused', async (name) => {
    const error = await failure(pair().client.call(name as 'nothing', {}));
    expect(error).toMatchObject({ code: 'unexpected', message: expect.stringContaining(`no procedure "${name}"`) as string });
  });
});

describe('progress and cancellation', () => {
  it('tells progress, and only such as fits', async () => {
    const { client } = pair();
    const controller = new AbortController();
    const seen: Progress[] = [];
    const call = client.call('long', {}, { signal: controller.signal, onProgress: (step) => seen.push(step) });
    await client.call('nothing', {});
    expect(seen).toEqual([progress]);
    controller.abort();
    expect(await failure(call)).toMatchObject({ code: 'cancelled' });
    expect(reached).toEqual(['aborted']);
  });

  it('does not start what was cancelled before', async () => {
    const { client } = pair();
    for (const reason of [undefined, cancelled()]) {
      const error = await failure(client.call('double', { value: 1 }, { signal: AbortSignal.abort(reason) }));
      expect(error).toBeInstanceOf(ImprintError);
      expect(error).toMatchObject({ code: 'cancelled' });
    }
    expect(reached).toEqual([]);
  });

  it('cancels one call and no other', async () => {
    const { client } = pair();
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [client.call('long', {}, { signal: first.signal }), client.call('long', {}, { signal: second.signal })];
    first.abort();
    expect(await failure(calls[0] ?? Promise.resolve())).toMatchObject({ code: 'cancelled' });
    expect(reached).toEqual(['aborted']);
    second.abort();
    expect(await failure(calls[1] ?? Promise.resolve())).toMatchObject({ code: 'cancelled' });
  });

  it('says nothing to the other side about a signal that comes after the end', async () => {
    const { client, peer, next } = silent();
    const controller = new AbortController();
    const messages: unknown[] = [];
    const request = next();
    const call = client.call('double', { value: 1 }, { signal: controller.signal });
    peer.postMessage({ reply: (await request)['call'], ok: true, value: 2 });
    expect(await call).toBe(2);
    peer.on('message', (message) => messages.push(message));
    controller.abort();
    const after = client.call('nothing', {});
    peer.once('message', (message: { call: number }) => {
      peer.postMessage({ reply: message.call, ok: true, value: undefined });
    });
    await after;
    expect(messages).toEqual([{ call: 2, method: 'nothing', params: {} }]);
  });
});

describe('the other process', () => {
  it('that died ends every open and every later call', async () => {
    const { client } = silent();
    const calls = [client.call('nothing', {}), client.call('double', { value: 1 })].map(failure);
    client.fail('custody-unavailable', 'The custody process ended.');
    for (const call of calls) expect(await call).toMatchObject({ code: 'custody-unavailable', message: 'The custody process ended.' });
    expect(await failure(client.call('nothing', {}))).toMatchObject({ code: 'custody-unavailable' });
  });

  it('may say anything: replies to no call, twice, or none at all', async () => {
    const { client, peer, next } = silent();
    const request = next();
    const call = client.call('double', { value: 1 });
    const id = (await request)['call'];
    for (const message of [null, 'text', {}, { reply: 'x' }, { reply: 99, ok: true, value: 1 }, { progressOf: id, progress: {} }, { reply: id, ok: true, value: 7 }, { reply: id, ok: true, value: 8 }]) peer.postMessage(message);
    expect(await call).toBe(7);
  });

  it.each<[string, Record<string, unknown>]>([
    ['an error without a known code', { ok: false, error: { code: 'constructor', sentence: 'x' } }],
    ['neither result nor error', {}],
  ])('ends a call with %s', async (_, reply) => {
    const { client, peer, next } = silent();
    const request = next();
    const call = failure(client.call('double', { value: 1 }));
    peer.postMessage({ reply: (await request)['call'], ...reply });
    expect(await call).toMatchObject({ code: 'unexpected' });
  });

  it('may ask anything: what is no request is ignored', async () => {
    const { client, raw } = pair();
    for (const message of [null, 'text', { call: 'x', method: 'double' }, { cancel: 99 }, { call: 1.5, method: 'nothing', params: {} }]) raw.postMessage(message);
    expect(await client.call('double', { value: 5 })).toBe(10);
  });
});
