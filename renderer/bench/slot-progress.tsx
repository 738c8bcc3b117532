import type { Progress } from '../contract';
import { ProgressBar } from '../frame/progress-bar';
import { formatBytes, formatRate, formatTimeLeft, percentOf } from '../logic/format';
import { texts } from '../texts';

/** The bar of a running slot, with its numbers beneath. */
export function SlotProgress({ progress, slot }: { readonly progress: Progress; readonly slot: string }) {
  const percent = percentOf(progress.doneBytes, progress.totalBytes);
  const phase = texts.progress.phases[progress.phase];
  return (
    <div className="progress">
      <ProgressBar percent={percent} label={`${texts.progress.label}, ${slot}`} phase={phase} testId="progress" />
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
