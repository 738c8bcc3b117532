import { AcceptanceBadge } from '../acceptance/acceptance-badge';
import type { DeviceDetails } from '../contract';
import { English } from '../frame/said';
import { formatDateTime } from '../logic/format';
import { texts } from '../texts';

const { device: words } = texts;

/** What the watch found out: whether the device came, and if not, why. */
export function AcceptancePanel({ device, onOpen }: { readonly device: DeviceDetails; readonly onOpen: (deviceId: string) => void }) {
  const { acceptance } = device;
  const related = acceptance?.relatedDeviceId;
  return (
    <section className="panel" aria-label={words.acceptance} data-testid="acceptance-panel" data-diagnosis={acceptance?.diagnosis}>
      <header className="panel__head">
        <h2>{words.acceptance}</h2>
        <AcceptanceBadge state={acceptance?.state ?? 'unchecked'} />
        {acceptance === undefined ? null : <span className="panel__aside">{words.checkedAt(formatDateTime(acceptance.checkedAt))}</span>}
      </header>
      {acceptance?.diagnosis === undefined ? null : <p className="panel__word panel__word--small">{texts.diagnoses[acceptance.diagnosis]}</p>}
      <p>{acceptance?.sentence === undefined ? words.notAsked : <English>{acceptance.sentence}</English>}</p>
      {related === undefined ? null : (
        <button type="button" className="button button--plain panel__button" onClick={() => onOpen(related)}>
          {words.related}
        </button>
      )}
    </section>
  );
}
