import { useState } from 'react';
import type { ErrorReport, OutboxView } from '../contract';
import { ActionButton } from '../frame/action-button';
import { Icon } from '../frame/icons';
import { English } from '../frame/said';
import { formatTime } from '../logic/format';
import { useKeys } from '../state/use-keys';
import { isDialogOpen } from '../logic/elements';
import { ask } from '../station';
import { texts } from '../texts';

const { outbox: words } = texts;

interface OutboxStripProps {
  readonly outbox: OutboxView;
  readonly onProblem: (problem: ErrorReport) => void;
}

/** Cards that are good and wait for the server: how many, until when, and why. Gone when none waits. */
export function OutboxStrip({ outbox, onProblem }: OutboxStripProps) {
  const [trying, setTrying] = useState(false);
  const { waiting, limit, nextTryAt, sentence } = outbox;

  const tryNow = (): void => {
    if (trying) return;
    setTrying(true);
    void ask('tryOutbox', {}).then((reply) => {
      setTrying(false);
      if (!reply.ok) onProblem(reply.error);
    });
  };

  useKeys((event) => {
    if (event.key !== 'F10' || event.ctrlKey || event.altKey || event.shiftKey || event.metaKey || isDialogOpen()) return;
    event.preventDefault();
    if (!event.repeat) tryNow();
  });

  const full = waiting >= limit;
  return (
    <section className={full ? 'outbox outbox--full' : 'outbox'} aria-label={words.label} data-testid="outbox" data-waiting={waiting} data-full={full}>
      <Icon name={full ? 'warning' : 'waiting'} />
      <div className="outbox__words" role="status">
        <p className="outbox__count">
          {words.waiting(waiting)} <small>{words.limit(limit)}</small>
        </p>
        <p className="outbox__sentence">
          {full ? <strong>{words.full} </strong> : null}
          {sentence === undefined || texts.ofMain !== undefined ? words.keep : sentence}
          {sentence === undefined || texts.ofMain === undefined ? null : (
            <>
              {' '}
              <English>{sentence}</English>
            </>
          )}
        </p>
      </div>
      <p className="outbox__next" data-testid="outbox-next">
        {trying ? words.trying : nextTryAt === undefined ? '' : words.next(formatTime(nextTryAt))}
      </p>
      <ActionButton testId="try-outbox" keyName="F10" disabled={trying} onPress={tryNow} icon={<Icon name="again" />}>
        {words.tryNow}
      </ActionButton>
    </section>
  );
}
