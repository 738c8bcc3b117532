import type { WindowApi } from './contract';
import { ownError, type ShownError } from './logic/of-main';
import { texts } from './texts';

declare global {
  interface Window {
    /** Put there by the preload script; absent only where the page is opened outside the application. */
    readonly imprint?: WindowApi;
  }
}

/**
 * Asks main for something.
 *
 * @returns the reply; a call that got none at all is an `unexpected` error, so a caller never has to catch
 */
export const ask: WindowApi['call'] = async (name, params) => {
  try {
    if (window.imprint === undefined) return unanswered(texts.problems.noStation);
    return await window.imprint.call(name, params);
  } catch {
    return unanswered(texts.problems.noAnswer);
  }
};

function unanswered(sentence: string): { readonly ok: false; readonly error: ShownError } {
  return { ok: false, error: ownError('unexpected', sentence) };
}

/** Subscribes to what main tells without being asked. */
export const listen: WindowApi['on'] = (name, listener) => window.imprint?.on(name, listener) ?? (() => undefined);
