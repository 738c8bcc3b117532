import { useLayoutEffect, useRef } from 'react';
import type { Notice } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { isDialogOpen } from '../logic/elements';
import { formatCount } from '../logic/format';
import { PageTurner } from '../rows/page-turner';
import type { RecordSearch } from '../state/page';
import { devicesOnPage } from '../state/page';
import { useKeys } from '../state/use-keys';
import { texts } from '../texts';
import { ExportPanel } from './export-panel';
import { FoundTable } from './found-table';
import { LogPanel } from './log-panel';
import { RecordFilter } from './record-filter';
import { useSearch } from './use-search';

interface AuditPageProps {
  readonly search: RecordSearch;
  readonly scanAttribute: string;
  readonly onSearch: (search: RecordSearch) => void;
  readonly onOpen: (deviceId: string) => void;
  readonly notify: (notice: Notice) => void;
}

const { audit: words } = texts;

/** The record as an auditor reads it: any device by anything that is known of it, how the log stands, and an export. */
export function AuditPage({ search, scanAttribute, onSearch, onOpen, notify }: AuditPageProps) {
  const { found, offset, error } = useSearch(search);
  const field = useRef<HTMLInputElement>(null);
  // What is there from before is replaced by the next scan.
  useLayoutEffect(() => field.current?.select(), []);
  const total = found?.total ?? 0;
  const hasPrevious = search.offset > 0;
  const hasNext = search.offset + devicesOnPage < total;
  const turn = (pages: number): void => onSearch({ ...search, offset: Math.max(0, search.offset + pages * devicesOnPage) });

  const intoRows = (): void => document.querySelector<HTMLElement>('.table__open[tabindex="0"]')?.focus();
  const openFound = (): void => {
    const [only] = total === 1 ? (found?.devices ?? []) : [];
    if (only === undefined) intoRows();
    else onOpen(only.deviceId);
  };

  useKeys((event) => {
    if (isDialogOpen()) return;
    const { key, target } = event;
    if ((key === 'PageUp' && hasPrevious) || (key === 'PageDown' && hasNext)) {
      event.preventDefault();
      if (!event.repeat) turn(key === 'PageUp' ? -1 : 1);
    } else if (key === 'F3') {
      event.preventDefault();
      field.current?.focus();
      field.current?.select();
    } else if (key === 'ArrowDown' && target instanceof HTMLInputElement && target.type !== 'date') {
      event.preventDefault();
      intoRows();
    }
  });

  const count = found?.devices.length ?? 0;
  return (
    <main className="audit" id="content" data-testid="audit-page" data-total={found?.total}>
      <div className="devices">
        <header className="devices__head">
          <h1>{words.title}</h1>
          <p className="devices__total" role="status">
            {found === undefined ? '' : words.total(total, found.more)}
          </p>
          <RecordFilter search={search} field={field} onSearch={onSearch} onOpenFound={openFound} />
        </header>
        {error !== undefined ? <ErrorPanel error={error} /> : found?.more === true ? <p className="audit__more">{words.narrower}</p> : null}
        <div className="devices__rows">
          {found === undefined || count === 0 ? (
            <p className="devices__empty">{found === undefined && error === undefined ? words.loading : words.empty}</p>
          ) : (
            <FoundTable key={offset} devices={found.devices} scanAttribute={scanAttribute} onOpen={onOpen} />
          )}
        </div>
        <PageTurner hasPrevious={hasPrevious} hasNext={hasNext} range={count === 0 ? '' : texts.devices.range(offset + 1, offset + count, formatCount(total))} onTurn={turn} />
      </div>
      <aside className="audit__side">
        <LogPanel notify={notify} />
        <ExportPanel search={search} />
      </aside>
    </main>
  );
}
