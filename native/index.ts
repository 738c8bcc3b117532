export { isNativeError, loadNative } from './addon';
export type { NativeError } from './addon';
export {
  deviceSize,
  discardRange,
  dropCache,
  flushBuffers,
  isReadOnly,
  logicalBlockSize,
  physicalBlockSize,
  rereadPartitionTable,
  zeroOutRange,
} from './block-device';
export { LockedArena } from './locked-arena';
export { addressOf, alignedBuffer, equal, isAligned, pageSize, zero } from './memory';
export { disableCoreDumps, memoryLockLimit } from './process-limits';
export { compareAt, readAt, writeAt } from './transfer';
