import type { RefObject } from 'react';
import { useCallback } from 'react';
import type { AcceptanceRowView } from '../contract';
import { English } from '../frame/said';
import { formatAge } from '../logic/format';
import { viewIdentity } from '../logic/identity';
import { Moment } from '../rows/moment';
import { RowGrid } from '../rows/row-grid';
import { texts } from '../texts';
import { AcceptanceBadge } from './acceptance-badge';
import type { Acceptances } from './use-acceptances';

const { columns } = texts.acceptance;
const columnNames = [columns.identity, columns.batch, columns.profile, columns.since, columns.accepted, columns.state, columns.diagnosis];

interface AcceptanceRowsProps {
  readonly acceptances: Acceptances;
  readonly total: number;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly scanAttribute: string;
  readonly current: number;
  readonly onCurrent: (row: number) => void;
  readonly onOpen: (deviceId: string) => void;
}

export function AcceptanceRows({ acceptances, total, scroller, scanAttribute, current, onCurrent, onOpen }: AcceptanceRowsProps) {
  const cells = useCallback((device: AcceptanceRowView) => <Cells device={device} scanAttribute={scanAttribute} />, [scanAttribute]);
  return (
    <RowGrid
      source={acceptances}
      total={total}
      scroller={scroller}
      name="acceptance"
      label={texts.acceptance.rows}
      columns={columnNames}
      cells={cells}
      stateOf={stateOf}
      current={current}
      onCurrent={onCurrent}
      onOpen={({ deviceId }) => onOpen(deviceId)}
    />
  );
}

const stateOf = ({ acceptance }: AcceptanceRowView): string => acceptance;

function Cells({ device, scanAttribute }: { readonly device: AcceptanceRowView; readonly scanAttribute: string }) {
  const identity = viewIdentity(device.identity, scanAttribute);
  const { acceptance, diagnosis, sentence, preauthorizedAt, acceptedAt } = device;
  return (
    <>
      <span role="gridcell" className="cell cell--identity">
        <span className="code">{identity.main}</span>
        {identity.rest === '' ? null : <small>{identity.rest}</small>}
      </span>
      <span role="gridcell" className="cell" title={device.batch}>
        {device.batch ?? '—'}
      </span>
      <span role="gridcell" className="cell quiet" title={device.profileName}>
        {device.profileName}
      </span>
      <span role="gridcell" className="cell cell--moment">
        <Moment at={preauthorizedAt} />
        {preauthorizedAt === undefined || acceptance === 'accepted' ? null : <small>{texts.acceptance.waitsFor(formatAge(preauthorizedAt, Date.now()))}</small>}
      </span>
      <span role="gridcell" className="cell cell--moment">
        <Moment at={acceptedAt} />
      </span>
      <span role="gridcell" className="cell">
        <AcceptanceBadge state={acceptance} />
      </span>
      <span role="gridcell" className="cell cell--sentence" title={sentence}>
        {diagnosis === undefined ? null : <strong>{texts.diagnoses[diagnosis]}. </strong>}
        <English>{sentence ?? ''}</English>
      </span>
    </>
  );
}
