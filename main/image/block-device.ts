import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { ImprintError } from '../domain/errors';

/** Something with bytes that can be read at any place: an image file, a card, either with an overlay. */
export interface BlockReader {
  readonly bytes: number;
  /** Fills `buffer[bufferOffset, bufferOffset + length)` from `position` on, wholly or it throws. */
  read(buffer: Buffer, bufferOffset: number, length: number, position: number): Promise<void>;
}

export interface BlockDevice extends BlockReader {
  write(buffer: Buffer, bufferOffset: number, length: number, position: number): Promise<void>;
}

export interface OpenImage extends BlockReader {
  close(): Promise<void>;
}

/**
 * Opens the decoded bytes of a golden image, O_RDONLY: nothing that holds this can change the file.
 *
 * @throws ImprintError image-unreadable; its `read` throws image-truncated past the end
 */
export async function openImage(path: string): Promise<OpenImage> {
  const handle = await open(path, constants.O_RDONLY).catch((cause: unknown) => {
    throw new ImprintError('image-unreadable', `The image ${path} cannot be opened.`, { field: 'image.path', cause });
  });
  let bytes: number;
  try {
    bytes = (await handle.stat()).size;
  } catch (cause) {
    await handle.close();
    throw new ImprintError('image-unreadable', `The image ${path} cannot be examined.`, { field: 'image.path', cause });
  }
  return {
    bytes,
    async read(buffer, bufferOffset, length, position) {
      let done = 0;
      while (done < length) {
        let bytesRead: number;
        try {
          ({ bytesRead } = await handle.read(buffer, bufferOffset + done, length - done, position + done));
        } catch (cause) {
          throw new ImprintError('image-unreadable', `The image ${path} cannot be read at byte ${String(position + done)}.`, { field: 'image.path', cause });
        }
        if (bytesRead === 0) {
          throw new ImprintError('image-truncated', `The image ${path} ends at byte ${String(position + done)}, before its partitions do.`, { field: 'image.path' });
        }
        done += bytesRead;
      }
    },
    close: () => handle.close(),
  };
}

/** `length` bytes from `position` on, in a buffer of their own. */
export async function readBytes(reader: BlockReader, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await reader.read(buffer, 0, length, position);
  return buffer;
}
