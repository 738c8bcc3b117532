import type { BenchView, CodeQuestion, ErrorReport, OutboxView, SecretQuestion, SlotView } from '../contract';
import type { ShownNotice } from '../logic/of-main';

export interface NumberedNotice extends ShownNotice {
  readonly number: number;
}

/** What the window knows: main's own words, nothing worked out here. */
export interface StationState {
  readonly bench: BenchView | undefined;
  /** Why there is no bench. */
  readonly problem: ErrorReport | undefined;
  /** Questions for secrets, oldest first; one is shown at a time. */
  readonly questions: readonly SecretQuestion[];
  /** Questions for one-time codes, oldest first. */
  readonly codes: readonly CodeQuestion[];
  readonly notices: readonly NumberedNotice[];
  readonly lastNotice: number;
}

export const unknownStation: StationState = { bench: undefined, problem: undefined, questions: [], codes: [], notices: [], lastNotice: 0 };

export const mostNotices = 3;

export type StationEvent =
  | { readonly type: 'bench'; readonly bench: BenchView }
  | { readonly type: 'slot'; readonly slot: SlotView }
  | { readonly type: 'outbox'; readonly outbox: OutboxView }
  | { readonly type: 'code'; readonly code: CodeQuestion }
  | { readonly type: 'problem'; readonly problem: ErrorReport }
  | { readonly type: 'question'; readonly question: SecretQuestion }
  | { readonly type: 'answered'; readonly requestId: string }
  | { readonly type: 'notice'; readonly notice: ShownNotice }
  | { readonly type: 'dismiss'; readonly number: number };

export function nextStation(state: StationState, event: StationEvent): StationState {
  switch (event.type) {
    case 'bench':
      return { ...state, bench: event.bench, problem: undefined };
    case 'slot':
      return state.bench === undefined ? state : { ...state, bench: withSlot(state.bench, event.slot) };
    case 'outbox':
      return state.bench === undefined ? state : { ...state, bench: { ...state.bench, outbox: event.outbox } };
    case 'problem':
      return { ...state, problem: event.problem };
    case 'question': {
      const others = state.questions.filter((question) => question.requestId !== event.question.requestId);
      return { ...state, questions: [...others, event.question] };
    }
    case 'code':
      return { ...state, codes: [...state.codes.filter((code) => code.requestId !== event.code.requestId), event.code] };
    case 'answered':
      return {
        ...state,
        questions: state.questions.filter((question) => question.requestId !== event.requestId),
        codes: state.codes.filter((code) => code.requestId !== event.requestId),
      };
    case 'notice': {
      const number = state.lastNotice + 1;
      // The same sentence twice is one notice that lasts longer.
      const others = state.notices.filter((notice) => notice.sentence !== event.notice.sentence || notice.english !== event.notice.english);
      return { ...state, lastNotice: number, notices: [...others, { ...event.notice, number }].slice(-mostNotices) };
    }
    case 'dismiss':
      return { ...state, notices: state.notices.filter((notice) => notice.number !== event.number) };
  }
}

/** Other slots keep their objects, so their cards are not drawn again. */
function withSlot(bench: BenchView, slot: SlotView): BenchView {
  return { ...bench, slots: bench.slots.map((old) => (old.name === slot.name ? slot : old)) };
}
