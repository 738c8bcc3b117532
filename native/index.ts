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
export { digest, digestBytes, IoQueue } from './io-queue';
export { LockedArena } from './locked-arena';
export { addressOf, alignedBuffer, equal, isAligned, pageSize, transferBuffers, zero } from './memory';
export { disableCoreDumps, memoryLockLimit } from './process-limits';
export { compareAt, readAt, writeAt } from './transfer';
export { watchBlockEvents } from './uevents';
export type { BlockEvent } from './uevents';
