import type { JobRow, Step } from '../contract';
import { Icon, jobIcons, stepIcons } from '../frame/icons';
import { English } from '../frame/said';
import { formatDateTime, formatDuration, formatTime } from '../logic/format';
import { texts } from '../texts';

interface JobPanelProps {
  readonly job: JobRow;
  /** How it ended. */
  readonly word: string;
  readonly number: number;
  readonly count: number;
}

/** One card that was written for the device: where, from what, and its journal. */
export function JobPanel({ job, word, number, count }: JobPanelProps) {
  return (
    <section className="panel" aria-label={texts.device.job(number, count)}>
      <header className="panel__head">
        <h2>{texts.device.job(number, count)}</h2>
        <span className={`badge tone--${job.state}`}>
          <Icon name={jobIcons[job.state]} />
          {word}
        </span>
        <span className="panel__aside">
          <time dateTime={job.startedAt}>{formatDateTime(job.startedAt)}</time>
          {' · '}
          {formatDuration(job.startedAt, job.endedAt) ?? texts.device.stepStates.started}
        </span>
      </header>
      {job.sentence === undefined ? null : (
        <p>
          <English>{job.sentence}</English>
        </p>
      )}
      <ol className="steps" aria-label={texts.device.steps}>
        {job.steps.map((step) => (
          <StepLine key={`${step.name} ${step.startedAt}`} step={step} />
        ))}
      </ol>
      <dl className="facts">
        <dt>{texts.device.slot}</dt>
        <dd>{job.slot}</dd>
        <dt>{texts.device.card}</dt>
        <dd className="code">{job.targetPath}</dd>
        <dt>{texts.device.image}</dt>
        <dd className="code">{job.imageSha256}</dd>
        <dt>{texts.device.profile}</dt>
        <dd>{job.profileName}</dd>
        <dt>{texts.device.operator}</dt>
        <dd>{job.operator}</dd>
      </dl>
    </section>
  );
}

function StepLine({ step }: { readonly step: Step }) {
  return (
    <li className={`step step--${step.state}`}>
      <Icon name={stepIcons[step.state]} />
      <span className="step__name">{texts.device.stepNames[step.name]}</span>
      <span className="step__sentence">{step.sentence === undefined ? texts.device.stepStates[step.state] : <English>{step.sentence}</English>}</span>
      <time className="step__time" dateTime={step.startedAt}>
        {formatTime(step.startedAt)}
      </time>
      <span className="step__duration">{formatDuration(step.startedAt, step.endedAt) ?? '…'}</span>
    </li>
  );
}
