import type { KeyboardEvent } from 'react';
import { useRef, useState } from 'react';
import type { AccessView } from '../contract';
import { rowAfter } from '../logic/rows';
import { texts } from '../texts';

type Person = NonNullable<AccessView['people']>[number];

/** Who may sign in. One stop for Tab; the arrow keys move inside. */
export function PeopleList({ people, onChoose }: { readonly people: readonly Person[]; readonly onChoose: (name: string) => void }) {
  const list = useRef<HTMLUListElement>(null);
  const [current, setCurrent] = useState(0);
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = rowAfter(event.key, current, people.length);
    if (next === undefined) return;
    event.preventDefault();
    setCurrent(next);
    list.current?.querySelectorAll('button')[next]?.focus();
  };
  return (
    <section className="people" aria-label={texts.access.people}>
      <h2>{texts.access.people}</h2>
      <ul ref={list} onKeyDown={onKeyDown}>
        {people.map(({ name, role }, index) => (
          <li key={name}>
            <button type="button" tabIndex={index === Math.min(current, people.length - 1) ? 0 : -1} data-testid="person" onFocus={() => setCurrent(index)} onClick={() => onChoose(name)}>
              <strong>{name}</strong>
              <span className="quiet">{texts.roles[role]}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
