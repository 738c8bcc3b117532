import type { KeyboardEvent } from 'react';
import { useRef, useState } from 'react';
import type { FoundDevicesView } from '../contract';
import { deviceIcons, Icon } from '../frame/icons';
import { shortFingerprint } from '../logic/fingerprint';
import { formatClock, formatDate } from '../logic/format';
import { viewIdentity } from '../logic/identity';
import { rowAfter } from '../logic/rows';
import { texts } from '../texts';

interface FoundTableProps {
  readonly devices: FoundDevicesView['devices'];
  readonly scanAttribute: string;
  readonly onOpen: (deviceId: string) => void;
}

const { columns } = texts.audit;

/** The rows of one page. One stop for Tab; the arrow keys move inside. */
export function FoundTable({ devices, scanAttribute, onOpen }: FoundTableProps) {
  const body = useRef<HTMLTableSectionElement>(null);
  const [current, setCurrent] = useState(0);
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = rowAfter(event.key, current, devices.length);
    if (next === undefined) return;
    event.preventDefault();
    setCurrent(next);
    body.current?.querySelectorAll('button')[next]?.focus();
  };
  return (
    <table className="table">
      <thead>
        <tr>
          {Object.values(columns).map((column) => (
            <th key={column} scope="col">
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body} onKeyDown={onKeyDown}>
        {devices.map((device, index) => {
          const identity = viewIdentity(device.identity, scanAttribute);
          return (
            <tr key={device.deviceId} data-testid="found-row" onClick={() => onOpen(device.deviceId)}>
              <td>
                <button type="button" className="table__open" tabIndex={index === Math.min(current, devices.length - 1) ? 0 : -1} onFocus={() => setCurrent(index)}>
                  <span className="code">{identity.main}</span>
                  {identity.rest === '' ? null : <small>{identity.rest}</small>}
                </button>
              </td>
              <td>
                <span className={`badge tone--${device.state}`}>
                  <Icon name={deviceIcons[device.state]} />
                  {texts.deviceStates[device.state]}
                </span>
              </td>
              <td className="code quiet">{device.fingerprint === undefined ? '—' : shortFingerprint(device.fingerprint)}</td>
              <td className="quiet">{device.batch ?? '—'}</td>
              <td className="quiet">{device.operator}</td>
              <td className="quiet">
                <time dateTime={device.createdAt}>{`${formatDate(device.createdAt)} ${formatClock(device.createdAt)}`}</time>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
