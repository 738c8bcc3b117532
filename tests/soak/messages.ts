/** What the processes of a soak say to each other, over Node's own channel between parent and child. */
import type { WatchReport } from '../../main/station/watch';
import type { Fate } from './plan';

export interface ServerAccess {
  readonly url: string;
  readonly certificateAuthority: string;
  readonly username: string;
  readonly password: string;
}

/** First word to every child. */
export interface Setup {
  readonly kind: 'setup';
  readonly folder: string;
  readonly seed: number;
  /** Absent for the server itself. */
  readonly server?: ServerAccess;
  /** Path of the workstation's record. */
  readonly record?: string;
}

export type ToServer = { readonly kind: 'stop-faults' } | { readonly kind: 'count' };
export type FromServer =
  | { readonly kind: 'ready'; readonly server: ServerAccess }
  | { readonly kind: 'counts'; readonly requests: number; readonly faults: Readonly<Record<string, number>>; readonly conflicts: number };

export type ToStation =
  | { readonly kind: 'make'; readonly mac: string }
  /** @param partner whose card is in this board. */
  | { readonly kind: 'boot'; readonly mac: string; readonly fate: Fate; readonly partner?: string | undefined }
  | { readonly kind: 'wake' };
export type FromStation =
  | { readonly kind: 'ready' }
  /** The end of a job, or the refusal to start one. `waiting` is not the end. */
  | { readonly kind: 'made'; readonly mac: string; readonly state: string; readonly code?: string | undefined; readonly sentence: string }
  /** A card that waited was sent, maybe one of another station at the same workstation. */
  | { readonly kind: 'sent'; readonly mac: string; readonly state: string; readonly sentence: string }
  /** The device had the answer that its fate foresees, or another one. */
  | { readonly kind: 'booted'; readonly mac: string; readonly problem?: string | undefined };

export type ToWatch =
  /** Look by itself, again and again. */
  | { readonly kind: 'start' }
  /** Look once. */
  | { readonly kind: 'round' }
  | { readonly kind: 'collect' };
export interface MemorySample {
  /** Seconds since the start of the process. */
  readonly at: number;
  readonly residentMiB: number;
  /** Of it what V8 keeps for JavaScript's heap, full or not. */
  readonly heapMiB: number;
}
export type FromWatch =
  | { readonly kind: 'ready' }
  | { readonly kind: 'memory'; readonly sample: MemorySample }
  | { readonly kind: 'report'; readonly report: WatchReport }
  | { readonly kind: 'trouble'; readonly sentence: string }
  /** What is left of the heap after a garbage collection. */
  | { readonly kind: 'heap'; readonly mebibytes: number }
  /** The end of a round that was asked for. */
  | { readonly kind: 'round'; readonly report?: WatchReport | undefined; readonly sentence?: string | undefined };
