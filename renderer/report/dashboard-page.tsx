import type { BenchView, DashboardView } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { formatClock, formatCount, formatDay, formatDecimal, formatTime } from '../logic/format';
import { ask } from '../station';
import { texts } from '../texts';
import { BigNumber, percentOfBoards } from './big-number';
import { CardsPlot, CausesPlot } from './plots';
import { freshnessOf } from './shift-page';
import { useFresh } from './use-fresh';

const { dashboard: words, report: shift } = texts;

/** Today and the last 30 days, for the line lead. It keeps itself fresh. */
export function DashboardPage({ bench }: { readonly bench: BenchView }) {
  const { value: found, error } = useFresh('', freshnessOf(bench), () => ask('dashboard', {}));
  return (
    <main className="report" id="content" data-testid="dashboard-page" data-done={found?.days.at(-1)?.done}>
      <header className="report__head">
        <h1>{words.title}</h1>
        {/* It goes on by itself with every card: read aloud each time, it would talk all day. */}
        <p className="report__span">
          {found === undefined ? shift.loading : words.at(formatTime(found.at))}
        </p>
      </header>
      {error === undefined ? null : <ErrorPanel error={error} />}
      {found === undefined ? null : (
        <div className="report__body" role="region" aria-label={words.title} tabIndex={0}>
          <Numbers found={found} />
          <div className="report__pair">
            <CardsPlot title={`${words.today}: ${shift.plots.perHour}`} parts={found.hours} label={(from) => formatClock(from)} />
            <CardsPlot title={`${words.month}: ${shift.plots.perDay}`} parts={found.days.map(({ day, done, failed }) => ({ from: day, done, failed }))} label={formatDay} />
            <CausesPlot title={`${words.today}: ${shift.plots.causes}`} causes={found.causes.filter(({ today }) => today > 0).map(({ today, ...cause }) => ({ ...cause, jobs: today })).sort((one, other) => other.jobs - one.jobs)} />
            <CausesPlot title={`${words.month}: ${shift.plots.causes}`} causes={found.causes} />
            <Slots slots={found.slots} />
            <Batches batches={found.batches} />
          </div>
        </div>
      )}
    </main>
  );
}

function Numbers({ found }: { readonly found: DashboardView }) {
  const today = found.days.at(-1);
  const { numbers, percent, boards } = shift;
  if (today === undefined) return null;
  return (
    <div className="report__pair">
      <section className="panel" aria-label={words.today}>
        <h2>{words.today}</h2>
        <dl className="big-numbers">
          <BigNumber name={numbers.done} value={formatCount(today.done)} testId="dashboard-done" />
          <BigNumber name={numbers.failed} value={formatCount(today.failed)} />
          <BigNumber name={numbers.firstPass} value={percent(percentOfBoards(today.firstPass))} note={boards(today.firstPass.good, today.firstPass.of)} />
          <BigNumber name={numbers.perHour} value={formatDecimal(found.perHour)} />
        </dl>
        <p className="report__rest">{`${numbers.running} ${String(found.running)} · ${numbers.waiting} ${String(found.waiting)} · ${numbers.accepted} ${String(today.accepted)}`}</p>
      </section>
      <section className="panel" aria-label={words.month}>
        <h2>{words.month}</h2>
        <dl className="big-numbers">
          <BigNumber name={numbers.done} value={formatCount(found.total.done)} />
          <BigNumber name={numbers.failed} value={formatCount(found.total.failed)} />
          <BigNumber name={numbers.firstPass} value={percent(percentOfBoards(found.total.firstPass))} note={boards(found.total.firstPass.good, found.total.firstPass.of)} />
          <BigNumber name={numbers.finalYield} value={percent(percentOfBoards(found.total.finalYield))} note={boards(found.total.finalYield.good, found.total.finalYield.of)} />
        </dl>
        <p className="report__rest">{`${numbers.started} ${formatCount(found.total.started)} · ${numbers.cancelled} ${formatCount(found.total.cancelled)} · ${numbers.accepted} ${formatCount(found.total.accepted)}`}</p>
      </section>
    </div>
  );
}

/** A port of the reader that begins to die fails more than the others. */
function Slots({ slots }: { readonly slots: DashboardView['slots'] }) {
  const { columns } = words;
  return (
    <section className="panel" aria-label={words.slots}>
      <h2>{words.slots}</h2>
      <table className="report__table">
        <thead>
          <tr>
            {[columns.name, columns.doneToday, columns.failedToday, columns.done, columns.failed, columns.share].map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {slots.map(({ name, done, failed, doneToday, failedToday }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{doneToday}</td>
              <td>{failedToday}</td>
              <td>{done}</td>
              <td>{failed}</td>
              <td>{shift.percent(percentOfBoards({ good: failed, of: done + failed }))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Batches({ batches }: { readonly batches: DashboardView['batches'] }) {
  const open = batches.filter(({ total, counts, lastSignOff }) => lastSignOff === undefined || lastSignOff.total < total || counts.accepted < total);
  return (
    <section className="panel" aria-label={words.batches}>
      <h2>{words.batches}</h2>
      {open.length === 0 ? <p className="plot__empty">{words.noBatches}</p> : null}
      <ul className="report__batches">
        {open.map(({ batch, total, counts }) => (
          <li key={batch}>
            <span>{batch}</span>
            <progress max={total} value={counts.accepted} aria-label={batch} />
            <span>{words.batchLine(counts.accepted, total)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
