import { useState } from 'react';
import type { BenchView, Notice, ReportWish } from '../contract';
import { ActionButton } from '../frame/action-button';
import { ErrorPanel } from '../frame/error-panel';
import { isDialogOpen } from '../logic/elements';
import { formatDateClock, formatDecimal } from '../logic/format';
import { refused, told } from '../logic/of-main';
import { useKeys } from '../state/use-keys';
import { ask } from '../station';
import { texts } from '../texts';
import { BigNumber, percentOfBoards } from './big-number';
import { CardsPlot, CausesPlot, partLabel, SpeedPlot } from './plots';
import { ShiftFilter } from './shift-filter';
import { LogHeads, NamedTable, UsedTable } from './shift-tables';
import { useFresh } from './use-fresh';

const { report: words } = texts;

interface ShiftPageProps {
  readonly bench: BenchView;
  readonly wish: ReportWish;
  readonly onWish: (wish: ReportWish) => void;
  readonly notify: (notice: Notice) => void;
}

/** The report of a shift: what was made, what failed and why, and how the log stood. */
export function ShiftPage({ bench, wish, onWish, notify }: ShiftPageProps) {
  const [writing, setWriting] = useState(false);
  const { value: report, error } = useFresh(JSON.stringify(wish), freshnessOf(bench), () => ask('shiftReport', wish));
  const mayAnchor = bench.rights.includes('keep-log');
  const write = (method: 'saveShiftReport' | 'anchorShiftReport') => (): void => {
    if (writing) return;
    setWriting(true);
    void ask(method, wish).then((reply) => {
      setWriting(false);
      if (!reply.ok) notify(refused(reply.error));
      else if (reply.value !== undefined) notify(told(reply.value.sentence, 'success'));
    });
  };
  useKeys((event) => {
    if (!event.ctrlKey || event.altKey || event.metaKey || event.key.toLowerCase() !== 'p' || isDialogOpen()) return;
    event.preventDefault();
    if (!event.repeat && (!event.shiftKey || mayAnchor)) write(event.shiftKey ? 'anchorShiftReport' : 'saveShiftReport')();
  });
  return (
    <main className="report" id="content" data-testid="shift-page" data-done={report?.counts.done}>
      <header className="report__head">
        <h1>{words.title}</h1>
        <p className="report__span" role="status">
          {report === undefined ? words.loading : words.between(formatDateClock(report.query.from), formatDateClock(report.query.until))}
        </p>
        <div className="report__buttons">
          <ActionButton testId="report-pdf" keyName="Ctrl+P" tone="main" disabled={writing} onPress={write('saveShiftReport')}>
            {writing ? words.writing : words.pdf}
          </ActionButton>
          {mayAnchor ? (
            <ActionButton testId="report-anchor" keyName="Ctrl+Shift+P" disabled={writing} onPress={write('anchorShiftReport')}>
              {words.anchor}
            </ActionButton>
          ) : null}
        </div>
        <ShiftFilter wish={wish} onWish={onWish} />
      </header>
      {error === undefined ? null : <ErrorPanel error={error} />}
      {report === undefined ? null : (
        <div className="report__body" role="region" aria-label={words.title} tabIndex={0}>
          <dl className="big-numbers">
            <BigNumber name={words.numbers.done} value={String(report.counts.done)} testId="report-done" />
            <BigNumber name={words.numbers.accepted} value={String(report.counts.accepted)} />
            <BigNumber name={words.numbers.failed} value={String(report.counts.failed)} testId="report-failed" />
            <BigNumber name={words.numbers.firstPass} value={words.percent(percentOfBoards(report.firstPass))} note={words.boards(report.firstPass.good, report.firstPass.of)} />
            <BigNumber name={words.numbers.finalYield} value={words.percent(percentOfBoards(report.finalYield))} note={words.boards(report.finalYield.good, report.finalYield.of)} />
            <BigNumber name={words.numbers.perHour} value={formatDecimal(report.perHour)} />
          </dl>
          <p className="report__rest">
            {(['started', 'cancelled', 'waiting', 'running'] as const).map((name) => `${words.numbers[name]} ${String(report.counts[name])}`).join(' · ')}
          </p>
          <CardsPlot title={report.interval === 'day' ? words.plots.perDay : words.plots.perHour} parts={report.parts} label={(from) => partLabel(report.interval, from)} />
          <div className="report__pair">
            <CausesPlot causes={report.causes} />
            <SpeedPlot report={report} />
          </div>
          <div className="report__pair">
            <NamedTable title={words.tables.slots} rows={report.slots} speeds={report.speeds} />
            <NamedTable title={words.tables.operators} rows={report.operators} />
            <NamedTable title={words.tables.batches} rows={report.batches} />
            <UsedTable report={report} />
          </div>
          <LogHeads log={report.log} />
        </div>
      )}
    </main>
  );
}

/** New whenever a card has moved. */
export function freshnessOf(bench: BenchView): string {
  return `${bench.today[0]?.jobId ?? ''} ${JSON.stringify(bench.counts)} ${String(bench.outbox.waiting)}`;
}
