import { z } from 'zod';
import type { HttpReply } from './http-exchange';

const mostCharacters = 200;

/** `{"error": "…"}`, FastAPI's `{"detail": "…"}`, and its list of what is wrong in a body; other shapes say nothing. */
const errorBody = z.union([
  z.object({ error: z.string() }).transform(({ error }) => error),
  z.object({ detail: z.string() }).transform(({ detail }) => detail),
  z.object({ message: z.string() }).transform(({ message }) => message),
  z
    .object({ detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string() })).min(1) })
    .transform(({ detail }) => detail.map(({ loc, msg }) => `${loc.join('.')}: ${msg}`).join('; ')),
]);

/** The server's own words about a refusal, safe to stand in a sentence, or undefined. */
export function serverWords(reply: Pick<HttpReply, 'text'>): string | undefined {
  try {
    return printableWords(errorBody.parse(JSON.parse(reply.text)));
  } catch {
    return undefined;
  }
}

/** Text of a foreign machine as it may stand in a sentence: one line, and not for ever. */
export function printableWords(words: string): string | undefined {
  // eslint-disable-next-line no-control-regex -- they are what must not be printed
  const safe = words.replace(/[\u0000-\u001f\u007f]+/g, ' ').trim();
  if (safe === '') return undefined;
  return safe.length > mostCharacters ? `${safe.slice(0, mostCharacters)}…` : safe;
}
