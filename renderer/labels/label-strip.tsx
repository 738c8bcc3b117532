import type { LabelsView } from '../contract';
import { ActionButton } from '../frame/action-button';
import { Icon } from '../frame/icons';
import { English } from '../frame/said';
import { formatTime } from '../logic/format';
import { texts } from '../texts';

const { strip: words } = texts.labels;

/** Labels that are not printed: how many, why, and which of them only a person knows of. Gone when there are none. */
export function LabelStrip({ labels, onOpen }: { readonly labels: LabelsView; readonly onOpen: () => void }) {
  const doubtful = labels.unfinished.filter(({ state }) => state === 'doubtful').length;
  const waiting = labels.unfinished.length - doubtful;
  if (waiting + doubtful === 0) return null;
  const counts = [doubtful === 0 ? undefined : words.doubtful(doubtful), waiting === 0 ? undefined : words.waiting(waiting)].filter((count) => count !== undefined);
  return (
    <section className={doubtful > 0 ? 'outbox outbox--full' : 'outbox'} aria-label={words.label} data-testid="label-strip" data-waiting={waiting} data-doubtful={doubtful}>
      <Icon name={doubtful > 0 ? 'warning' : 'label'} />
      <div className="outbox__words" role="status">
        <p className="outbox__count">{counts.join(' · ')}</p>
        <p className="outbox__sentence">{labels.sentence === undefined || texts.ofMain !== undefined ? words.keep : labels.sentence}
          {labels.sentence === undefined || texts.ofMain === undefined ? null : <English> {labels.sentence}</English>}</p>
      </div>
      <p className="outbox__next">{labels.nextTryAt === undefined ? '' : words.next(formatTime(labels.nextTryAt))}</p>
      <ActionButton testId="open-labels" keyName="Ctrl+P" onPress={onOpen} icon={<Icon name="label" />}>
        {words.open}
      </ActionButton>
    </section>
  );
}
