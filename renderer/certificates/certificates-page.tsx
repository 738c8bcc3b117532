import { useState } from 'react';
import type { BenchView, CertificateState } from '../contract';
import { ActionButton } from '../frame/action-button';
import { ErrorPanel } from '../frame/error-panel';
import { certificateIcons, Icon } from '../frame/icons';
import { certificateStatesInOrder, readCertificatesKey } from '../logic/certificates';
import { StateCounts } from '../rows/state-counts';
import { useSearchPage } from '../rows/use-search-page';
import { emptyCertificateSearch, type CertificateSearch } from '../state/page';
import { texts } from '../texts';
import { CertificateFilter } from './certificate-filter';
import { CertificateRows } from './certificate-rows';
import { CompromisedDialog } from './compromised-dialog';
import { useCertificates, type Certificates } from './use-certificates';

const { certificates: words } = texts;

interface CertificatesPageProps {
  readonly bench: BenchView;
  readonly search: CertificateSearch;
  readonly onSearch: (search: CertificateSearch) => void;
  readonly onOpen: (deviceId: string) => void;
}

/** What expires when, of every device of this station. */
export function CertificatesPage({ bench, search, onSearch, onOpen }: CertificatesPageProps) {
  const [compromised, setCompromised] = useState(false);
  // Another card at the bench, made or renewed.
  const freshness = `${bench.today[0]?.jobId ?? ''} ${String(bench.counts.done)} ${bench.slots.map((slot) => slot.word).join(' ')}`;
  const certificates = useCertificates(search, freshness);
  const { total, facts: counts, error } = certificates;
  const choose = (state: CertificateState | undefined): void => onSearch({ ...search, state, current: 0 });

  const { field, scroller, openFound } = useSearchPage(
    certificates,
    readCertificatesKey,
    (command) => (command.type === 'state' ? choose(command.state) : setCompromised(true)),
    onOpen,
  );

  return (
    <main className="acceptance certificates" id="content" data-testid="certificates-page" data-total={total}>
      <header className="acceptance__head">
        <h1>{words.title}</h1>
        <p className="acceptance__total" role="status" data-testid="certificates-total">
          {total === undefined ? '' : words.shown(total)}
        </p>
        <div className="certificates__buttons">
          <ActionButton testId="open-compromised" keyName="Ctrl+I" onPress={() => setCompromised(true)} icon={<Icon name="warning" />}>
            {words.compromised}
          </ActionButton>
        </div>
        <StateCounts
          words={words}
          states={certificateStatesInOrder}
          names={texts.certificateStates}
          icons={certificateIcons}
          layout="states--certificates"
          counts={counts}
          chosen={search.state}
          onChoose={choose}
        />
        <CertificateFilter search={search} field={field} onSearch={onSearch} onOpenFound={openFound} />
      </header>
      {error === undefined ? null : <ErrorPanel error={error} />}
      {total === undefined || total === 0 ? (
        <p className="acceptance__empty">{total === undefined ? words.loading : isUsual(search) && isNothing(counts) ? words.nothingYet : words.empty}</p>
      ) : (
        <CertificateRows
          certificates={certificates}
          total={total}
          scroller={scroller}
          scanAttribute={bench.scanAttribute}
          current={search.current}
          onCurrent={(current) => onSearch({ ...search, current })}
          onOpen={onOpen}
        />
      )}
      {compromised ? <CompromisedDialog onClose={() => setCompromised(false)} /> : null}
    </main>
  );
}

function isUsual({ text, withinHours }: CertificateSearch): boolean {
  return text === emptyCertificateSearch.text && withinHours === emptyCertificateSearch.withinHours;
}

function isNothing(counts: Certificates['facts']): boolean {
  return counts !== undefined && certificateStatesInOrder.every((state) => counts[state] === 0);
}
