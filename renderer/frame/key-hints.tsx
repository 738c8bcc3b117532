import { keyNames } from '../logic/key-names';
import { texts } from '../texts';

export interface KeyHint {
  readonly keys: string;
  readonly does: string;
}

const everywhere: readonly KeyHint[] = [
  { keys: 'F1', does: texts.hints.bench },
  { keys: 'Ctrl+G', does: texts.orders.title },
  { keys: 'F2', does: texts.hints.devices },
  { keys: 'F9', does: texts.hints.acceptance },
  { keys: 'F11', does: texts.hints.certificates },
  { keys: 'Ctrl+F', does: texts.hints.audit },
  { keys: 'F12', does: texts.hints.help },
];

const slotsHint: KeyHint = { keys: 'F4', does: texts.hints.slotBinding };

/** The keys that work on this page, at the foot of the window. `slots`: slots can be bound. */
export function KeyHints({ hints, slots }: { readonly hints: readonly KeyHint[]; readonly slots: boolean }) {
  return (
    <footer className="hints">
      <ul>{hints.map(renderHint)}</ul>
      <ul>{(slots ? [...everywhere.slice(0, 3), slotsHint, ...everywhere.slice(3)] : everywhere).map(renderHint)}</ul>
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
