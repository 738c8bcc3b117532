import { useState } from 'react';
import { flushSync } from 'react-dom';
import { BatchesDialog } from '../batches/batches-dialog';
import type { AcceptanceState, BenchView } from '../contract';
import { ActionButton } from '../frame/action-button';
import { ErrorPanel } from '../frame/error-panel';
import { acceptanceIcons, Icon } from '../frame/icons';
import { readAcceptanceKey, statesInOrder, type AcceptanceCommand } from '../logic/acceptance-keys';
import { StateCounts } from '../rows/state-counts';
import { useSearchPage } from '../rows/use-search-page';
import type { AcceptanceSearch } from '../state/page';
import { texts } from '../texts';
import { AcceptanceFilter } from './acceptance-filter';
import { AcceptanceRows } from './acceptance-rows';
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
  const [batchesOpen, setBatchesOpen] = useState(false);
  const { watch, error: watchError, askNow } = useWatch();
  // Another round of the watch, or another card at the bench.
  const freshness = `${watch?.last?.at ?? ''} ${bench.today[0]?.jobId ?? ''} ${String(bench.counts.done)}`;
  const acceptances = useAcceptances(search, freshness);
  const { total, facts: counts } = acceptances;
  const error = acceptances.error ?? watchError;
  const profiles = [...new Set([bench.profileName, search.profileName])].filter((name) => name !== '');

  const choose = (state: AcceptanceState | undefined): void => onSearch({ ...search, state, current: 0 });

  const act = (command: AcceptanceCommand): void => {
    switch (command.type) {
      case 'ask-now':
        return askNow();
      case 'batches':
        return setBatchesOpen(true);
      case 'state':
        return choose(command.state);
    }
  };
  const { field, scroller, openFound } = useSearchPage(acceptances, readAcceptanceKey, act, onOpen);

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
        <StateCounts words={texts.acceptance} states={statesInOrder} names={texts.acceptanceStates} icons={acceptanceIcons} counts={counts} chosen={search.state} onChoose={choose} />
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
