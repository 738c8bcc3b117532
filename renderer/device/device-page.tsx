import { useState } from 'react';
import type { BenchView, DeviceDetails, Notice } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { deviceIcons, Icon } from '../frame/icons';
import { LabelPanel } from '../labels/label-panel';
import { formatDateTime } from '../logic/format';
import { viewIdentity } from '../logic/identity';
import { refused, told } from '../logic/of-main';
import { deviceWord, jobWord } from '../logic/words';
import { texts } from '../texts';
import { AcceptancePanel } from './acceptance-panel';
import { ActionsPanel } from './actions-panel';
import { CertificatesPanel } from './certificates-panel';
import { DeviceActionDialog, type DeviceAction } from './device-action-dialog';
import { JobPanel } from './job-panel';
import { LifePanel } from './life-panel';
import { PublicKeyPanel } from './public-key';
import { ServerState } from './server-state';
import { useDevice } from './use-device';

interface DevicePageProps {
  readonly deviceId: string;
  readonly bench: BenchView;
  readonly onBack: () => void;
  readonly onOpen: (deviceId: string) => void;
  readonly notify: (notice: Notice) => void;
}

/** Everything that is known of one device. */
export function DevicePage({ deviceId, bench, onBack, onOpen, notify }: DevicePageProps) {
  const { device, server, asking, error, askServer, reload } = useDevice(deviceId);
  const [action, setAction] = useState<DeviceAction>();
  const { scanAttribute } = bench;
  const current = device?.state === 'preauthorized' || device?.state === 'accepted';
  const identity = viewIdentity(device?.identity ?? {}, scanAttribute);
  return (
    <main className="device" id="content" data-testid="device-page" data-device={deviceId} aria-busy={device === undefined && error === undefined}>
      <header className="device__head">
        <button type="button" className="button button--plain" autoFocus onClick={onBack}>
          <Icon name="back" />
          {texts.device.back}
          <kbd aria-hidden="true">Esc</kbd>
        </button>
        <h1>
          {identity.main}
          {identity.rest === '' ? null : <small>{identity.rest}</small>}
        </h1>
        {device === undefined ? null : (
          <span className={`badge badge--big tone--${device.state}`}>
            <Icon name={deviceIcons[device.state]} />
            {deviceWord(bench, device.serverKind, device.state)}
          </span>
        )}
      </header>
      {error === undefined ? null : <ErrorPanel error={error} />}
      {device === undefined ? (
        <p className="quiet">{error === undefined ? texts.device.loading : ''}</p>
      ) : (
        <div className="device__columns">
          <div className="device__column">
            {current || device.acceptance !== undefined ? <AcceptancePanel device={device} onOpen={onOpen} /> : null}
            <ServerState server={server} bench={bench} current={current} asking={asking} onAsk={askServer} onAct={(act) => setAction({ ...act, revokes: device.certificates.some(({ state }) => state !== 'revoked') })} />
            <CertificatesPanel certificates={device.certificates} />
            <LabelPanel device={device} bench={bench} notify={notify} />
            <ActionsPanel actions={device.actions} />
            <PublicKeyPanel device={device} />
            <RecordPanel device={device} />
          </div>
          <div className="device__column">
            <LifePanel device={device} notify={notify} />
            {device.jobs.length === 0 ? <p className="panel quiet">{texts.device.noJobs}</p> : null}
            {device.jobs.map((job, index) => (
              <JobPanel key={job.jobId} job={job} word={jobWord(bench, device.serverKind, job.state)} number={index + 1} count={device.jobs.length} />
            ))}
          </div>
        </div>
      )}
      {action === undefined || device === undefined ? null : (
        <DeviceActionDialog
          action={action}
          identity={device.identity}
          confirmation={identity.main}
          onClose={() => setAction(undefined)}
          onDone={(entry) => {
            setAction(undefined);
            const tone = entry.state === 'failed' ? 'problem' : 'success';
            notify(entry.sentence === undefined ? { sentence: texts.confirm.finished, tone } : told(entry.sentence, tone));
            reload();
          }}
          onProblem={(problem) => notify(refused(problem))}
        />
      )}
    </main>
  );
}

function RecordPanel({ device }: { readonly device: DeviceDetails }) {
  return (
    <section className="panel" aria-label={texts.device.facts}>
      <header className="panel__head">
        <h2>{texts.device.facts}</h2>
      </header>
      <dl className="facts">
        {Object.entries(device.identity).map(([name, value]) => (
          <Fact key={name} name={name} value={value} code />
        ))}
        <Fact name={texts.device.server} value={`${device.serverKind} · ${device.serverUrl}`} />
        <Fact name={texts.device.profile} value={device.profileName} />
        {device.batch === undefined ? null : <Fact name={texts.device.batch} value={device.batch} />}
        <Fact name={texts.device.created} value={formatDateTime(device.createdAt)} />
        <Fact name={texts.device.updated} value={formatDateTime(device.updatedAt)} />
        <Fact name={texts.device.deviceId} value={device.deviceId} code />
        {device.serverDeviceId === undefined ? null : <Fact name={texts.device.serverDeviceId} value={device.serverDeviceId} code />}
      </dl>
    </section>
  );
}

function Fact({ name, value, code = false }: { readonly name: string; readonly value: string; readonly code?: boolean }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={code ? 'code' : undefined}>{value}</dd>
    </>
  );
}
