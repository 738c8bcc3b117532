import { describePort } from '../domain/drives';
import type { ErrorCode } from '../domain/errors';
import { describeIdentity, type Identity } from '../domain/identity';
import type { LabelPrint, LabelState } from '../domain/labels';
import type { JobOutcome, Progress, ProgressPhase, StepName } from '../domain/job';
import type { ServerKind } from '../domain/ports';
import type { SlotSettings } from '../domain/profile';
import type { SlotWord } from '../domain/slot-words';

export type BenchSlotState = 'free' | 'ready' | 'running' | 'done' | 'accepted' | 'waiting' | 'cancelled' | 'failed';

/** Whether a card is in a slot. */
export interface SlotCard {
  readonly present: boolean;
  /** `Card 31.9 GB`, `No card` */
  readonly description: string;
  /** How large it is; absent where there is none. */
  readonly bytes?: number | undefined;
}

/** The label of a slot's job. */
export interface SlotLabel {
  readonly state: LabelState;
  readonly sentence: string;
  /** The printed label is to be scanned. */
  readonly awaitsScan: boolean;
}

/** A slot as the bench shows it. */
export interface BenchSlot {
  readonly name: string;
  readonly place: string;
  /** Absent where that is not known: before the drives were looked at, and for a file that stands for a card. */
  readonly card?: SlotCard | undefined;
  readonly state: BenchSlotState;
  readonly word: SlotWord;
  readonly sentence: string;
  /** Why it stopped: `identity-at-server` and `identity-recorded` are conflicts that a person may resolve. */
  readonly errorCode?: ErrorCode | undefined;
  readonly identity?: Identity | undefined;
  /** The batch counts: the identity was given to the slot, and the reservation has the word which one it is. */
  readonly counted?: boolean | undefined;
  readonly deviceId?: string | undefined;
  readonly jobId?: string | undefined;
  readonly fingerprint?: string | undefined;
  /** Where the profile prints one. */
  readonly label?: SlotLabel | undefined;
  readonly progress?: Progress | undefined;
  readonly canCancel: boolean;
  readonly canPowerOn: boolean;
}

export const stepWords: Readonly<Record<StepName, SlotWord>> = {
  reserve: 'Reserving',
  check: 'Checking',
  generate: 'Generating',
  write: 'Writing',
  verify: 'Verifying',
  enrol: 'Enrolling',
  confirm: 'Trying the key',
  destroy: 'Erasing',
  record: 'Recording',
};

/** What a slot says while bytes are counted. */
export const phaseWords: Readonly<Record<ProgressPhase, SlotWord>> = { ...stepWords, image: 'Reading', export: 'Exporting', fetch: 'Reading' };

/** How a job ended; one that is done has the word of its kind of server. */
const endWords: Readonly<Record<Exclude<JobOutcome['state'], 'done'>, SlotWord>> = {
  open: 'Running',
  failed: 'Stopped',
  cancelled: 'Cancelled',
  compensated: 'Stopped',
  waiting: 'Waiting',
};

export function endWord(state: JobOutcome['state'], { expectedWord }: ServerKind): SlotWord {
  return state === 'done' ? expectedWord : endWords[state];
}

export const cancellable: ReadonlySet<StepName> = new Set<StepName>(['reserve', 'check', 'generate', 'write', 'verify']);

export function freeSlot(settings: SlotSettings): BenchSlot {
  return { name: settings.name, place: settings.path ?? describePort(settings.port), state: 'free', word: 'Free', sentence: 'Scan the label of a board.', canCancel: false, canPowerOn: false };
}

/** What a slot waits for. `alone`: it starts as soon as a card comes in. */
export function readySentence(name: string, identity: Identity, alone: boolean): string {
  return alone
    ? `Put a card into ${name}: it becomes the card of ${describeIdentity(identity)} as soon as it is in.`
    : `Put a card into ${name} and press Enter to make it the card of ${describeIdentity(identity)}.`;
}

/** The card came while nobody was there who may make devices: it is started by somebody, and not by itself as nobody. */
export function insertedUnattended(name: string, identity: Identity): string {
  return `A card came into ${name} while nobody was signed in who may make devices. Press Enter to make it the card of ${describeIdentity(identity)}.`;
}

/** What the bench says of a label that is not done with. */
const labelSentences: Readonly<Record<LabelState, string>> = {
  waiting: 'Its label is printed next.',
  sending: 'Its label is being printed.',
  doubtful: 'It is not known whether its label was printed: look at the printer.',
  printed: 'Its label is printed.',
  failed: 'Its label was given up.',
};

export const scanLabelWord = 'Scan the label';

export function slotLabel({ state, sentence, scanBack, scannedAt, attempts }: Pick<LabelPrint, 'state' | 'sentence' | 'scanBack' | 'scannedAt' | 'attempts'>): SlotLabel {
  if (state === 'printed' && scannedAt !== undefined) return { state, sentence: 'Its label is printed and was scanned.', awaitsScan: false };
  const awaitsScan = state === 'printed' && scanBack;
  if (awaitsScan) return { state, sentence: 'Stick its label onto the board and scan it.', awaitsScan };
  // Why it waits is said once it was tried.
  return { state, sentence: state === 'waiting' && attempts > 0 ? `Its label waits: ${sentence ?? ''}` : labelSentences[state], awaitsScan };
}
