import type { BenchView } from '../contract';
import { isDialogOpen } from '../logic/elements';
import { formatCount } from '../logic/format';
import type { DeviceSearch } from '../state/page';
import { devicesOnPage } from '../state/page';
import { useKeys } from '../state/use-keys';
import { ErrorPanel } from '../frame/error-panel';
import { PageTurner } from '../rows/page-turner';
import { texts } from '../texts';
import { DeviceFilter } from './device-filter';
import { DeviceTable } from './device-table';
import { useDevices } from './use-devices';

interface DevicesPageProps {
  readonly search: DeviceSearch;
  readonly bench: BenchView;
  readonly onSearch: (search: DeviceSearch) => void;
  readonly onOpen: (deviceId: string) => void;
}

export function DevicesPage({ search, bench, onSearch, onOpen }: DevicesPageProps) {
  const { found, offset, error } = useDevices(search, bench.scanAttribute);
  const total = found?.total ?? 0;
  const hasPrevious = search.offset > 0;
  const hasNext = search.offset + devicesOnPage < total;
  const turn = (pages: number): void => onSearch({ ...search, offset: Math.max(0, search.offset + pages * devicesOnPage) });

  useKeys((event) => {
    if (isDialogOpen()) return;
    if ((event.key === 'PageUp' && hasPrevious) || (event.key === 'PageDown' && hasNext)) {
      event.preventDefault();
      if (!event.repeat) turn(event.key === 'PageUp' ? -1 : 1);
      return;
    }
    if (event.key === 'ArrowDown' && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      document.querySelector<HTMLElement>('.table__open[tabindex="0"]')?.focus();
    }
  });

  return (
    <main className="devices" id="content" data-testid="devices-page">
      <header className="devices__head">
        <h1>{texts.devices.title}</h1>
        <p className="devices__total" role="status">
          {found === undefined ? '' : texts.devices.total(total)}
        </p>
        <DeviceFilter search={search} bench={bench} onSearch={onSearch} />
      </header>
      {error === undefined ? null : <ErrorPanel error={error} />}
      <div className="devices__rows">
        {found === undefined || found.devices.length === 0 ? (
          <p className="devices__empty">{found === undefined && error === undefined ? texts.devices.loading : texts.devices.empty}</p>
        ) : (
          <DeviceTable key={offset} devices={found.devices} bench={bench} onOpen={onOpen} />
        )}
      </div>
      <PageTurner hasPrevious={hasPrevious} hasNext={hasNext} range={found === undefined || found.devices.length === 0 ? '' : texts.devices.range(offset + 1, offset + found.devices.length, formatCount(total))} onTurn={turn} />
    </main>
  );
}
