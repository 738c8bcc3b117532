/** What main says, for a window that speaks another language: first in its own words, then main's English sentence. */
import type { AccessView, ErrorReport, ListProblem, Notice, SlotView } from '../contract';
import { texts } from '../texts';

const { ofMain } = texts;

/** English beneath, where the first is not main's own sentence. */
export interface Said {
  readonly said: string;
  readonly english?: string;
}

/** An error, or what a form of this window found by itself. */
export interface ShownError extends ErrorReport {
  /** The sentence is the window's own, and in its language. */
  readonly own?: true;
}

/** What the window finds wrong without asking main. */
export function ownError(code: ErrorReport['code'], sentence: string, field?: string): ShownError {
  return { code, sentence, own: true, ...(field === undefined ? {} : { field }) };
}

export function errorWords({ code, sentence, own }: ShownError): Said {
  return ofMain === undefined || own === true ? { said: sentence } : { said: ofMain.errorCodes[code], english: sentence };
}

/** What a slot waits for or how it ended; a label that a hand must see to comes before what is known already. The English beneath is left out where it says no more. */
export function slotSentence({ state, errorCode, sentence, label }: Pick<SlotView, 'state' | 'errorCode' | 'sentence' | 'label'>): Said {
  if (label !== undefined && (label.state !== 'printed' || label.awaitsScan)) {
    return ofMain === undefined ? { said: label.sentence } : { said: ofMain.labels[label.awaitsScan ? 'scan' : label.state], english: label.sentence };
  }
  if (ofMain === undefined) return { said: sentence };
  const said = errorCode === undefined || state === 'cancelled' ? ofMain.slots[state] : ofMain.errorCodes[errorCode];
  return state === 'free' || state === 'running' ? { said } : { said, english: sentence };
}

/** What is wrong with a row of a list. */
export function problemWords(why: ListProblem, sentence: string): Said {
  return ofMain === undefined ? { said: sentence } : { said: ofMain.listProblems[why], english: sentence };
}

/** Why the window locked by itself; undefined where that is plain. */
export function lockWords({ why, sentence }: Pick<AccessView, 'why' | 'sentence'>): Said | undefined {
  if (sentence === undefined) return undefined;
  return ofMain === undefined || why === undefined ? { said: sentence } : { said: ofMain.lockReasons[why] };
}

/** @param cause an error's code, or one of those that no error has. @param word main's, for a cause that this window does not know */
export function causeWords(cause: string, word: string): string {
  const known: Readonly<Record<string, string>> = { ...ofMain?.errorCodes, ...ofMain?.causes };
  return known[cause]?.replace(/[.。]$/, '') ?? word;
}

/** A notice with main's English beneath. */
export interface ShownNotice extends Notice {
  readonly english?: string;
}

/** What main told, as a notice: its tone is a word of this language, its sentence is English. */
export function told(sentence: string, tone: Notice['tone']): ShownNotice {
  return ofMain === undefined ? { sentence, tone } : { sentence: '', english: sentence, tone };
}

/** @param about what it is about, such as a slot */
export function refused(error: ShownError, about?: string): ShownNotice {
  const { said, english } = errorWords(error);
  return { sentence: about === undefined ? said : `${about}: ${said}`, tone: 'problem', ...(english === undefined ? {} : { english }) };
}
