import { texts } from '../texts';

export interface KeyHint {
  readonly keys: string;
  readonly does: string;
}

const everywhere: readonly KeyHint[] = [
  { keys: 'F1', does: texts.hints.bench },
  { keys: 'F2', does: texts.hints.devices },
  { keys: 'F8', does: texts.hints.theme },
  { keys: 'F12', does: texts.hints.help },
];

/** The keys that work on this page, at the foot of the window. */
export function KeyHints({ hints }: { readonly hints: readonly KeyHint[] }) {
  return (
    <footer className="hints">
      <ul>{hints.map(renderHint)}</ul>
      <ul>{everywhere.map(renderHint)}</ul>
    </footer>
  );
}

function renderHint({ keys, does }: KeyHint) {
  return (
    <li key={keys}>
      <kbd>{keys}</kbd>
      {does}
    </li>
  );
}
