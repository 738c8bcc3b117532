// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- any project that imports this needs the declaration
/// <reference path="./decode/lzma-native.d.ts" />
import { createGunzip, createZstdDecompress } from 'node:zlib';
import lzma from 'lzma-native';
import { ImprintError } from '../domain/errors';
import type { ImageFormat } from '../domain/ports';
import { PeekableSource } from './decode/byte-source';
import type { ByteSource } from './decode/byte-source';
import { through } from './decode/through';
import { ZstdFrame, ZstdGarbage, ZstdTruncated } from './decode/zstd-frames';

const outputBytes = 1 << 20;
/** liblzma gets a new buffer for each piece of input, so a larger one costs more than it saves. */
const lzmaOutputBytes = 1 << 18;
const liblzmaBufferError = 10;

const magics: readonly { readonly format: ImageFormat | 'unknown'; readonly name: string; readonly bytes: readonly number[] }[] = [
  { format: 'gzip', name: 'gzip', bytes: [0x1f, 0x8b] },
  { format: 'xz', name: 'xz', bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { format: 'zstd', name: 'zstd', bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  // pzstd begins with a skippable frame.
  { format: 'zstd', name: 'zstd', bytes: [0x50, 0x2a, 0x4d, 0x18] },
  { format: 'unknown', name: 'zip', bytes: [0x50, 0x4b, 0x03, 0x04] },
  { format: 'unknown', name: 'bzip2', bytes: [0x42, 0x5a, 0x68] },
  { format: 'unknown', name: 'lz4', bytes: [0x04, 0x22, 0x4d, 0x18] },
];

/**
 * The format of an image file by its first bytes. What has no known mark is raw.
 *
 * @param start at least 6 bytes where the file has so many
 * @throws ImprintError image-unreadable for a compression that Imprint does not decode
 */
export function detectFormat(start: Buffer, path: string): ImageFormat {
  const found = magics.find(({ bytes }) => bytes.every((byte, index) => start[index] === byte));
  if (found === undefined) return 'raw';
  if (found.format === 'unknown') {
    throw new ImprintError('image-unreadable', `The image ${path} is compressed with ${found.name}, which Imprint does not decode.`, { field: 'image.path', expected: 'a raw image, or one compressed with gzip, xz or zstd' });
  }
  return found.format;
}

/**
 * The decoded bytes of an image file, as its command line tool would give them: all members, streams or frames one after
 * the other. The source is always read to its end.
 *
 * @throws ImprintError image-truncated where the file ends too early, image-unreadable where it is corrupt or goes on
 *   with something else; whatever the source throws
 */
export async function* decode(source: ByteSource, format: ImageFormat, path: string): AsyncGenerator<Buffer> {
  try {
    switch (format) {
      case 'raw':
        for (let chunk = await source.next(); chunk !== undefined; chunk = await source.next()) yield chunk;
        return;
      case 'gzip':
        yield* decodeGzip(source);
        return;
      case 'xz':
        yield* through(lzma.createStream('streamDecoder', { flags: lzma.CONCATENATED, bufsize: lzmaOutputBytes }), source);
        return;
      case 'zstd':
        yield* decodeZstd(source);
        return;
    }
  } catch (error) {
    throw explain(error, format, path);
  }
}

class TrailingGarbage extends Error {}

/** gzip ignores zeros behind the last member (tapes have them) and warns about anything else, which here is an error. */
async function* decodeGzip(source: ByteSource): AsyncGenerator<Buffer> {
  let position = 0;
  let lastContent = 0;
  const watched: ByteSource = {
    async next() {
      const chunk = await source.next();
      if (chunk !== undefined) {
        let end = chunk.length;
        while (end > 0 && chunk[end - 1] === 0) end -= 1;
        if (end > 0) lastContent = position + end;
        position += chunk.length;
      }
      return chunk;
    },
  };
  const decoder = createGunzip({ chunkSize: outputBytes });
  yield* through(decoder, watched);
  if (lastContent > decoder.bytesWritten) throw new TrailingGarbage('something follows the last member');
}

async function* decodeZstd(source: ByteSource): AsyncGenerator<Buffer> {
  const peekable = new PeekableSource(source);
  while ((await peekable.peek()) !== undefined) {
    yield* through(createZstdDecompress({ chunkSize: outputBytes }), new ZstdFrame(peekable));
  }
}

function explain(error: unknown, format: ImageFormat, path: string): unknown {
  const field = 'image.path';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const number = error instanceof Error && 'errno' in error ? error.errno : undefined;
  const fromGzip = format === 'gzip' && typeof code === 'string' && code.startsWith('Z_');
  const fromZstd = format === 'zstd' && typeof code === 'string' && /zstd/i.test(code);
  const fromXz = format === 'xz' && (typeof code === 'number' || (typeof number === 'number' && error instanceof Error && error.name.startsWith('LZMA')));
  if (error instanceof ZstdTruncated || (fromGzip && code === 'Z_BUF_ERROR') || (fromXz && (code === liblzmaBufferError || number === liblzmaBufferError))) {
    return new ImprintError('image-truncated', `The image ${path} ends too early: it was not copied or downloaded completely.`, { field, expected: `a complete ${format} file`, cause: error });
  }
  if (error instanceof ZstdGarbage || error instanceof TrailingGarbage || fromGzip || fromZstd || fromXz) {
    return new ImprintError('image-unreadable', `The image ${path} is damaged: ${format} cannot decode it.`, { field, expected: `an intact ${format} file`, cause: error });
  }
  return error;
}
