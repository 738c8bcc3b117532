import type { ErrorReport } from './errors';

/**
 * The steps of a device's life at the bench, in their order. `enrol` stands after `verify` or before `write`, as the server kind says;
 * `confirm` is only there where the kind tries the device's own key before it is destroyed.
 */
export const stepNames = ['reserve', 'check', 'generate', 'write', 'verify', 'enrol', 'confirm', 'destroy', 'record'] as const;
export type StepName = (typeof stepNames)[number];

export type StepState = 'started' | 'done' | 'failed';

/** What a step found out besides its sentence; the log takes it where the step is one of its events. */
export interface StepFacts {
  /** What tells this medium from another: size, serial, model, port. */
  readonly card?: string | undefined;
  /** Bytes that were written or read back. */
  readonly bytes?: number | undefined;
  /** Files as they were found on the card. */
  readonly files?: readonly { readonly path: string; readonly partition: number; readonly mode: number; readonly uid: number; readonly gid: number }[] | undefined;
  /** The server's id of the device. */
  readonly serverDevice?: string | undefined;
}

/** One journal line: it is durable before the step touches anything outside the station. */
export interface Step {
  readonly name: StepName;
  readonly state: StepState;
  /** ISO 8601 UTC. */
  readonly startedAt: string;
  readonly endedAt?: string | undefined;
  /** One sentence: what happened. */
  readonly sentence?: string | undefined;
}

/**
 * open: at work, or left over from a station that was killed.
 * done: written, verified, expected by the server, recorded.
 * failed: ended with an error; the identity is free again.
 * cancelled: ended by the person; the identity is free again.
 * compensated: found open at a start and undone.
 * waiting: found open at a start and not decided yet, because the server could not be asked.
 */
export type JobState = 'open' | 'done' | 'failed' | 'cancelled' | 'compensated' | 'waiting';

/**
 * reserved: the identity is taken, nothing is expected yet.
 * preauthorized: the server expects exactly this key.
 * accepted: the device came and was accepted.
 * released: the job ended without success; the identity may be used again. The key hash stays taken for ever.
 * decommissioned: it was taken off the server on purpose; as released, the identity may be used again.
 */
export const deviceStates = ['reserved', 'preauthorized', 'accepted', 'released', 'decommissioned'] as const;
export type DeviceState = (typeof deviceStates)[number];

/** What a start does about a job that it finds open. */
export type RecoveryDecision =
  /** Nothing outside the station has happened, or only a card that can not be trusted: release the identity. */
  | { readonly action: 'release'; readonly sentence: string }
  /** The card is verified and holds the key: finish the enrolment with the public key. The private key is not needed. */
  | { readonly action: 'resume-enrol'; readonly sentence: string }
  /** Everything outside is done: write the end into the record. */
  | { readonly action: 'finish'; readonly sentence: string };

/**
 * Decides from the journal alone what to do about an interrupted job. The private key died with the process that held
 * it, so a job can go forward only if the verified card already has it.
 */
export function decideRecovery(steps: readonly Step[]): RecoveryDecision {
  const state = (name: StepName): StepState | undefined => steps.find((step) => step.name === name)?.state;
  if (state('enrol') === 'done' && state('verify') === 'done') {
    return { action: 'finish', sentence: 'The card was verified and the server had been told; the record is now complete.' };
  }
  if (state('verify') === 'done') {
    return { action: 'resume-enrol', sentence: 'The card was verified before the station stopped; the server is told now.' };
  }
  if (state('enrol') !== undefined) {
    // A server kind that enrols before the write: it may expect a key that no card has.
    return { action: 'release', sentence: 'The station stopped before the card was verified: write this card again; the server may know a key that no card has.' };
  }
  if (state('write') !== undefined) {
    return { action: 'release', sentence: 'The station stopped before the card was verified: write this card again; the server knows nothing of its key.' };
  }
  return { action: 'release', sentence: 'The station stopped before the card was touched; the identity is free again.' };
}

/** How a job ended, as the bench shows it. */
export interface JobOutcome {
  readonly jobId: string;
  readonly deviceId: string;
  readonly state: JobState;
  readonly sentence: string;
  readonly fingerprint?: string | undefined;
  readonly error?: ErrorReport | undefined;
}

/** Phase of the running job as a person sees it. */
export type ProgressPhase = 'image' | 'export' | 'fetch' | StepName;

export interface Progress {
  readonly phase: ProgressPhase;
  /** What the numbers count where they are no bytes. */
  readonly unit?: 'entries' | undefined;
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Over the last seconds, 0 where nothing is known yet. */
  readonly bytesPerSecond: number;
  readonly secondsLeft?: number | undefined;
}

export type ProgressListener = (progress: Progress) => void;
