import type { Transform } from 'node:stream';
import type { ByteSource } from './byte-source';

/**
 * What a decoder makes of a source. The source is read to its end even where the decoder stops before.
 *
 * @throws the decoder's error, the source's error
 */
export async function* through(decoder: Transform, source: ByteSource): AsyncGenerator<Buffer> {
  let ended = false;
  let stopped = false;
  let end: () => void = () => undefined;
  const untilEnd = new Promise<void>((resolve) => {
    end = () => {
      ended = true;
      resolve();
    };
  });
  for (const event of ['end', 'error', 'close']) decoder.once(event, end);
  // An error is met by the loop below; without a listener of its own a late one would end the process.
  decoder.on('error', () => undefined);

  const feed = async (): Promise<void> => {
    for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) {
      if (stopped) return;
      if (ended) continue;
      const bytes = chunk;
      await Promise.race([new Promise<void>((resolve) => decoder.write(bytes, () => resolve())), untilEnd]);
    }
    if (!ended) decoder.end();
  };
  const fed = feed();
  // Met below as well.
  fed.catch((error: unknown) => decoder.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
    await fed;
  } finally {
    stopped = true;
    end();
    decoder.destroy();
  }
}
