import type { ErrorCode, LabelState, ListProblem, LockReason, SlotState } from '../contract';

/** The shape of another language: the same names all the way down, the same parameters, other words. */
export type Translated<English> = English extends string
  ? string
  : English extends (...parameters: infer Parameters) => string
    ? (...parameters: Parameters) => string
    : English extends readonly (infer Item)[]
      ? readonly Translated<Item>[]
      : { readonly [Name in keyof English]: Translated<English[Name]> };

/**
 * Main's sentences are English: they carry names, paths and numbers, and the log has them. In a window that speaks another
 * language this stands before each of them, first and large: short, and true of every sentence that main makes there.
 */
export interface OfMain {
  readonly errorCodes: Readonly<Record<ErrorCode, string>>;
  /** What a slot waits for or how it ended; one that stopped says why by its code. */
  readonly slots: Readonly<Record<SlotState, string>>;
  /** What becomes of the label of a slot's card; `scan`: it is printed, and to be scanned. */
  readonly labels: Readonly<Record<LabelState | 'scan', string>>;
  readonly lockReasons: Readonly<Record<LockReason, string>>;
  /** What is wrong with a row of a list. */
  readonly listProblems: Readonly<Record<ListProblem, string>>;
  /** Why a card stopped, where no code was kept. */
  readonly causes: Readonly<Record<'interrupted' | 'not-kept', string>>;
}
