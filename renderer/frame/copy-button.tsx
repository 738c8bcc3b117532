import { useState } from 'react';
import { texts } from '../texts';
import { Icon } from './icons';

/** Copies a text, and says so until another one is copied or the page is left. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="button button--plain copy"
      aria-label={`${texts.copy.copy}: ${what}`}
      data-testid="copy"
      data-copied={copied}
      onClick={() => setCopied(copyText(text))}
      onBlur={() => setCopied(false)}
    >
      <Icon name={copied ? 'done' : 'copy'} />
      <span role="status">{copied ? texts.copy.copied : texts.copy.copy}</span>
    </button>
  );
}

/** SECURITY: the page has no permission for the clipboard; a copy that the person's own press makes needs none, and reads nothing. */
function copyText(text: string): boolean {
  const give = (event: ClipboardEvent): void => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  document.addEventListener('copy', give, { capture: true });
  try {
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- what replaces it asks for a permission
    return document.execCommand('copy');
  } finally {
    document.removeEventListener('copy', give, { capture: true });
  }
}
