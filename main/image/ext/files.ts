// eslint-disable-next-line @typescript-eslint/triple-slash-reference -- any project that imports this needs the declaration
/// <reference path="./ext2fs.d.ts" />
import type { Files, Stats } from 'ext2fs';
import type { CardFile } from '../../domain/profile';
import { ImprintError } from '../../domain/errors';
import type { BlockDevice, BlockReader } from '../block-device';
import { pathSegments } from '../card-paths';
import type { Extent } from '../extents';
import type { Partition } from '../partition';
import { damagedFilesystem, fileMissing, fileUnreadable, missingFolder, notAFolder, partitionFull, pathOccupied } from '../refusals';
import { TokenReader } from '../token-reader';
import { errorName, isFull, NotMounted, openFlags, withExtFilesystem } from './mount';
import type { ExtSuperblock } from './superblock';

export interface ExtFileFacts {
  readonly bytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The library stores the low 16 bits of an owner and forgets the others. */
const highestOwner = 0xffff;
/** How often a file is read again where a block's few last bytes fit two tokens; a repetition is one in 256 at most. */
const mostAttempts = 16;

/**
 * Writes a file with exactly this mode and owner, in place of a regular one that is there. Its times are those of the
 * system's clock, which the library reads by itself.
 *
 * @throws ImprintError image-missing-folder, image-path-occupied, image-partition-full, image-unsupported-filesystem
 */
export async function createExtFile(device: BlockDevice, partition: Partition, superblock: ExtSuperblock, file: CardFile, content: Buffer): Promise<void> {
  const { folders } = pathSegments(file.path);
  if (file.uid > highestOwner || file.gid > highestOwner) {
    throw new ImprintError('image-unsupported-filesystem', `Imprint can give files in ext filesystems only owners up to ${String(highestOwner)}.`, { field: file.uid > highestOwner ? 'files.uid' : 'files.gid', expected: `0 to ${String(highestOwner)}` });
  }
  try {
    await withExtFilesystem(device, partition, async (files) => {
      await prepareFolders(files, partition, folders, file.createFolders);
      const replaced = await removeExisting(files, partition, file.path);
      // Root's reserve counts as free: a provisioned file is part of the system. What a replaced file frees is not known here.
      if (!replaced && superblock.freeBlocks * superblock.blockSize < content.length) throw partitionFull(file.path, partition.number);
      const { fd } = await files.open(file.path, openFlags.create | openFlags.exclusive | openFlags.writeOnly, file.mode);
      try {
        const { bytesWritten } = await files.write(fd, content, 0, content.length, 0);
        if (bytesWritten !== content.length) throw partitionFull(file.path, partition.number);
        await files.fchown(fd, file.uid, file.gid);
        // After the owner: a change of owner may take the set-user-id bit away.
        await files.fchmod(fd, file.mode);
      } finally {
        await files.close(fd);
      }
    });
  } catch (error) {
    if (error instanceof ImprintError) throw error;
    if (isFull(error)) throw partitionFull(file.path, partition.number);
    throw damagedFilesystem(partition.number, error);
  }
}

async function prepareFolders(files: Files, partition: Partition, folders: readonly string[], create: boolean): Promise<void> {
  let path = '';
  for (const segment of folders) {
    path += `/${segment}`;
    const found = await lookUp(files, path);
    if (found === undefined) {
      if (!create) throw missingFolder(path, partition.number);
      await files.mkdir(path, 0o755);
    } else if (!found.isDirectory()) {
      // A link is not followed: it may lead to where another partition is mounted on the running device.
      throw notAFolder(path, partition.number, found.isSymbolicLink() ? 'a symbolic link' : 'a file');
    }
  }
}

async function removeExisting(files: Files, partition: Partition, path: string): Promise<boolean> {
  const found = await lookUp(files, path);
  if (found === undefined) return false;
  if (!found.isFile()) throw pathOccupied(path, partition.number, found.isDirectory() ? 'a folder' : found.isSymbolicLink() ? 'a symbolic link' : 'a special file');
  await files.unlink(path);
  return true;
}

async function lookUp(files: Files, path: string): Promise<Stats | undefined> {
  try {
    return await files.lstat(path);
  } catch (error) {
    if (errorName(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Where on the disk a file lies, and its inode's mode and owner. The file's own blocks are never read.
 *
 * @throws ImprintError verify-file-missing, verify-key-unreadable
 */
export async function locateExtFile(reader: BlockReader, partition: Partition, path: string, mostBytes: number): Promise<{ facts: ExtFileFacts; extents: Extent[] }> {
  const { folders } = pathSegments(path);
  const tokens = new TokenReader(reader);
  try {
    return await withExtFilesystem(tokens, partition, async (files) => {
      let folder = '';
      for (const segment of folders) {
        folder += `/${segment}`;
        if ((await lookUp(files, folder))?.isDirectory() !== true) throw fileMissing(path, partition.number);
      }
      const stats = await lookUp(files, path);
      if (stats?.isFile() !== true) throw fileMissing(path, partition.number);
      if (stats.size === 0) throw fileUnreadable(path, partition.number, 'it is empty');
      if (stats.size > mostBytes) throw fileUnreadable(path, partition.number, `it has ${String(stats.size)} bytes, too many for a key`);
      const facts = { bytes: stats.size, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid };
      for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
        const extents = await readTokens(files, tokens, path, stats.size);
        if (extents !== undefined) return { facts, extents };
      }
      throw fileUnreadable(path, partition.number, 'its blocks cannot be told apart');
    });
  } catch (error) {
    if (error instanceof NotMounted) throw fileUnreadable(path, partition.number, 'there is no ext filesystem that can be read', error);
    if (error instanceof ImprintError) throw error;
    throw fileUnreadable(path, partition.number, 'the filesystem is damaged', error);
  }
}

async function readTokens(files: Files, tokens: TokenReader, path: string, bytes: number): Promise<Extent[] | undefined> {
  const { fd } = await files.open(path, openFlags.readOnly | openFlags.noFollow);
  try {
    const content = Buffer.alloc(bytes);
    // SECURITY: between these two lines the library is served random tokens instead of what lies on the disk.
    tokens.serveTokens();
    const { bytesRead } = await files.read(fd, content, 0, bytes, 0).finally(() => tokens.serveDisk());
    if (bytesRead !== bytes) throw new Error('the file is shorter than its inode says');
    return tokens.find(content);
  } finally {
    await files.close(fd);
  }
}
