import { openImage, injectFiles } from '../../../main/image/index.ts';
import { task } from './task.mjs';

const file = { content: 'private-key', partition: { number: task.partition }, path: task.path, mode: task.mode, uid: 0, gid: 0, createFolders: false };

/** All that the station does to an image for one device: open it, make the overlay, close it. The card writer takes it from there. */
export async function injectOnce(path) {
  const image = await openImage(path);
  try {
    return await injectFiles(image, [{ file, bytes: task.bytes }], new Date());
  } finally {
    await image.close();
  }
}

/** An injection as text; there is no key in it. */
export const toText = ({ overlay, files }) =>
  JSON.stringify({ overlay: overlay.map(({ offset, bytes }) => ({ offset, bytes: bytes.toString('base64') })), extents: files[0].extents });
