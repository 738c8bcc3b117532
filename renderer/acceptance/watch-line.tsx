import type { ReactNode } from 'react';
import type { WatchView } from '../contract';
import { ActionButton } from '../frame/action-button';
import { Icon } from '../frame/icons';
import { English } from '../frame/said';
import { formatCount, formatTime } from '../logic/format';
import { texts } from '../texts';

interface WatchLineProps {
  readonly watch: WatchView | undefined;
  readonly onAskNow: () => void;
  readonly children?: ReactNode;
}

/** When the server was asked, when it is asked next, and what was wrong. */
export function WatchLine({ watch, onAskNow, children }: WatchLineProps) {
  const asking = watch?.asking === true;
  return (
    <section className="watch" aria-label={texts.watch.label} data-testid="watch" data-asking={asking} data-trouble={watch?.trouble !== undefined}>
      {/* What a round found is read aloud, not each portion of it. */}
      <p className="watch__round" role="status" aria-live={asking ? 'off' : 'polite'}>
        {watch === undefined ? '' : <Icon name={asking ? 'running' : watch.last === undefined ? 'free' : 'done'} />}
        <span data-testid="watch-last">{watch === undefined ? '' : roundOf(watch)}</span>
        {asking || watch?.nextAt === undefined ? null : <span className="quiet">{texts.watch.next(formatTime(watch.nextAt))}</span>}
      </p>
      {watch?.trouble === undefined ? null : (
        <p className="watch__trouble" role="alert" data-testid="watch-trouble">
          <Icon name="warning" />
          <English>{watch.trouble}</English>
        </p>
      )}
      <div className="watch__buttons">
        {children}
        <ActionButton testId="ask-now" keyName="F5" disabled={asking} onPress={onAskNow} icon={<Icon name="again" />}>
          {texts.watch.askNow}
        </ActionButton>
      </div>
    </section>
  );
}

function roundOf({ asking, done, total, last }: WatchView): string {
  if (asking) return done === undefined || total === undefined || total === 0 ? texts.watch.asking : texts.watch.askingSome(formatCount(done), formatCount(total));
  if (last === undefined) return texts.watch.never;
  return texts.watch.last(formatTime(last.at), texts.watch.checked(last.checked), texts.watch.changed(last.changed));
}
