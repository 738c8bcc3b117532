import { memo } from 'react';
import type { BenchView, SlotView } from '../contract';
import { Icon, slotIcons } from '../frame/icons';
import { SaidText } from '../frame/said';
import { groupsOfFour } from '../logic/fingerprint';
import { percentOf } from '../logic/format';
import { viewIdentity } from '../logic/identity';
import { slotSentence } from '../logic/of-main';
import { hasEnded } from '../logic/slots';
import { cardWords } from '../logic/words';
import { texts } from '../texts';
import { SlotProgress } from './slot-progress';

interface SlotCardProps {
  readonly slot: SlotView;
  readonly number: number;
  /** Where it stands on the desk, from 0. */
  readonly row: number;
  readonly column: number;
  /** Its card is the one to take out next. */
  readonly next: boolean;
  readonly failures: BenchView['desk']['failures'][number] | undefined;
  /** The batch counts: Enter gives a free slot its identity. */
  readonly gives: boolean;
  readonly selected: boolean;
  readonly alone: boolean;
  readonly scanAttribute: string;
  /** A first Escape was pressed. */
  readonly cancelAsked: boolean;
  readonly onSelect: (slot: string) => void;
}

/** One slot: who, what in one word, and the sentence to it. Drawn again only when this slot changes. */
export const SlotCard = memo(function SlotCard({ slot, number, row, column, next, failures, gives, selected, alone, scanAttribute, cancelAsked, onSelect }: SlotCardProps) {
  const identity = viewIdentity(slot.identity ?? {}, scanAttribute);
  const percent = slot.state === 'running' && slot.progress !== undefined ? percentOf(slot.progress.doneBytes, slot.progress.totalBytes) : undefined;
  return (
    <article
      className={`slot slot--${slot.state} ${slot.label?.awaitsScan === true ? 'slot--label ' : ''}${alone ? 'slot--alone' : 'slot--one-of-many'}`}
      data-testid="slot"
      data-slot={slot.name}
      data-state={slot.state}
      data-label={slot.label?.awaitsScan === true ? 'scan' : slot.label?.state}
      data-next={next}
      style={{ gridRow: row + 1, gridColumn: column + 1 }}
      aria-current={selected && !alone ? 'true' : undefined}
      aria-label={`${slot.name}, ${texts.slotStates[slot.state]}`}
      onClick={() => onSelect(slot.name)}
    >
      <div className="slot__body">
        <header className="slot__head">
          {alone ? null : <span className="slot__number">{number}</span>}
          <span className="slot__name">{slot.name}</span>
          <span className="slot__place">{slot.place}</span>
          {slot.card === undefined ? null : (
            <span className="slot__card" data-testid="slot-card" data-present={slot.card.present}>
              {cardWords(slot.card)}
            </span>
          )}
        </header>
        <p className="slot__identity">
          <span className="slot__value">{identity.main === '' ? texts.slot.noIdentity : identity.main}</span>
          {identity.rest === '' ? null : <span className="slot__rest">{identity.rest}</span>}
        </p>
        <p className="slot__result">
          <Icon name={slot.label?.awaitsScan === true ? 'ready' : slotIcons[slot.state]} />
          <strong className="slot__word" data-testid="slot-word">
            {texts.slotWords[slot.word]}
          </strong>
          {hasEnded(slot.state) && !alone ? (
            <span className={next ? 'slot__out slot__out--next' : 'slot__out'} data-testid="take-out">
              <Icon name="next" />
              {next ? texts.desk.next : texts.desk.takeOut}
            </span>
          ) : null}
          {percent === undefined ? null : <span className="slot__percent">{`${String(percent)}\u202f%`}</span>}
        </p>
        {failures === undefined ? null : (
          <p className={failures.suspect ? 'slot__health slot__health--suspect' : 'slot__health'} data-testid="slot-health" data-suspect={failures.suspect}>
            <Icon name={failures.suspect ? 'warning' : 'information'} />
            {texts.desk.failed(failures.recent.failed, failures.recent.of)}
            {failures.suspect ? <strong>{texts.desk.suspect}</strong> : null}
          </p>
        )}
        <p className={cancelAsked ? 'slot__sentence slot__sentence--asks' : 'slot__sentence'} data-testid="slot-sentence">
          {cancelAsked ? texts.slot.cancelAgain : gives && slot.state === 'free' ? texts.orders.giveHint : <SaidText words={slotSentence(slot)} />}
        </p>
        <div className="slot__progress">{slot.state === 'running' && slot.progress !== undefined ? <SlotProgress progress={slot.progress} slot={slot.name} /> : <SlotFingerprint slot={slot} />}</div>
      </div>
    </article>
  );
});

/** Which key is on the card, where there is one. */
function SlotFingerprint({ slot }: { readonly slot: SlotView }) {
  if (slot.fingerprint === undefined || (slot.state !== 'done' && slot.state !== 'accepted' && slot.state !== 'waiting')) return null;
  return (
    <dl className="slot__fingerprint" data-testid="slot-fingerprint">
      <dt>{texts.slot.fingerprint}</dt>
      {groupsOfFour(slot.fingerprint).map((group, index) => (
        <dd key={index}>{group}</dd>
      ))}
    </dl>
  );
}
