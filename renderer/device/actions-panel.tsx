import type { ActionEntry } from '../contract';
import { actionIcons, Icon } from '../frame/icons';
import { English } from '../frame/said';
import { formatDateTime, formatTime } from '../logic/format';
import { reasonWords } from '../logic/words';
import { texts } from '../texts';

const { device: words } = texts;

/** What was done to the device at its server after it was recorded, newest first. */
export function ActionsPanel({ actions }: { readonly actions: readonly ActionEntry[] }) {
  if (actions.length === 0) return null;
  return (
    <section className="panel" aria-label={words.actions} data-testid="actions-panel">
      <header className="panel__head">
        <h2>{words.actions}</h2>
      </header>
      <ol className="steps">
        {actions.map((action) => (
          <li key={action.actionId} data-testid="action" data-action={action.action} data-state={action.state}>
            <div className={`step step--action step--${action.state}`}>
              <Icon name={actionIcons[action.state]} />
              <span className="step__name">{words.actionNames[action.action]}</span>
              <span className="step__sentence">
                {action.sentence === undefined ? words.actionStates[action.state] : <English>{action.sentence}</English>} ({words.by(action.by)}){action.reason === undefined ? '' : ` ${words.reason(reasonWords(action.reason))}.`}
              </span>
              <time className="step__time" dateTime={action.startedAt}>
                {formatDateTime(action.startedAt)}
              </time>
            </div>
            <Parts parts={action.steps ?? []} />
          </li>
        ))}
      </ol>
    </section>
  );
}

/** What of it is done for certain, also where the rest failed. */
function Parts({ parts }: { readonly parts: NonNullable<ActionEntry['steps']> }) {
  if (parts.length === 0) return null;
  return (
    <ol className="parts" aria-label={words.parts}>
      {parts.map((part) => (
        <li key={part.part} className="step step--part step--done" data-testid="action-part" data-part={part.part}>
          <Icon name="done" />
          <span className="step__sentence">
            <English>{part.sentence}</English>
          </span>
          <time className="step__time" dateTime={part.at}>
            {formatTime(part.at)}
          </time>
        </li>
      ))}
    </ol>
  );
}
