import type { FocusSituation } from './focus';

export function isDialogOpen(): boolean {
  return document.querySelector('dialog[open]') !== null;
}

/** What kind of element has the focus. */
export function focusHolder(scanField: HTMLElement | null): FocusSituation['holder'] {
  const active = document.activeElement;
  if (active === null || active === document.body) return 'nothing';
  if (active === scanField) return 'scan-field';
  if (active instanceof HTMLTextAreaElement || active instanceof HTMLSelectElement) return 'text-input';
  if (active instanceof HTMLInputElement) return active.type === 'checkbox' ? 'control' : 'text-input';
  return 'control';
}

export function isTextMarked(): boolean {
  const selection = document.getSelection();
  return selection !== null && !selection.isCollapsed && selection.toString() !== '';
}
