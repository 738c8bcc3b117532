import type { KeyboardEvent, RefObject } from 'react';
import { useState } from 'react';
import type { BenchView, DayRowView } from '../contract';
import type { IconName } from '../frame/icons';
import { Icon, jobIcons } from '../frame/icons';
import { formatTime } from '../logic/format';
import { viewIdentity } from '../logic/identity';
import { rowAfter } from '../logic/rows';
import { jobWord } from '../logic/words';
import { texts } from '../texts';

interface DayListProps {
  readonly bench: BenchView;
  readonly list: RefObject<HTMLUListElement | null>;
  readonly onOpen: (deviceId: string) => void;
}

/** The day's jobs. One stop for Tab; the arrow keys move inside. */
export function DayList({ bench, list, onOpen }: DayListProps) {
  const [current, setCurrent] = useState(0);
  const { today, counts } = bench;
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = rowAfter(event.key, current, today.length);
    if (next === undefined) return;
    event.preventDefault();
    setCurrent(next);
    list.current?.querySelectorAll('button')[next]?.focus();
  };
  return (
    <section className="day" aria-label={texts.day.title}>
      <header className="day__head">
        <h2>{texts.day.title}</h2>
        <dl className="counts">
          <Count name={texts.day.done} value={counts.done} icon="done" />
          <Count name={texts.day.accepted} value={counts.accepted} icon="accepted" />
          <Count name={texts.day.stopped} value={counts.failed} icon="failed" />
        </dl>
      </header>
      {today.length === 0 ? <p className="day__empty">{texts.day.empty}</p> : null}
      <ul className="day__list" ref={list} onKeyDown={onKeyDown}>
        {today.map((row, index) => (
          <DayRow key={row.jobId} bench={bench} row={row} several={bench.slots.length > 1} reachable={index === Math.min(current, today.length - 1)} onFocus={() => setCurrent(index)} onOpen={onOpen} />
        ))}
      </ul>
    </section>
  );
}

function Count({ name, value, icon }: { readonly name: string; readonly value: number; readonly icon: 'done' | 'accepted' | 'failed' }) {
  return (
    <div className={`count count--${icon}`}>
      <dt>{name}</dt>
      <dd>
        <Icon name={icon} />
        {value}
      </dd>
    </div>
  );
}

interface DayRowProps {
  readonly bench: BenchView;
  readonly row: DayRowView;
  readonly several: boolean;
  readonly reachable: boolean;
  readonly onFocus: () => void;
  readonly onOpen: (deviceId: string) => void;
}

function DayRow({ bench, row, several, reachable, onFocus, onOpen }: DayRowProps) {
  const identity = viewIdentity(row.identity, bench.scanAttribute);
  const { word, tone, icon } = result(bench, row);
  return (
    <li>
      <button type="button" className="day-row" data-testid="day-row" data-state={row.state} tabIndex={reachable ? 0 : -1} onFocus={onFocus} onClick={() => onOpen(row.deviceId)}>
        <span className="day-row__identity">
          {identity.main}
          {identity.rest === '' ? null : <small>{identity.rest}</small>}
        </span>
        <span className="day-row__facts">
          <time dateTime={row.startedAt}>{formatTime(row.startedAt)}</time>
          {several ? <span>{row.slot}</span> : null}
        </span>
        <span className={`badge tone--${tone}`}>
          <Icon name={icon} />
          {word}
        </span>
        {row.label === undefined ? null : (
          <span className="day-row__label" data-testid="day-label" data-label={row.label}>
            <Icon name={row.label === 'scan' ? 'ready' : 'label'} />
            {texts.labels.marks[row.label]}
          </span>
        )}
      </button>
    </li>
  );
}

function result(bench: BenchView, row: DayRowView): { readonly word: string; readonly tone: string; readonly icon: IconName } {
  if (row.state === 'done' && row.deviceState === 'accepted') return { word: texts.deviceStates.accepted, tone: 'accepted', icon: 'accepted' };
  return { word: jobWord(bench, row.serverKind, row.state), tone: row.state, icon: jobIcons[row.state] };
}
