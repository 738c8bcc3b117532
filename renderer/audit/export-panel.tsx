import { useState } from 'react';
import { ActionButton } from '../frame/action-button';
import { Icon } from '../frame/icons';
import { ErrorText } from '../frame/said';
import { isDialogOpen } from '../logic/elements';
import type { RecordSearch } from '../state/page';
import { useKeys } from '../state/use-keys';
import { texts } from '../texts';
import { ExportDialog } from './export-dialog';
import { ExportProgress } from './export-progress';
import { useExports } from './use-exports';

const { export: words } = texts.audit;

/** Leads to the export, and shows how it comes on where its dialog was left. */
export function ExportPanel({ search }: { readonly search: RecordSearch }) {
  const view = useExports();
  const [open, setOpen] = useState(false);
  const { running, last } = view;

  useKeys((event) => {
    if (!event.ctrlKey || event.altKey || event.metaKey || event.key.toLowerCase() !== 'e' || isDialogOpen()) return;
    event.preventDefault();
    if (!event.repeat) setOpen(true);
  });

  return (
    <section className="panel" aria-label={words.title} data-testid="export-panel" data-outcome={running === undefined ? last?.outcome : 'running'}>
      <header className="panel__head">
        <h2>{words.title}</h2>
      </header>
      {running === undefined ? null : <ExportProgress running={running} />}
      {running === undefined && last !== undefined ? (
        <p className="audit__outcome">
          <Icon name={last.outcome === 'written' ? 'done' : last.outcome === 'failed' ? 'failed' : 'cancelled'} />
          {last.outcome === 'written' ? words.done(last.to) : last.outcome === 'cancelled' ? words.cancelled : <ErrorText error={last.error} />}
        </p>
      ) : null}
      <ActionButton onPress={() => setOpen(true)} keyName="Ctrl+E" tone="main" testId="export">
        {running === undefined ? words.start : words.show}
      </ActionButton>
      {open ? <ExportDialog view={view} search={search} onClose={() => setOpen(false)} /> : null}
    </section>
  );
}
