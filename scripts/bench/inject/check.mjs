import { Problem } from '../../support/problem.mjs';
import { task } from './task.mjs';

/**
 * Whether an image holds the file as asked, in filesystems that e2fsck finds clean: a contender that fails is not fast.
 * @param {object} images the module tests/support/images
 * @throws {Problem}
 */
export async function checkResult(images, image, path, key, who) {
  const wrong = (what) => new Problem(`${who} gave a wrong result: ${what}`);
  const { offset } = image.partitions.find(({ index }) => index === task.partition);
  const inode = await images.debugfs(path, offset, `stat "${task.path}"`);
  const [, mode] = /Mode:\s+(\d+)/.exec(inode) ?? [];
  const [, user, group] = /User:\s+(\d+)\s+Group:\s+(\d+)/.exec(inode) ?? [];
  if (Number.parseInt(mode, 8) !== task.mode) throw wrong(`mode ${mode}`);
  if (user !== '0' || group !== '0') throw wrong(`owner ${user}:${group}`);
  const content = await images.readFileInImage(path, offset, task.path);
  if (!content.equals(key)) throw wrong(`${content.length} bytes of other content`);
  for (const partition of image.partitions.slice(1)) {
    const { code, output } = await images.e2fsck(path, partition.offset);
    if (code !== 0) throw wrong(`e2fsck of partition ${partition.index} ended with ${code}: ${output}`);
  }
}
