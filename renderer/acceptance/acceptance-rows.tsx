import { useVirtualizer } from '@tanstack/react-virtual';
import type { KeyboardEvent, RefObject } from 'react';
import { memo, useEffect } from 'react';
import type { AcceptanceRowView } from '../contract';
import { rowAfterKey } from '../logic/acceptance-keys';
import { formatAge, formatDate, formatTime } from '../logic/format';
import { viewIdentity } from '../logic/identity';
import { texts } from '../texts';
import { AcceptanceBadge } from './acceptance-badge';
import type { Acceptances } from './use-acceptances';
import { useRowHeight } from './use-row-height';

const { columns } = texts.acceptance;
/** Rows above and below the screen that are drawn, so that a turn of the wheel shows no gap. */
const overscan = 8;
/** Rows that are only scrolled past are not fetched. */
const restMilliseconds = 40;

interface AcceptanceRowsProps {
  readonly acceptances: Acceptances;
  readonly total: number;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly scanAttribute: string;
  readonly current: number;
  readonly onCurrent: (row: number) => void;
  readonly onOpen: (deviceId: string) => void;
}

/** Any number of rows: only those on the screen are drawn and fetched. One stop for Tab; the arrow keys move inside. */
export function AcceptanceRows({ acceptances, total, scroller, scanAttribute, current, onCurrent, onOpen }: AcceptanceRowsProps) {
  const height = useRowHeight();
  const virtualizer = useVirtualizer({ count: total, getScrollElement: () => scroller.current, estimateSize: () => height, overscan, getItemKey: (index) => index });
  const { show, row } = acceptances;
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index;
  const last = items.at(-1)?.index;

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
  }, [virtualizer, acceptances.arrival]);

  const marked = Math.min(current, total - 1);
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Enter') {
      event.preventDefault();
      const device = row(marked);
      if (device !== undefined && !event.repeat) onOpen(device.deviceId);
      return;
    }
    const next = rowAfterKey(event.key, marked, total, Math.floor((scroller.current?.clientHeight ?? height) / height));
    if (next === undefined) return;
    event.preventDefault();
    onCurrent(next);
    virtualizer.scrollToIndex(next, { align: 'auto' });
  };

  return (
    <div className="rows" role="grid" aria-label={texts.acceptance.rows} aria-rowcount={total + 1} aria-colcount={7}>
      <div role="rowgroup" className="rows__head">
        <div role="row" className="row-cells" aria-rowindex={1}>
          {[columns.identity, columns.batch, columns.profile, columns.since, columns.accepted, columns.state, columns.diagnosis].map((name) => (
            <span key={name} role="columnheader">
              {name}
            </span>
          ))}
        </div>
      </div>
      <div
        ref={scroller}
        className="rows__body"
        role="rowgroup"
        tabIndex={0}
        data-testid="acceptance-rows"
        aria-label={texts.acceptance.rows}
        aria-activedescendant={rowId(marked)}
        onKeyDown={onKeyDown}
      >
        <div className="rows__all" style={{ height: virtualizer.getTotalSize() }}>
          {items.map(({ index, start }) => (
            <Row key={index} index={index} start={start} height={height} device={row(index)} scanAttribute={scanAttribute} current={index === marked} onCurrent={onCurrent} onOpen={onOpen} />
          ))}
        </div>
      </div>
    </div>
  );
}

const rowId = (index: number): string => `acceptance-row-${String(index)}`;

interface RowProps {
  readonly index: number;
  readonly start: number;
  readonly height: number;
  readonly device: AcceptanceRowView | undefined;
  readonly scanAttribute: string;
  readonly current: boolean;
  readonly onCurrent: (row: number) => void;
  readonly onOpen: (deviceId: string) => void;
}

/** Drawn again only when something in it is new: scrolling moves it, and changes nothing. */
const Row = memo(function Row({ index, start, height, device, scanAttribute, current, onCurrent, onOpen }: RowProps) {
  return (
    <div
      id={rowId(index)}
      role="row"
      className="acceptance-row row-cells"
      style={{ height, transform: `translateY(${String(start)}px)` }}
      aria-rowindex={index + 2}
      aria-selected={current}
      aria-busy={device === undefined}
      data-testid="acceptance-row"
      data-index={index}
      data-state={device?.acceptance}
      onClick={() => {
        onCurrent(index);
        if (device !== undefined) onOpen(device.deviceId);
      }}
    >
      {device === undefined ? <span role="gridcell" className="acceptance-row__empty" aria-colspan={7} /> : <Cells device={device} scanAttribute={scanAttribute} />}
    </div>
  );
});

function Cells({ device, scanAttribute }: { readonly device: AcceptanceRowView; readonly scanAttribute: string }) {
  const identity = viewIdentity(device.identity, scanAttribute);
  const { acceptance, diagnosis, sentence, preauthorizedAt, acceptedAt } = device;
  return (
    <>
      <span role="gridcell" className="cell cell--identity">
        <span className="code">{identity.main}</span>
        {identity.rest === '' ? null : <small>{identity.rest}</small>}
      </span>
      <span role="gridcell" className="cell" title={device.batch}>
        {device.batch ?? '—'}
      </span>
      <span role="gridcell" className="cell quiet" title={device.profileName}>
        {device.profileName}
      </span>
      <span role="gridcell" className="cell cell--moment">
        <Moment at={preauthorizedAt} />
        {preauthorizedAt === undefined || acceptance === 'accepted' ? null : <small>{texts.acceptance.waitsFor(formatAge(preauthorizedAt, Date.now()))}</small>}
      </span>
      <span role="gridcell" className="cell cell--moment">
        <Moment at={acceptedAt} />
      </span>
      <span role="gridcell" className="cell">
        <AcceptanceBadge state={acceptance} />
      </span>
      <span role="gridcell" className="cell cell--sentence" title={sentence}>
        {diagnosis === undefined ? null : <strong>{texts.diagnoses[diagnosis]}. </strong>}
        {sentence ?? ''}
      </span>
    </>
  );
}

function Moment({ at }: { readonly at: string | undefined }) {
  if (at === undefined) return <>—</>;
  return (
    <time dateTime={at}>
      {formatDate(at)} {formatTime(at).slice(0, 5)}
    </time>
  );
}
