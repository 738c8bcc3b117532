import { useState } from 'react';
import type { ErrorReport, ExportView } from '../contract';
import { Dialog } from '../frame/dialog';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { hasWrongDays, newDraft, wishOf } from '../logic/export-wish';
import type { RecordSearch } from '../state/page';
import { ask } from '../station';
import { texts } from '../texts';
import { ExportForm } from './export-form';
import { ExportProgress } from './export-progress';
import { ExportResult } from './export-result';

const { export: words } = texts.audit;

interface ExportDialogProps {
  readonly view: ExportView;
  readonly search: RecordSearch;
  /** The export goes on without the dialog. */
  readonly onClose: () => void;
}

/** What shall be in the export, how it comes on, and what came of it: one after the other. */
export function ExportDialog({ view, search, onClose }: ExportDialogProps) {
  const [draft, setDraft] = useState(() => newDraft(search));
  const [error, setError] = useState<ErrorReport>();
  const [asking, setAsking] = useState(false);
  /** What ended before the dialog was opened is told on the page already. */
  const [begun, setBegun] = useState(view.running !== undefined);
  const { running, last } = view;

  const start = (): void => {
    if (asking) return;
    if (hasWrongDays(draft)) return setError({ code: 'usage', sentence: texts.audit.wrongDays });
    setAsking(true);
    setError(undefined);
    void ask('exportRecord', wishOf(draft)).then((reply) => {
      setAsking(false);
      if (!reply.ok) setError(reply.error);
      else if (reply.value) setBegun(true);
    });
  };
  const cancel = (): void => {
    void ask('cancelExport', {}).then((reply) => setError(reply.ok ? undefined : reply.error));
  };

  return (
    <Dialog title={words.title} onClose={onClose} className="dialog--wide export">
      {error === undefined ? null : <ErrorPanel error={error} />}
      {running !== undefined ? (
        <>
          <p className="export__place">{words.to(running.to)}</p>
          <ExportProgress running={running} />
          <p className="quiet">{words.goesOn}</p>
          <div className="dialog__actions">
            {/* The focus is here, so that the end of a scan cancels nothing. */}
            <EscapeButton first onPress={onClose}>{words.leave}</EscapeButton>
            <button type="button" className="button button--danger" disabled={running.cancelling} data-testid="cancel-export" onClick={cancel}>
              {words.cancel}
            </button>
          </div>
        </>
      ) : begun && last !== undefined ? (
        <ExportResult last={last} onAgain={() => setBegun(false)} onClose={onClose} />
      ) : (
        <ExportForm draft={draft} asking={asking} onDraft={setDraft} onStart={start} onClose={onClose} />
      )}
    </Dialog>
  );
}
