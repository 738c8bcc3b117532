import type { ExportView, WrittenExport } from '../contract';
import { CopyButton } from '../frame/copy-button';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { Icon } from '../frame/icons';
import { texts } from '../texts';

const { export: words } = texts.audit;

interface ExportResultProps {
  readonly last: NonNullable<ExportView['last']>;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

/** What came of it, with what an auditor writes down. */
export function ExportResult({ last, onAgain, onClose }: ExportResultProps) {
  return (
    <div data-testid="export-result" data-outcome={last.outcome}>
      {last.outcome === 'written' ? <Written written={last} /> : last.outcome === 'cancelled' ? <p className="export__word">{words.cancelled}</p> : <ErrorPanel error={last.error} />}
      <div className="dialog__actions">
        <button type="button" className="button button--plain" onClick={onAgain} data-testid="export-again">
          {words.again}
        </button>
        <EscapeButton tone="main" first onPress={onClose}>{texts.audit.close}</EscapeButton>
      </div>
    </div>
  );
}

function Written({ written }: { readonly written: WrittenExport }) {
  const { to, devices, entries, origin, manifestSha256, logKey, certificateSha256, warning } = written;
  return (
    <>
      <p className="export__word">
        <span className="badge badge--big tone--done">
          <Icon name="done" />
          {words.written}
        </span>
        {words.counts(devices, entries, origin)}
      </p>
      <dl className="export__facts">
        <Fact name={words.place} value={to} />
        <Fact name={words.manifest} value={manifestSha256} />
        <Fact name={texts.audit.log.key} value={logKey} />
        <Fact name={words.certificate} value={certificateSha256} />
      </dl>
      <p>{words.keep}</p>
      {warning === undefined ? null : (
        <p className="audit__warning">
          <Icon name="warning" />
          {warning}
        </p>
      )}
    </>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <span className="code">{value}</span>
        <CopyButton text={value} what={name} />
      </dd>
    </>
  );
}
