import type { BenchView, SlotView } from '../contract';
import { hasEnded, slotColumns, type ArrowKey } from './slots';

export interface Place {
  readonly row: number;
  readonly column: number;
}

export interface Desk {
  readonly columns: number;
  readonly rows: number;
  /** By slot, in the order of the bench. */
  readonly places: readonly Place[];
}

type Layout = BenchView['desk']['layout'];

/** Where each slot stands. Without a layout: row by row, as many columns as can be read at two metres. */
export function deskOf(count: number, layout: Layout): Desk {
  const columns = Math.max(1, layout === undefined ? slotColumns(count) : Math.min(layout.columns, count));
  const rows = Math.max(1, Math.ceil(count / columns));
  const places = Array.from({ length: count }, (_, index): Place => {
    const byColumn = layout?.order === 'columns' || layout?.order === 'columns-up';
    const row = byColumn ? index % rows : Math.floor(index / columns);
    const column = byColumn ? Math.floor(index / rows) : index % columns;
    const up = layout?.order === 'rows-up' || layout?.order === 'columns-up';
    return { row: up ? rows - 1 - row : row, column };
  });
  return { columns, rows, places };
}

/** The slot that an arrow key leads to; the edge holds, and so does a gap. */
export function neighbourOn({ places }: Desk, index: number, key: ArrowKey): number {
  const from = places[index];
  if (from === undefined) return index;
  const row = from.row + (key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0);
  const column = from.column + (key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0);
  const found = places.findIndex((place) => place.row === row && place.column === column);
  return found < 0 ? index : found;
}

/** The card that is taken out next: the first in the order of the desk whose job is over. */
export function nextToTakeOut(slots: readonly SlotView[]): SlotView | undefined {
  return slots.find(({ state }) => hasEnded(state));
}
