import { useVirtualizer } from '@tanstack/react-virtual';
import type { KeyboardEvent, ReactNode, RefObject } from 'react';
import { memo, useEffect } from 'react';
import { rowAfterKey } from '../logic/acceptance-keys';
import type { RowsOnPage } from './use-row-pages';
import { useRowHeight } from './use-row-height';

/** Rows above and below the screen that are drawn, so that a turn of the wheel shows no gap. */
const overscan = 8;
/** Rows that are only scrolled past are not fetched. */
const restMilliseconds = 40;

interface RowGridProps<Row> {
  readonly source: Pick<RowsOnPage<Row, unknown>, 'row' | 'show' | 'arrival'>;
  readonly total: number;
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** Begins the names of its elements: `acceptance`. */
  readonly name: string;
  readonly label: string;
  readonly columns: readonly string[];
  /** Lays out the cells of a row. */
  readonly layout?: string;
  /** The same function as long as its rows look the same. */
  readonly cells: (row: Row) => ReactNode;
  readonly stateOf: (row: Row) => string;
  readonly current: number;
  readonly onCurrent: (index: number) => void;
  readonly onOpen: (row: Row) => void;
}

/** Any number of rows: only those on the screen are drawn and fetched. One stop for Tab; the arrow keys move inside. */
export function RowGrid<Row>({ source, total, scroller, name, label, columns, layout = '', cells, stateOf, current, onCurrent, onOpen }: RowGridProps<Row>) {
  const height = useRowHeight();
  const virtualizer = useVirtualizer({ count: total, getScrollElement: () => scroller.current, estimateSize: () => height, overscan, getItemKey: (index) => index });
  const { show, row, arrival } = source;
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index;
  const last = items.at(-1)?.index;
  const rowId = (index: number): string => `${name}-row-${String(index)}`;

  useEffect(() => {
    virtualizer.measure();
  }, [virtualizer, height]);

  useEffect(() => {
    if (first === undefined || last === undefined) return undefined;
    const timer = setTimeout(() => show(first, last), restMilliseconds);
    return () => clearTimeout(timer);
  }, [show, first, last]);

  // Where the page was left, or the beginning of another search; a step of the arrow keys scrolls by itself.
  useEffect(() => {
    virtualizer.scrollToIndex(Math.min(current, Math.max(0, total - 1)), { align: current === 0 ? 'start' : 'center' });
  }, [virtualizer, arrival]);

  const marked = Math.min(current, total - 1);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      const content = row(marked);
      if (content !== undefined && !event.repeat) onOpen(content);
      return;
    }
    const next = rowAfterKey(event.key, marked, total, Math.floor((scroller.current?.clientHeight ?? height) / height));
    if (next === undefined) return;
    event.preventDefault();
    onCurrent(next);
    virtualizer.scrollToIndex(next, { align: 'auto' });
  };

  return (
    <div className="rows">
      <div role="rowgroup" className="rows__head" id={`${name}-head`}>
        <div role="row" className={`row-cells ${layout}`} aria-rowindex={1}>
          {columns.map((column) => (
            <span key={column} role="columnheader">
              {column}
            </span>
          ))}
        </div>
      </div>
      {/* What has the focus is the grid itself, or nobody hears which row is the current one; its head stands outside, where it does not scroll. */}
      <div
        ref={scroller}
        className="rows__body"
        role="grid"
        tabIndex={0}
        data-testid={`${name}-rows`}
        aria-label={label}
        aria-owns={`${name}-head`}
        aria-rowcount={total + 1}
        aria-colcount={columns.length}
        aria-activedescendant={items.some(({ index }) => index === marked) ? rowId(marked) : undefined}
        onKeyDown={onKeyDown}
      >
        <div className="rows__all" style={{ height: virtualizer.getTotalSize() }}>
          {items.map(({ index, start }) => (
            <GridRow
              key={index}
              id={rowId(index)}
              name={name}
              layout={layout}
              index={index}
              start={start}
              height={height}
              content={row(index)}
              columns={columns.length}
              cells={cells as (row: unknown) => ReactNode}
              stateOf={stateOf as (row: unknown) => string}
              current={index === marked}
              onCurrent={onCurrent}
              onOpen={onOpen as (row: unknown) => void}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

interface GridRowProps {
  readonly id: string;
  readonly name: string;
  readonly layout: string;
  readonly index: number;
  readonly start: number;
  readonly height: number;
  /** Undefined where it was not fetched yet. */
  readonly content: unknown;
  readonly columns: number;
  readonly cells: (row: unknown) => ReactNode;
  readonly stateOf: (row: unknown) => string;
  readonly current: boolean;
  readonly onCurrent: (index: number) => void;
  readonly onOpen: (row: unknown) => void;
}

/** Drawn again only when something in it is new: scrolling moves it, and changes nothing. */
const GridRow = memo(function GridRow({ id, name, layout, index, start, height, content, columns, cells, stateOf, current, onCurrent, onOpen }: GridRowProps) {
  return (
    <div
      id={id}
      role="row"
      className={`rows__row row-cells ${layout}`}
      style={{ height, transform: `translateY(${String(start)}px)` }}
      aria-rowindex={index + 2}
      aria-selected={current}
      aria-busy={content === undefined}
      data-testid={`${name}-row`}
      data-index={index}
      data-state={content === undefined ? undefined : stateOf(content)}
      onClick={() => {
        onCurrent(index);
        if (content !== undefined) onOpen(content);
      }}
    >
      {content === undefined ? <span role="gridcell" className="rows__empty" aria-colspan={columns} /> : cells(content)}
    </div>
  );
});
