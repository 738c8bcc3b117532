import { ImprintError, type ErrorCode } from '../domain/errors';
import { rightsAdvice } from './rights';

function errnoOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : 'unknown error';
}

/** A refusal to open a target, in words. */
export function openError(thrown: unknown, path: string, code: 'target-write-failed' | 'target-read-failed' = 'target-write-failed'): ImprintError {
  if (thrown instanceof ImprintError) return thrown;
  const errno = errnoOf(thrown);
  const at = { field: 'target', cause: thrown };
  switch (errno) {
    case 'EBUSY':
      return new ImprintError('target-busy', `${path} is in use by another program: close it or unmount the card.`, at);
    case 'EACCES':
    case 'EPERM':
      return new ImprintError('target-not-permitted', `This user may not ${code === 'target-write-failed' ? 'write' : 'read'} ${path}: ${path.startsWith('/dev/') ? rightsAdvice : 'choose another place, or have its rights changed'}.`, at);
    case 'EROFS':
      return new ImprintError('target-read-only', `${path} is read-only: slide the lock of the card, or take another one.`, at);
    case 'ENOENT':
    case 'ENXIO':
    case 'ENOMEDIUM':
      return new ImprintError('target-not-found', `There is no card at ${path}: put one in.`, at);
    case 'EEXIST':
      return new ImprintError('target-changed', `${path} appeared while it was being made: choose another name.`, at);
    default:
      return new ImprintError(code, `${path} could not be opened (${errno}).`, at);
  }
}

/** An input/output error: the device is there and this place of it fails. */
export function isMediumError(thrown: unknown): boolean {
  return errnoOf(thrown) === 'EIO';
}

/** What a card that was pulled out answers with, whatever the kernel calls it then. */
export function goneError(thrown: unknown, code: TransferCode, path: string): ImprintError {
  return new ImprintError(code, `The card at ${path} is gone: put it in again and start again.`, { field: 'target', cause: thrown });
}

export type TransferCode = Extract<ErrorCode, 'target-write-failed' | 'target-read-failed'>;

const sectorBytes = 512;

/** A failed transfer, with the place where it failed. */
export function transferError(thrown: unknown, code: TransferCode, path: string, position: number): ImprintError {
  if (thrown instanceof ImprintError) return thrown;
  const errno = errnoOf(thrown);
  const verb = code === 'target-write-failed' ? 'written' : 'read';
  if (errno === 'ENODEV' || errno === 'ENXIO' || errno === 'ENOMEDIUM') return goneError(thrown, code, path);
  const reason = errno === 'ENOSPC' ? 'there is no room left' : errno === 'EIO' ? 'input/output error' : errno;
  return new ImprintError(code, `The card at ${path} could not be ${verb} at byte ${String(position)}, sector ${String(Math.floor(position / sectorBytes))} (${reason}): take another card.`, { field: 'target', cause: thrown });
}
