import type { ExportView } from '../contract';
import { ProgressBar } from '../frame/progress-bar';
import { formatCount, formatTimeLeft, percentOf } from '../logic/format';
import { texts } from '../texts';

const { export: words } = texts.audit;

/** How far an export is. Its entries are gone through more than once; the total counts them as often. */
export function ExportProgress({ running: { progress, cancelling } }: { readonly running: NonNullable<ExportView['running']> }) {
  const percent = progress === undefined ? undefined : percentOf(progress.doneBytes, progress.totalBytes);
  const phase = cancelling ? words.cancelling : progress === undefined ? words.preparing : percent === 100 ? words.sealing : words.writing;
  return (
    <div className="progress" data-testid="export-progress">
      <ProgressBar percent={percent === 100 ? undefined : percent} label={words.title} phase={phase} />
      <p className="progress__facts">
        <span className="progress__phase">{phase}</span>
        {progress === undefined || percent === 100 ? null : (
          <>
            <span>{words.rows(formatCount(progress.doneBytes), formatCount(progress.totalBytes))}</span>
            <span>{progress.bytesPerSecond > 0 ? words.rate(formatCount(Math.round(progress.bytesPerSecond))) : ''}</span>
            <span>{progress.secondsLeft === undefined ? '' : texts.progress.left(formatTimeLeft(progress.secondsLeft))}</span>
          </>
        )}
      </p>
    </div>
  );
}
