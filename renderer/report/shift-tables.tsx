import type { ShiftReportView } from '../contract';
import { formatCount, formatDateTime, formatRate } from '../logic/format';
import { texts } from '../texts';

const { report: words } = texts;

interface NamedTableProps {
  readonly title: string;
  readonly rows: ShiftReportView['slots'];
  readonly speeds?: ShiftReportView['speeds'];
}

/** How it ended, by slot, operator or batch. */
export function NamedTable({ title, rows, speeds }: NamedTableProps) {
  if (rows.length === 0) return null;
  return (
    <section className="panel" aria-label={title}>
      <h2>{title}</h2>
      <table className="report__table">
        <thead>
          <tr>
            <th scope="col">{words.tables.name}</th>
            <th scope="col">{words.numbers.done}</th>
            <th scope="col">{words.numbers.accepted}</th>
            <th scope="col">{words.numbers.failed}</th>
            <th scope="col">{words.numbers.cancelled}</th>
            {speeds === undefined ? null : <th scope="col">{words.tables.write}</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, done, accepted, failed, cancelled }) => (
            <tr key={name}>
              <th scope="row">{name === '' ? words.tables.noBatch : name}</th>
              <td>{done}</td>
              <td>{accepted}</td>
              <td>{failed}</td>
              <td>{cancelled}</td>
              {speeds === undefined ? null : <td>{formatRate(speeds.find(({ slot }) => slot === name)?.write ?? 0) ?? '–'}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** What was written, by its hashes. */
export function UsedTable({ report: { images, profiles } }: { readonly report: ShiftReportView }) {
  if (images.length === 0) return null;
  return (
    <section className="panel" aria-label={words.tables.used}>
      <h2>{words.tables.used}</h2>
      <dl className="facts">
        {images.map(({ sha256, jobs }) => (
          <div key={sha256} className="report__hash">
            <dt>{`${words.tables.image}, ${words.tables.cards(jobs)}`}</dt>
            <dd>{sha256}</dd>
          </div>
        ))}
        {profiles.map(({ name, sha256, jobs }) => (
          <div key={`${sha256} ${name}`} className="report__hash">
            <dt>{`${words.tables.profile} ${name}, ${words.tables.cards(jobs)}`}</dt>
            <dd>{sha256}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

/** How the log stood when the span began and when it ended. */
export function LogHeads({ log }: { readonly log: ShiftReportView['log'] }) {
  const said = (head: ShiftReportView['log']['last']): string => (head === undefined ? words.log.none : words.log.head(formatCount(head.size), formatDateTime(head.keptAt), head.root));
  return (
    <section className="panel" aria-label={words.log.title} data-testid="report-log">
      <h2>{words.log.title}</h2>
      <dl className="facts">
        <div className="report__hash">
          <dt>{words.log.first}</dt>
          <dd>{said(log.first)}</dd>
        </div>
        <div className="report__hash">
          <dt>{words.log.last}</dt>
          <dd>{said(log.last)}</dd>
        </div>
        {log.key === undefined ? null : (
          <div className="report__hash">
            <dt>{words.log.key}</dt>
            <dd>{log.key}</dd>
          </div>
        )}
      </dl>
      <p className="report__rest">{words.anchorHint}</p>
    </section>
  );
}
