/** Golden images: known byte for byte, looked into, and given a device's files without being changed. */
export { openImage } from './block-device';
export type { BlockReader, OpenImage } from './block-device';
export { loadBlockMap } from './block-map/kept-map';
export { mapImage } from './block-map/map-image';
export type { BlockMap } from './block-map/map-image';
export type { Extent } from './extents';
export { injectFiles } from './inject';
export type { InjectedFile, Injection, InjectionRequest } from './inject';
export { inspectImage } from './inspect';
export type { InspectRequest } from './inspect';
export { locateFile, mostFileBytes } from './locate';
export type { LocatedFile } from './locate';
export type { OverlayRun } from './overlay';
export { readPartitionTable, resolvePartition } from './partitions';
export type { Partition, PartitionTable } from './partition';
export { assertUnchanged, prepareImage } from './prepare';
export type { PrepareRequest } from './prepare';
