import type { ListView } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { Icon } from '../frame/icons';
import { SaidText } from '../frame/said';
import { problemWords } from '../logic/of-main';
import { texts } from '../texts';
import type { ListControl } from './use-list';

const { form: words } = texts.orders;

/** A list that is pasted or in a file: how it was read, and every row that cannot be ordered. */
export function ListImport({ list, attributes }: { readonly list: ListControl; readonly attributes: readonly string[] }) {
  const { view } = list;
  return (
    <div className="list-import">
      <div className="list-import__source">
        {list.fileName === undefined ? (
          <textarea data-testid="pasted-list" data-field="list" className="code" rows={7} value={list.text} aria-label={words.paste} placeholder={words.paste} spellCheck={false} onChange={(event) => list.onText(event.target.value)} />
        ) : (
          <p>{words.fromFile(list.fileName)}</p>
        )}
        <button type="button" className="button button--plain" data-testid="choose-list-file" onClick={list.fileName === undefined ? list.chooseFile : list.leaveFile}>
          <Icon name="folder" />
          {list.fileName === undefined ? words.file : words.pasteInstead}
        </button>
      </div>
      {list.error === undefined ? null : <ErrorPanel error={list.error} />}
      {view === undefined ? (
        list.source === undefined || list.error !== undefined ? null : <p className="quiet">{words.reading}</p>
      ) : (
        <>
          <Columns list={list} view={view} attributes={attributes} />
          <p className="list-import__counts" role="status">
            <span data-testid="good-rows" data-count={view.good} className="badge badge--big tone--done">
              <Icon name="done" />
              {words.good(view.good)}
            </span>
            {view.bad === 0 ? null : (
              <span data-testid="bad-rows" data-count={view.bad} className="badge badge--big tone--failed">
                <Icon name="failed" />
                {words.bad(view.bad)}
              </span>
            )}
          </p>
          {view.bad === 0 ? <Samples view={view} /> : <Problems view={view} />}
        </>
      )}
    </div>
  );
}

function Columns({ list, view, attributes }: { readonly list: ListControl; readonly view: ListView; readonly attributes: readonly string[] }) {
  const { header, columns, columnNames } = view;
  return (
    <div className="list-import__columns">
      <label className="check">
        <input type="checkbox" data-testid="list-header" checked={header} onChange={(event) => list.onReading({ header: event.target.checked })} />
        {words.header}
      </label>
      {attributes.map((name) => (
        <label key={name} className="field field--inline">
          {words.column(name)}
          <select
            data-testid={`column-${name}`}
            data-field={`columns.${name}`}
            value={columns[name] ?? ''}
            onChange={(event) => list.onReading({ header, columns: { ...columns, [name]: Number(event.target.value) } })}
          >
            {columns[name] === undefined ? <option value="">{words.noColumn}</option> : null}
            {columnNames.map((column, index) => (
              <option key={`${String(index)} ${column}`} value={index}>
                {column}
              </option>
            ))}
          </select>
        </label>
      ))}
    </div>
  );
}

function Samples({ view }: { readonly view: ListView }) {
  if (view.samples.length === 0) return null;
  return (
    <section>
      <h3>{words.sample}</h3>
      <ul className="order__list">
        {view.samples.map(({ line, identity }) => (
          <li key={line} className="code">
            {Object.values(identity).join(' ')}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Problems({ view }: { readonly view: ListView }) {
  return (
    <section>
      <h3>{words.problems}</h3>
      <ul className="list-problems" tabIndex={0} aria-label={words.problems}>
        {view.problems.map(({ line, column, why, sentence, expected }) => (
          <li key={`${String(line)} ${why}`} data-testid="list-problem" data-line={line} data-why={why}>
            <strong>{words.line(line, column)}</strong>
            <span>
              <SaidText words={problemWords(why, sentence)} /> <small>{words.expected(expected)}</small>
            </span>
          </li>
        ))}
        {view.bad > view.problems.length ? <li className="quiet">{words.moreBad(view.bad - view.problems.length)}</li> : null}
      </ul>
    </section>
  );
}
