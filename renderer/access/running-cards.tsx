import { useEffect, useState } from 'react';
import { SlotProgress } from '../bench/slot-progress';
import type { AccessView } from '../contract';
import { Icon } from '../frame/icons';
import { listen } from '../station';
import { texts } from '../texts';

type Running = AccessView['running'][number];

/** What goes on while nobody is signed in: to be seen from the bench, with nothing to press. */
export function RunningCards({ running }: { readonly running: readonly Running[] }) {
  const [cards, setCards] = useState(running);
  useEffect(
    () =>
      listen('slot', (slot) => {
        setCards((old) => {
          const known = old.some(({ name }) => name === slot.name);
          // A card that was not running when the station was locked is nobody's here.
          if (!known && slot.state !== 'running') return old;
          return known ? old.map((card) => (card.name === slot.name ? slot : card)) : [...old, slot];
        });
      }),
    [],
  );
  if (cards.length === 0) return null;
  return (
    <section className="running-cards" aria-label={texts.access.running} data-testid="running-cards">
      <h2>{texts.access.running}</h2>
      <p className="quiet">{texts.access.runningHint}</p>
      <ul>
        {cards.map(({ name, word, identity, progress }) => (
          <li key={name}>
            <p className="running-cards__word">
              <Icon name="running" />
              <strong>{name}</strong>
              <span className="code">{Object.values(identity ?? {}).join(' ')}</span>
              <span>{texts.slotWords[word]}</span>
            </p>
            {progress === undefined ? null : <SlotProgress progress={progress} slot={name} />}
          </li>
        ))}
      </ul>
    </section>
  );
}
