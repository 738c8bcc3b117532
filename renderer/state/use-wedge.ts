import { useEffect, useRef } from 'react';
import { readBenchCode } from '../logic/command-codes';
import { isDialogOpen } from '../logic/elements';
import { characterOf, endOfScan, groupSeparator, isScanning, tailMilliseconds, withCharacter, type Burst } from '../logic/keyboard-wedge';

/** An input as it was before a scanner typed into it. */
interface Before {
  readonly input: HTMLInputElement | HTMLTextAreaElement;
  readonly value: string;
}

/**
 * In a dialog an input that asks for a scan says so by `data-scans`, or its form does; what is scanned there is its own, but for a command.
 *
 * SECURITY: so is what goes into a hidden field, a badge or a password that another program types: it must never stand on a red screen.
 */
const asksForScan = (element: Element | null): boolean =>
  !isDialogOpen() || (element instanceof HTMLElement && element.closest('[data-scans]') !== null) || (element instanceof HTMLInputElement && element.type === 'password');

const textOf = (element: Element | null): HTMLInputElement | HTMLTextAreaElement | undefined =>
  element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && element.type !== 'checkbox') ? element : undefined;

/** Puts a text into an input so that React hears of it. */
function putText(input: HTMLInputElement | HTMLTextAreaElement, value: string): void {
  const prototype = input instanceof HTMLTextAreaElement ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype;
  Object.getOwnPropertyDescriptor(prototype, 'value')?.set?.call(input, value);
  input.dispatchEvent(new Event('input', { bubbles: true }));
}

/**
 * Takes scans that would land where nobody asked for one, above all in a dialog, and commands wherever they are scanned. The
 * scanner's Enter answers no dialog and presses no button.
 */
export function useWedge(onScan: (text: string) => void): void {
  const newest = useRef(onScan);
  newest.current = onScan;
  useEffect(() => {
    // At the window, so before every page and dialog.
    let burst: Burst | undefined;
    let before: Before | undefined;
    let tailUntil = 0;

    const stop = (event: KeyboardEvent): void => {
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    const onCharacter = (event: KeyboardEvent, character: string): void => {
      // The next scan has begun, however soon: its terminator is its own.
      tailUntil = 0;
      const next = withCharacter(burst, character, event.timeStamp);
      const input = textOf(document.activeElement);
      if (next.text.length === 1) before = input === undefined ? undefined : { input, value: input.value };
      burst = next;
      if (character === groupSeparator && input !== undefined && asksForScan(input)) {
        event.preventDefault();
        const at = input.selectionStart ?? input.value.length;
        putText(input, input.value.slice(0, at) + groupSeparator + input.value.slice(input.selectionEnd ?? at));
        return;
      }
      // A blank inside a scan presses no button.
      if (character === ' ' && input === undefined && next.text.length > 1 && isScanning(next, event.timeStamp)) event.preventDefault();
    };
    const onKey = (event: KeyboardEvent): void => {
      const character = event.repeat ? undefined : characterOf(event);
      if (character !== undefined) return onCharacter(event, character);
      if (event.key === 'Shift' || event.key === 'CapsLock' || event.key === 'Control') return;
      const ended = burst;
      burst = undefined;
      if (event.key !== 'Enter' && event.key !== 'Tab') return;
      if (event.timeStamp < tailUntil) return stop(event);
      const input = textOf(document.activeElement);
      const typed = input?.value.trim() ?? '';
      const scanned = endOfScan(ended, event.timeStamp);
      // A command counts wherever it stands, however slow the scanner is.
      const command = [scanned, typed].find((text) => text !== undefined && readBenchCode(text) !== undefined);
      const unasked = scanned !== undefined && !asksForScan(input ?? null);
      if (command === undefined && !unasked) return;
      stop(event);
      tailUntil = event.timeStamp + tailMilliseconds;
      // A scanner that stopped for a moment within its code left the first part in the input: all of that is the command.
      if (input !== undefined && command !== undefined && command === typed) putText(input, '');
      else if (before !== undefined && before.input.isConnected && before.input === input) putText(before.input, before.value);
      before = undefined;
      newest.current(command ?? scanned ?? '');
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, []);
}
