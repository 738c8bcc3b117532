import { keyNames } from '../logic/key-names';
import { texts } from '../texts';

export interface KeyHint {
  readonly keys: string;
  readonly does: string;
}

const everywhere: KeyHint = { keys: 'F12', does: texts.hints.help };
const slotsHint: KeyHint = { keys: 'F4', does: texts.hints.slotBinding };

/** The keys that work on this page, at the foot of the window; those that lead to a page stand beside it. `slots`: slots can be bound. */
export function KeyHints({ hints, slots }: { readonly hints: readonly KeyHint[]; readonly slots: boolean }) {
  return (
    <footer className="hints">
      <ul>{hints.map(renderHint)}</ul>
      <ul>{(slots ? [slotsHint, everywhere] : [everywhere]).map(renderHint)}</ul>
    </footer>
  );
}

function renderHint({ keys, does }: KeyHint) {
  return (
    <li key={keys}>
      <kbd>{keyNames(keys)}</kbd>
      {does}
    </li>
  );
}
