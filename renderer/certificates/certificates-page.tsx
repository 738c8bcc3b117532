import { useRef, useState } from 'react';
import type { BenchView, CertificateState } from '../contract';
import { ActionButton } from '../frame/action-button';
import { ErrorPanel } from '../frame/error-panel';
import { certificateIcons, Icon } from '../frame/icons';
import { certificateStatesInOrder, readCertificatesKey } from '../logic/certificates';
import { focusHolder, isDialogOpen } from '../logic/elements';
import { landsInScanField } from '../logic/focus';
import { CountButton } from '../rows/count-button';
import { emptyCertificateSearch, type CertificateSearch } from '../state/page';
import { useKeys } from '../state/use-keys';
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
  const field = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const [compromised, setCompromised] = useState(false);
  // Another card at the bench, made or renewed.
  const freshness = `${bench.today[0]?.jobId ?? ''} ${String(bench.counts.done)} ${bench.slots.map((slot) => slot.word).join(' ')}`;
  const certificates = useCertificates(search, freshness);
  const { total, facts: counts, error } = certificates;
  const choose = (state: CertificateState | undefined): void => onSearch({ ...search, state, current: 0 });

  useKeys((event) => {
    if (isDialogOpen()) return;
    const command = readCertificatesKey(event, { inInput: event.target instanceof HTMLInputElement });
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
      case 'text-filter':
        field.current?.focus();
        return field.current?.select();
      case 'into-rows':
        return scroller.current?.focus();
      case 'compromised':
        return setCompromised(true);
      case 'state':
        return choose(command.state);
    }
  });

  const openFound = (): void => {
    const [only] = total === 1 ? [certificates.row(0)] : [];
    if (only === undefined) scroller.current?.focus();
    else onOpen(only.deviceId);
  };

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
        <Counts counts={counts} chosen={search.state} onChoose={choose} />
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

interface CountsProps {
  readonly counts: Certificates['facts'];
  readonly chosen: CertificateState | undefined;
  readonly onChoose: (state: CertificateState | undefined) => void;
}

function Counts({ counts, chosen, onChoose }: CountsProps) {
  const all = counts === undefined ? undefined : certificateStatesInOrder.reduce((sum, state) => sum + counts[state], 0);
  return (
    <div className="states states--certificates" role="group" aria-label={words.counts}>
      <CountButton name={words.all} icon="key" tone="all" digit={1} value={all} chosen={chosen === undefined} onPress={() => onChoose(undefined)} />
      {certificateStatesInOrder.map((state, index) => (
        <CountButton
          key={state}
          name={texts.certificateStates[state]}
          icon={certificateIcons[state]}
          tone={state}
          digit={index + 2}
          value={counts?.[state]}
          chosen={chosen === state}
          onPress={() => onChoose(chosen === state ? undefined : state)}
        />
      ))}
    </div>
  );
}

function isUsual({ text, withinHours }: CertificateSearch): boolean {
  return text === emptyCertificateSearch.text && withinHours === emptyCertificateSearch.withinHours;
}

function isNothing(counts: Certificates['facts']): boolean {
  return counts !== undefined && certificateStatesInOrder.every((state) => counts[state] === 0);
}
