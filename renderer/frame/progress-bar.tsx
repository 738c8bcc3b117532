interface ProgressBarProps {
  /** Undefined where there is nothing to count. */
  readonly percent: number | undefined;
  readonly label: string;
  /** What is going on, in words. */
  readonly phase: string;
  readonly testId?: string;
}

/** How far something is. The numbers stand beneath it. */
export function ProgressBar({ percent, label, phase, testId }: ProgressBarProps) {
  return (
    <div
      className={percent === undefined ? 'progress__bar progress__bar--unknown' : 'progress__bar'}
      data-testid={testId}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={percent === undefined ? phase : `${phase}, ${String(percent)} %`}
    >
      <div className="progress__done" style={{ transform: `scaleX(${String((percent ?? 100) / 100)})` }} />
    </div>
  );
}
