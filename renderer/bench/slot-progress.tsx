import type { Progress } from '../contract';
import { formatBytes, formatRate, formatTimeLeft, percentOf } from '../logic/format';
import { texts } from '../texts';

/** The bar of a running slot, with its numbers beneath. */
export function SlotProgress({ progress, slot }: { readonly progress: Progress; readonly slot: string }) {
  const percent = percentOf(progress.doneBytes, progress.totalBytes);
  const phase = texts.progress.phases[progress.phase];
  return (
    <div className="progress">
      <div
        className={percent === undefined ? 'progress__bar progress__bar--unknown' : 'progress__bar'}
        data-testid="progress"
        role="progressbar"
        aria-label={`${texts.progress.label}, ${slot}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={percent === undefined ? phase : `${phase}, ${String(percent)} %`}
      >
        <div className="progress__done" style={{ transform: `scaleX(${String((percent ?? 100) / 100)})` }} />
      </div>
      <p className="progress__facts">
        <span className="progress__phase">{phase}</span>
        {percent === undefined ? null : <ProgressNumbers progress={progress} />}
      </p>
    </div>
  );
}

function ProgressNumbers({ progress }: { readonly progress: Progress }) {
  const { doneBytes, totalBytes, bytesPerSecond, secondsLeft } = progress;
  return (
    <>
      <span>{texts.progress.amount(formatBytes(doneBytes), formatBytes(totalBytes))}</span>
      <span>{formatRate(bytesPerSecond) ?? ''}</span>
      <span>{secondsLeft === undefined ? '' : texts.progress.left(formatTimeLeft(secondsLeft))}</span>
    </>
  );
}
