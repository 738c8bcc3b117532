import type { z } from 'zod';

/** One remote procedure: what goes in and what comes back, both parsed on the side that receives them. */
export interface Method<Params extends z.ZodType = z.ZodType, Result extends z.ZodType = z.ZodType> {
  readonly params: Params;
  readonly result: Result;
}

export type Methods = Readonly<Record<string, Method>>;

export type ParamsOf<M extends Methods, Name extends keyof M> = z.output<M[Name]['params']>;
export type ResultOf<M extends Methods, Name extends keyof M> = z.output<M[Name]['result']>;
