import type { Extent } from '../extents';

/** What a filesystem does not need. */
export interface UnusedSpace {
  /** Free blocks, absolute. */
  readonly extents: readonly Extent[];
  /** Where the filesystem ends, absolute; its partition may go on. */
  readonly end: number;
}
