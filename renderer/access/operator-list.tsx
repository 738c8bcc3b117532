import type { KeyboardEvent } from 'react';
import { useRef } from 'react';
import type { OperatorView } from '../contract';
import { Icon } from '../frame/icons';
import { formatDate } from '../logic/format';
import { rowAfter } from '../logic/rows';
import { texts } from '../texts';

const { operators: words } = texts.access;

interface OperatorListProps {
  readonly operators: readonly OperatorView[];
  readonly chosen: string | undefined;
  readonly onChoose: (name: string) => void;
}

/** Everybody who may sign in or could. One stop for Tab; the arrow keys choose. */
export function OperatorList({ operators, chosen, onChoose }: OperatorListProps) {
  const list = useRef<HTMLUListElement>(null);
  const current = Math.max(0, operators.findIndex(({ name }) => name === chosen));
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = rowAfter(event.key, current, operators.length);
    const operator = next === undefined ? undefined : operators[next];
    if (next === undefined || operator === undefined) return;
    event.preventDefault();
    onChoose(operator.name);
    list.current?.querySelectorAll('button')[next]?.focus();
  };
  return (
    <ul ref={list} className="operators__list" aria-label={words.list} onKeyDown={onKeyDown}>
      {operators.map((operator, index) => (
        <li key={operator.name}>
          <button
            type="button"
            className="operator-line"
            tabIndex={index === current ? 0 : -1}
            autoFocus={index === current}
            aria-current={operator.name === chosen}
            data-testid="operator"
            data-name={operator.name}
            data-enabled={operator.enabled}
            onClick={() => onChoose(operator.name)}
          >
            <span className="operator-line__who">
              <strong>{operator.name}</strong>
              <span>{texts.roles[operator.role]}</span>
            </span>
            <span className="operator-line__facts">
              <Icon name={operator.enabled ? 'done' : 'cancelled'} />
              {[operator.enabled ? words.enabled : words.disabled, operator.hasBadge ? words.badge : words.noBadge, words.made(operator.createdBy, formatDate(operator.createdAt))].join(' · ')}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
