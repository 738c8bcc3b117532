import { useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { BatchesDialog } from '../batches/batches-dialog';
import type { BenchView } from '../contract';
import { ActionButton } from '../frame/action-button';
import { ErrorPanel } from '../frame/error-panel';
import { Icon } from '../frame/icons';
import { readAcceptanceKey } from '../logic/acceptance-keys';
import { focusHolder, isDialogOpen } from '../logic/elements';
import { landsInScanField } from '../logic/focus';
import type { AcceptanceSearch } from '../state/page';
import { useKeys } from '../state/use-keys';
import { texts } from '../texts';
import { AcceptanceFilter } from './acceptance-filter';
import { AcceptanceRows } from './acceptance-rows';
import { StateCounts } from './state-counts';
import { useAcceptances } from './use-acceptances';
import { useBatchNames } from './use-batch-names';
import { useWatch } from './use-watch';
import { WatchLine } from './watch-line';

interface AcceptancePageProps {
  readonly bench: BenchView;
  readonly search: AcceptanceSearch;
  readonly onSearch: (search: AcceptanceSearch) => void;
  readonly onOpen: (deviceId: string) => void;
}

/** QA's page: what has become of every recorded device at its server. */
export function AcceptancePage({ bench, search, onSearch, onOpen }: AcceptancePageProps) {
  const field = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const [batchesOpen, setBatchesOpen] = useState(false);
  const { watch, error: watchError, askNow } = useWatch();
  // Another round of the watch, or another card at the bench.
  const freshness = `${watch?.last?.at ?? ''} ${bench.today[0]?.jobId ?? ''} ${String(bench.counts.done)}`;
  const acceptances = useAcceptances(search, freshness);
  const { total, facts: counts } = acceptances;
  const error = acceptances.error ?? watchError;
  const profiles = [...new Set([bench.profileName, search.profileName])].filter((name) => name !== '');

  useKeys((event) => {
    if (isDialogOpen()) return;
    const command = readAcceptanceKey(event, { inInput: event.target instanceof HTMLInputElement });
    if (command === undefined) {
      // A scan is the next search, wherever the focus is.
      if (!event.ctrlKey && landsInScanField(event, { dialogOpen: false, holder: focusHolder(null) })) {
        field.current?.focus();
        field.current?.select();
      }
      return;
    }
    event.preventDefault();
    if (event.repeat) return;
    switch (command.type) {
      case 'ask-now':
        return askNow();
      case 'text-filter':
        field.current?.focus();
        return field.current?.select();
      case 'batches':
        return setBatchesOpen(true);
      case 'into-rows':
        return scroller.current?.focus();
      case 'state':
        return onSearch({ ...search, state: command.state, current: 0 });
    }
  });

  const openFound = (): void => {
    const [only] = total === 1 ? [acceptances.row(0)] : [];
    if (only === undefined) scroller.current?.focus();
    else onOpen(only.deviceId);
  };

  return (
    <main className="acceptance" id="content" data-testid="acceptance-page" data-total={total}>
      <header className="acceptance__head">
        <h1>{texts.acceptance.title}</h1>
        <p className="acceptance__total" role="status" data-testid="acceptance-total">
          {total === undefined ? '' : texts.acceptance.shown(total)}
        </p>
        <WatchLine watch={watch} onAskNow={askNow}>
          <ActionButton testId="open-batches" keyName="Ctrl+B" onPress={() => setBatchesOpen(true)} icon={<Icon name="batch" />}>
            {texts.acceptance.batches}
          </ActionButton>
        </WatchLine>
        <StateCounts counts={counts} chosen={search.state} onChoose={(state) => onSearch({ ...search, state, current: 0 })} />
        <AcceptanceFilter search={search} field={field} batches={useBatchNames(freshness)} profiles={profiles} onSearch={onSearch} onOpenFound={openFound} />
      </header>
      {error === undefined ? null : <ErrorPanel error={error} />}
      {total === undefined || total === 0 ? (
        <p className="acceptance__empty">{total === undefined ? texts.acceptance.loading : isEmpty(search) ? texts.acceptance.nothingYet : texts.acceptance.empty}</p>
      ) : (
        <AcceptanceRows
          acceptances={acceptances}
          total={total}
          scroller={scroller}
          scanAttribute={bench.scanAttribute}
          current={search.current}
          onCurrent={(current) => onSearch({ ...search, current })}
          onOpen={onOpen}
        />
      )}
      {batchesOpen ? (
        <BatchesDialog
          bench={bench}
          onClose={() => setBatchesOpen(false)}
          onShow={(batch) => {
            // The dialog goes first: it would give the focus back to where it came from.
            flushSync(() => setBatchesOpen(false));
            onSearch({ text: '', batch, profileName: '', state: undefined, current: 0 });
          }}
          onOpen={onOpen}
        />
      ) : null}
    </main>
  );
}

function isEmpty({ text, batch, profileName, state }: AcceptanceSearch): boolean {
  return text === '' && batch === '' && profileName === '' && state === undefined;
}
