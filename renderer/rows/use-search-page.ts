import { useRef, type RefObject } from 'react';
import { focusHolder, isDialogOpen } from '../logic/elements';
import { landsInScanField, type KeyPress } from '../logic/focus';
import type { PlaceCommand } from '../logic/search-keys';
import { useKeys } from '../state/use-keys';
import type { RowsOnPage } from './use-row-pages';

interface SearchPage {
  /** The field of the search. */
  readonly field: RefObject<HTMLInputElement | null>;
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** Enter on what is found already: the device, where it is the only one; else into the rows. */
  readonly openFound: () => void;
}

/**
 * The keyboard of a page of rows with a search.
 *
 * @param read of a key press, undefined where it is not the page's business
 * @param act on what is not of the keyboard's place
 */
export function useSearchPage<Command extends { readonly type: string }>(
  { total, row }: Pick<RowsOnPage<{ readonly deviceId: string }, unknown>, 'total' | 'row'>,
  read: (press: KeyPress, context: { readonly inInput: boolean }) => Command | PlaceCommand | undefined,
  act: (command: Command) => void,
  onOpen: (deviceId: string) => void,
): SearchPage {
  const field = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const intoField = (): void => {
    field.current?.focus();
    field.current?.select();
  };

  useKeys((event) => {
    if (isDialogOpen()) return;
    const command = read(event, { inInput: event.target instanceof HTMLInputElement });
    if (command === undefined) {
      // A scan is the next search, wherever the focus is.
      if (!event.ctrlKey && landsInScanField(event, { dialogOpen: false, holder: focusHolder(null) })) intoField();
      return;
    }
    event.preventDefault();
    if (event.repeat) return;
    if (!isPlace(command)) act(command);
    else if (command.type === 'text-filter') intoField();
    else scroller.current?.focus();
  });

  const openFound = (): void => {
    const only = total === 1 ? row(0) : undefined;
    if (only === undefined) scroller.current?.focus();
    else onOpen(only.deviceId);
  };
  return { field, scroller, openFound };
}

function isPlace(command: { readonly type: string }): command is PlaceCommand {
  return command.type === 'text-filter' || command.type === 'into-rows';
}
