import type { CertificateState } from '../contract';
import type { KeyPress } from './focus';
import { readSearchKey, type PlaceCommand, type StateCommand } from './search-keys';

/** A certificate as the window shows it: the record's states, and what its validity makes of one that is issued. */
export type ShownState = CertificateState | 'ending' | 'expired';

/** From this share of its validity on a certificate wants to be renewed; it is the same for a day as for ten years. */
const endingShare = 2 / 3;

export function shownState({ state, notBefore, notAfter }: { readonly state: CertificateState; readonly notBefore: string; readonly notAfter: string }, now: number): ShownState {
  if (state !== 'issued') return state;
  const [from, until] = [Date.parse(notBefore), Date.parse(notAfter)];
  if (now >= until) return 'expired';
  return now >= from + (until - from) * endingShare ? 'ending' : 'issued';
}

/** The order of the buttons, and of Alt and a digit. */
export const certificateStatesInOrder = ['issued', 'superseded', 'revoked', 'lost'] as const satisfies readonly CertificateState[];

/** Spans to choose from, in hours; 0: those that have ended. */
export const spans = [0, 24, 7 * 24, 30 * 24, 90 * 24, 365 * 24] as const;

export type CertificatesCommand = { readonly type: 'compromised' } | StateCommand<CertificateState>;

/** Reads a key press on the page of what expires when; undefined where it is not the page's business. */
export function readCertificatesKey(press: KeyPress, context: { readonly inInput: boolean }): CertificatesCommand | PlaceCommand | undefined {
  if (press.metaKey) return undefined;
  if (press.ctrlKey) return press.key.toLowerCase() === 'i' && !press.altKey ? { type: 'compromised' } : undefined;
  return readSearchKey(press, context, certificateStatesInOrder);
}
