import { useCallback, useEffect, useState } from 'react';
import type { BenchView, DeviceDetails, DeviceLabel, Notice } from '../contract';
import { Icon } from '../frame/icons';
import { English } from '../frame/said';
import { formatDateTime } from '../logic/format';
import { told } from '../logic/of-main';
import { ask } from '../station';
import { texts } from '../texts';
import { ReprintDialog } from './reprint-dialog';

const { device: words, states } = texts.labels;

const icons = { waiting: 'waiting', sending: 'running', doubtful: 'warning', printed: 'done', failed: 'cancelled' } as const;
const tones = { waiting: 'started', sending: 'started', doubtful: 'failed', printed: 'done', failed: 'failed' } as const;

interface LabelPanelProps {
  readonly device: DeviceDetails;
  readonly bench: BenchView;
  readonly notify: (notice: Notice) => void;
}

/** The labels of a device with who printed them again and why. Nothing where its line prints none. */
export function LabelPanel({ device, bench, notify }: LabelPanelProps) {
  const [labels, setLabels] = useState<readonly DeviceLabel[]>([]);
  const [asking, setAsking] = useState(false);
  const { deviceId } = device;
  const load = useCallback(() => {
    void ask('deviceLabels', { deviceId }).then((reply) => {
      if (reply.ok) setLabels(reply.value);
    });
  }, [deviceId]);
  // What waits may be printed by now.
  useEffect(load, [load, bench.labels]);
  const finished = device.state === 'preauthorized' || device.state === 'accepted';
  const able = finished && bench.rights.includes('provision') && (labels.length > 0 || bench.labels.on);
  if (labels.length === 0 && !able) return null;
  const again = labels.filter(({ reprint }) => reprint).length;
  return (
    <section className="panel" aria-label={words.title} data-testid="label-panel" data-reprints={again}>
      <header className="panel__head">
        <h2>
          {words.title}
          {again === 0 ? null : <small> {words.reprints(again)}</small>}
        </h2>
        {able ? (
          <button type="button" className="button button--plain" data-testid="reprint" onClick={() => setAsking(true)}>
            <Icon name="label" />
            {words.print}
          </button>
        ) : null}
      </header>
      {labels.length === 0 ? <p className="quiet">{words.none}</p> : null}
      <ol className="steps">
        {labels.map((label) => (
          <li key={label.printId} data-testid="device-label" data-state={label.state} data-reprint={label.reprint}>
            <div className={`step step--action step--${tones[label.state]}`}>
              <Icon name={icons[label.state]} />
              <span className="step__name">{label.reprint ? words.reprint : words.first}</span>
              <span className="step__sentence">
                {describe(label)} {label.sentence === undefined ? null : <English>{label.sentence}</English>}
              </span>
              <time className="step__time" dateTime={label.askedAt}>
                {formatDateTime(label.askedAt)}
              </time>
            </div>
          </li>
        ))}
      </ol>
      {asking ? (
        <ReprintDialog
          deviceId={deviceId}
          onClose={() => setAsking(false)}
          onDone={(sentence, printed) => {
            setAsking(false);
            notify(told(sentence, printed ? 'success' : 'problem'));
            load();
          }}
        />
      ) : null}
    </section>
  );
}

function describe({ state, askedBy, reason, scanBack, scannedBy }: DeviceLabel): string {
  const parts = [`${states[state]} ${words.by(askedBy)}${reason === undefined ? '' : `, ${words.reason(reason)}`}.`];
  if (scanBack && state === 'printed') parts.push(scannedBy === undefined ? words.toScan : words.scanned(scannedBy));
  return parts.join(' ');
}
