import type { ActionEntry } from '../contract';
import { actionIcons, Icon } from '../frame/icons';
import { formatDateTime } from '../logic/format';
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
          <li key={action.actionId} className={`step step--action step--${action.state}`} data-testid="action" data-action={action.action} data-state={action.state}>
            <Icon name={actionIcons[action.state]} />
            <span className="step__name">{words.actionNames[action.action]}</span>
            <span className="step__sentence">
              {action.sentence ?? words.actionStates[action.state]} ({words.by(action.by)})
            </span>
            <time className="step__time" dateTime={action.startedAt}>
              {formatDateTime(action.startedAt)}
            </time>
          </li>
        ))}
      </ol>
    </section>
  );
}
