import type { Identity } from '../contract';

/** An identity for the eye: the scanned value big, the rest small. */
export interface IdentityView {
  readonly main: string;
  /** `serial 1928819 · line 3`, empty where there is nothing else. */
  readonly rest: string;
}

export function viewIdentity(identity: Identity, scanAttribute: string): IdentityView {
  const names = Object.keys(identity);
  const first = names.includes(scanAttribute) ? scanAttribute : names[0];
  if (first === undefined) return { main: '', rest: '' };
  const rest = names.filter((name) => name !== first).map((name) => `${name} ${identity[name] ?? ''}`);
  return { main: identity[first] ?? '', rest: rest.join(' · ') };
}

export type IdentityFilter = { readonly ok: true; readonly identity: Identity | undefined } | { readonly ok: false; readonly part: string };

/**
 * Reads a filter such as `mac=02:00:00:00:00:01 serial=7`. A part without `=` is the value of the scanned attribute, so a
 * scanner works here too.
 */
export function readIdentityFilter(text: string, scanAttribute: string): IdentityFilter {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  if (parts.length === 0) return { ok: true, identity: undefined };
  const identity: Record<string, string> = {};
  for (const part of parts) {
    const at = part.indexOf('=');
    const name = at < 0 ? scanAttribute : part.slice(0, at);
    const value = part.slice(at + 1);
    if (name === '' || value === '') return { ok: false, part };
    identity[name] = value;
  }
  return { ok: true, identity };
}
