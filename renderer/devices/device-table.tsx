import type { KeyboardEvent } from 'react';
import { useRef, useState } from 'react';
import type { BenchView, DeviceRow } from '../contract';
import { deviceIcons, Icon } from '../frame/icons';
import { shortFingerprint } from '../logic/fingerprint';
import { formatDateTime } from '../logic/format';
import { viewIdentity } from '../logic/identity';
import { rowAfter } from '../logic/rows';
import { deviceWord } from '../logic/words';
import { texts } from '../texts';

interface DeviceTableProps {
  readonly devices: readonly DeviceRow[];
  readonly bench: BenchView;
  readonly onOpen: (deviceId: string) => void;
}

const { columns } = texts.devices;

/** The rows of one page. One stop for Tab; the arrow keys move inside. */
export function DeviceTable({ devices, bench, onOpen }: DeviceTableProps) {
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
          <th scope="col">{columns.identity}</th>
          <th scope="col">{columns.state}</th>
          <th scope="col">{columns.key}</th>
          <th scope="col">{columns.profile}</th>
          <th scope="col">{columns.updated}</th>
        </tr>
      </thead>
      <tbody ref={body} onKeyDown={onKeyDown}>
        {devices.map((device, index) => {
          const identity = viewIdentity(device.identity, bench.scanAttribute);
          return (
            <tr key={device.deviceId} data-testid="device-row" onClick={() => onOpen(device.deviceId)}>
              <td>
                <button
                  type="button"
                  className="table__open"
                  tabIndex={index === Math.min(current, devices.length - 1) ? 0 : -1}
                  onFocus={() => setCurrent(index)}
                  onClick={(event) => {
                    event.stopPropagation();
                    onOpen(device.deviceId);
                  }}
                >
                  <span className="code">{identity.main}</span>
                  {identity.rest === '' ? null : <small>{identity.rest}</small>}
                </button>
              </td>
              <td>
                <span className={`badge tone--${device.state}`}>
                  <Icon name={deviceIcons[device.state]} />
                  {deviceWord(bench, device.serverKind, device.state)}
                </span>
              </td>
              <td className="code quiet">{device.fingerprint === undefined ? '—' : shortFingerprint(device.fingerprint)}</td>
              <td className="quiet">{device.profileName}</td>
              <td className="quiet">
                <time dateTime={device.updatedAt}>{formatDateTime(device.updatedAt)}</time>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
