import type { RefObject } from 'react';
import { useCallback } from 'react';
import type { CertificateRowView } from '../contract';
import { formatDistance } from '../logic/format';
import { viewIdentity } from '../logic/identity';
import { Moment } from '../rows/moment';
import { RowGrid } from '../rows/row-grid';
import { texts } from '../texts';
import { CertificateBadge } from './certificate-badge';
import type { Certificates } from './use-certificates';

const { certificates: words } = texts;
const { columns } = words;
const columnNames = [columns.expires, columns.state, columns.identity, columns.batch, columns.serial, columns.issuer];

interface CertificateRowsProps {
  readonly certificates: Certificates;
  readonly total: number;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly scanAttribute: string;
  readonly current: number;
  readonly onCurrent: (row: number) => void;
  readonly onOpen: (deviceId: string) => void;
}

export function CertificateRows({ certificates, total, scroller, scanAttribute, current, onCurrent, onOpen }: CertificateRowsProps) {
  const cells = useCallback((certificate: CertificateRowView) => <Cells certificate={certificate} scanAttribute={scanAttribute} />, [scanAttribute]);
  return (
    <RowGrid
      source={certificates}
      total={total}
      scroller={scroller}
      name="certificate"
      label={words.rows}
      columns={columnNames}
      layout="row-cells--certificates"
      cells={cells}
      stateOf={stateOf}
      current={current}
      onCurrent={onCurrent}
      onOpen={({ deviceId }) => onOpen(deviceId)}
    />
  );
}

const stateOf = ({ state }: CertificateRowView): string => state;

function Cells({ certificate, scanAttribute }: { readonly certificate: CertificateRowView; readonly scanAttribute: string }) {
  const { notAfter, serial, issuer, batch, revocationReason } = certificate;
  const identity = viewIdentity(certificate.identity, scanAttribute);
  const now = Date.now();
  const distance = formatDistance(notAfter, now);
  return (
    <>
      <span role="gridcell" className="cell cell--moment">
        <Moment at={notAfter} />
        <small>{Date.parse(notAfter) > now ? words.inTime(distance) : words.ago(distance)}</small>
      </span>
      <span role="gridcell" className="cell" title={revocationReason}>
        <CertificateBadge certificate={certificate} />
      </span>
      <span role="gridcell" className="cell cell--identity">
        <span className="code">{identity.main}</span>
        {identity.rest === '' ? null : <small>{identity.rest}</small>}
      </span>
      <span role="gridcell" className="cell" title={batch}>
        {batch ?? '—'}
      </span>
      <span role="gridcell" className="cell code" title={serial}>
        {serial}
      </span>
      <span role="gridcell" className="cell quiet" title={issuer}>
        {issuer}
      </span>
    </>
  );
}
