import { ImprintError } from '../domain/errors';

/** The sentences with which an injection ends; both families of filesystems use the same ones. */

export function missingFolder(folder: string, partition: number): ImprintError {
  return new ImprintError('image-missing-folder', `The folder ${folder} does not exist in partition ${String(partition)} of the image.`, {
    field: 'files.path',
    expected: 'a folder of the image, or "createFolders": true for this file in the profile',
  });
}

export function notAFolder(folder: string, partition: number, what: string): ImprintError {
  return new ImprintError('image-path-occupied', `${folder} in partition ${String(partition)} of the image is ${what}, not a folder.`, { field: 'files.path', expected: 'the path that leads there without a link' });
}

export function pathOccupied(path: string, partition: number, what: string): ImprintError {
  return new ImprintError('image-path-occupied', `${path} in partition ${String(partition)} of the image is ${what}; only a regular file is replaced.`, { field: 'files.path' });
}

export function partitionFull(path: string, partition: number): ImprintError {
  return new ImprintError('image-partition-full', `Partition ${String(partition)} of the image has no room for ${path}.`, { field: 'files.partition', expected: 'a golden image with free space there' });
}

export function damagedFilesystem(partition: number, cause: unknown): ImprintError {
  return new ImprintError('image-unsupported-filesystem', `The filesystem in partition ${String(partition)} is damaged or of a kind that Imprint does not know.`, { field: 'files.partition', cause });
}

export function fileMissing(path: string, partition: number, cause?: unknown): ImprintError {
  return new ImprintError('verify-file-missing', `The card has no file ${path} in partition ${String(partition)}.`, { cause });
}

export function fileUnreadable(path: string, partition: number, why: string, cause?: unknown): ImprintError {
  return new ImprintError('verify-key-unreadable', `The file ${path} in partition ${String(partition)} of the card cannot be read: ${why}.`, { cause });
}
