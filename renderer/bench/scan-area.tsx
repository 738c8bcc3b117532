import type { KeyboardEvent, ReactNode, RefObject } from 'react';
import type { BenchView, ErrorReport, SlotView } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { Icon } from '../frame/icons';
import { ErrorText, SaidText } from '../frame/said';
import { slotSentence } from '../logic/of-main';
import { givesIdentities, hasEnded } from '../logic/slots';
import { texts } from '../texts';
import type { ScanFieldControl } from './use-scan-field';

interface ScanAreaProps {
  readonly bench: BenchView;
  readonly selected: SlotView | undefined;
  readonly field: RefObject<HTMLInputElement | null>;
  readonly control: ScanFieldControl;
  readonly error: ErrorReport | undefined;
  /** The scan's result has read it aloud. */
  readonly told: boolean;
  /** What stands beside the scan field. */
  readonly children: ReactNode;
}

export function ScanArea({ bench, selected, field, control, error, told, children }: ScanAreaProps) {
  const several = bench.slots.length > 1;
  return (
    <section className={error === undefined ? 'scan' : 'scan scan--problem'} aria-label={texts.scan.label(bench.scanAttribute)}>
      {bench.otherAttributes.length === 0 ? null : <OtherAttributes names={bench.otherAttributes} field={field} control={control} />}
      <div className="scan__top">
        <label className="scan__line">
          <span className="scan__label">
            <Icon name="ready" />
            {texts.scan.label(bench.scanAttribute)}
            {several && selected !== undefined ? <small>{texts.scan.forSlot(selected.name)}</small> : null}
          </span>
          <input
            ref={field}
            className="scan__field"
            data-testid="scan-field"
            type="text"
            value={control.text}
            maxLength={1000}
            placeholder={texts.scan.placeholder}
            autoComplete="off"
            autoCapitalize="off"
            autoCorrect="off"
            spellCheck={false}
            aria-invalid={error !== undefined}
            aria-describedby="scan-message"
            onChange={(event) => control.onText(event.target.value)}
          />
        </label>
        {children}
      </div>
      <div className="scan__message" id="scan-message">
        {error === undefined ? <p className="scan__hint">{hint(bench, selected)}</p> : <ScanProblem error={error} told={told} />}
      </div>
    </section>
  );
}

function hint(bench: BenchView, selected: SlotView | undefined): ReactNode {
  if (selected === undefined || selected.state === 'free') return givesIdentities(bench) ? texts.orders.giveHint : texts.scan.hintFree(bench.scanAttribute);
  // In a crowded grid the selected slot's sentence has its place here.
  const next = selected.state === 'ready' ? texts.scan.hintReady : selected.state === 'running' ? texts.scan.hintRunning : hasEnded(selected.state) ? texts.scan.hintEnded : '';
  if (bench.slots.length <= 4) return next;
  return (
    <>
      {`${selected.name}: `}
      <SaidText words={slotSentence(selected)} /> {next}
    </>
  );
}

function ScanProblem({ error, told }: { readonly error: ErrorReport; readonly told: boolean }) {
  return (
    <ErrorPanel error={error} silent={told}>
      <strong>{texts.scan.problem}</strong> <ErrorText error={error} />
      {error.expected === undefined ? null : <small>{texts.scan.expected(error.expected)}</small>}
    </ErrorPanel>
  );
}

interface OtherAttributesProps {
  readonly names: readonly string[];
  readonly field: RefObject<HTMLInputElement | null>;
  readonly control: ScanFieldControl;
}

function OtherAttributes({ names, field, control }: OtherAttributesProps) {
  const onEnter = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    const inputs = [...(event.currentTarget.closest('fieldset')?.querySelectorAll('input') ?? [])];
    const next = inputs.find((input) => input.value === '');
    if (next !== undefined) return next.focus();
    field.current?.focus();
    if (field.current?.value !== '') control.submit();
  };
  return (
    <fieldset className="scan__others">
      <legend>{texts.scan.others}</legend>
      {names.map((name) => (
        <label key={name} className="field field--inline">
          {name}
          <input
            type="text"
            data-attribute={name}
            value={control.others[name] ?? ''}
            maxLength={1000}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => control.onOther(name, event.target.value)}
            onKeyDown={onEnter}
          />
        </label>
      ))}
    </fieldset>
  );
}
