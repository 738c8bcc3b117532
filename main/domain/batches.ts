import { ImprintError } from './errors';

const longest = 200;

/** The name of a batch as a person wrote it, trimmed. @throws ImprintError usage */
export function readBatch(text: string): string {
  const batch = text.trim();
  const field = 'batch';
  if (batch === '') throw new ImprintError('usage', 'The batch has no name.', { field, expected: 'a name such as "WO-4711"' });
  if (batch.length > longest || /[\p{Cc}\p{Cs}\u2028\u2029]/u.test(batch)) {
    throw new ImprintError('usage', 'The name of the batch is too long, or holds a control character.', { field, expected: `up to ${String(longest)} printable characters` });
  }
  return batch;
}
