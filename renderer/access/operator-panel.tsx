import { useState } from 'react';
import type { ErrorReport, OperatorChange, OperatorRole, OperatorView } from '../contract';
import { ActionButton } from '../frame/action-button';
import { ErrorPanel } from '../frame/error-panel';
import { Icon } from '../frame/icons';
import { texts } from '../texts';
import { BadgeForm } from './badge-form';
import { changeMyPin } from './own-pin-dialog';
import { PinForm } from './pin-form';
import { RoleSelect } from './role-select';

const { operators: words } = texts.access;

/** What is asked about a person, instead of what can be done. */
export type Asking = 'pin' | 'badge';

interface OperatorPanelProps {
  readonly operator: OperatorView;
  /** It is whoever is signed in. */
  readonly self: boolean;
  readonly asking: Asking | undefined;
  readonly onAsk: (what: Asking | undefined) => void;
  readonly onChange: (change: OperatorChange) => Promise<ErrorReport | undefined>;
  /** It was done; the sentence says what. */
  readonly onDone: (sentence: string) => void;
}

/** One person: what is so, and what an admin changes. */
export function OperatorPanel({ operator, self, asking, onAsk, onChange, onDone }: OperatorPanelProps) {
  const { name, enabled, hasBadge } = operator;
  const [role, setRole] = useState<OperatorRole>(operator.role);
  const [error, setError] = useState<ErrorReport & { readonly at: OperatorChange['what'] }>();

  const change = async (wanted: OperatorChange, sentence: string): Promise<ErrorReport | undefined> => {
    const refusal = await onChange(wanted);
    setError(refusal === undefined ? undefined : { ...refusal, at: wanted.what });
    if (refusal !== undefined) return refusal;
    onAsk(undefined);
    onDone(sentence);
    return undefined;
  };
  const ownPinDone = (): void => {
    onAsk(undefined);
    onDone(words.pinChanged(name));
  };

  return (
    <section className="panel operator" aria-label={name} data-testid="operator-panel" data-name={name}>
      <header className="panel__head">
        <h3>{asking === 'pin' ? words.pinOf(name) : asking === 'badge' ? words.badgeOf(name) : name}</h3>
        <span className={`badge badge--big tone--${enabled ? 'done' : 'cancelled'}`}>
          <Icon name={enabled ? 'done' : 'cancelled'} />
          {enabled ? words.enabled : words.disabled}
        </span>
      </header>
      {self && asking === undefined ? (
        <p className="operator__self" data-testid="operator-self">
          <Icon name="information" />
          {words.self}
        </p>
      ) : null}
      {asking === 'pin' ? (
        <PinForm
          own={self}
          onSave={(newPin, pin) => (self ? changeMyPin(newPin, pin, ownPinDone) : change({ what: 'pin', pin: newPin }, words.pinChanged(name)))}
          onBack={() => onAsk(undefined)}
        />
      ) : null}
      {asking === 'badge' ? <BadgeForm onSave={(badge) => change({ what: 'badge', badge }, words.badgeGiven(name))} onBack={() => onAsk(undefined)} /> : null}
      {asking === undefined ? (
        <div className="operator__rows">
          <div className="operator__row">
            <RoleSelect role={role} onRole={setRole} error={error?.at === 'role' ? error : undefined} />
            <ActionButton testId="save-role" disabled={role === operator.role} onPress={() => void change({ what: 'role', role }, words.roleChanged(name, texts.roles[role]))}>
              {words.saveRole}
            </ActionButton>
          </div>
          <div className="operator__row">
            <p>{self ? words.ownPin : words.pin}</p>
            <ActionButton testId="ask-pin" onPress={() => onAsk('pin')}>
              {self ? words.changeOwnPin : words.newPin}
            </ActionButton>
          </div>
          <div className="operator__row">
            <p>{hasBadge ? words.hasBadge : words.hasNoBadge}</p>
            {hasBadge ? (
              <ActionButton testId="take-badge" onPress={() => void change({ what: 'badge' }, words.badgeTaken(name))}>
                {words.takeBadge}
              </ActionButton>
            ) : null}
            <ActionButton testId="ask-badge" onPress={() => onAsk('badge')}>
              {words.newBadge}
            </ActionButton>
          </div>
          <div className="operator__row">
            <p>{enabled ? words.enabledMeaning : words.disabledMeaning}</p>
            <ActionButton testId={enabled ? 'disable' : 'enable'} onPress={() => void change({ what: 'enabled', enabled: !enabled }, enabled ? words.nowDisabled(name) : words.nowEnabled(name))}>
              {enabled ? words.disable : words.enable}
            </ActionButton>
          </div>
          {error === undefined || error.at === 'role' ? null : <ErrorPanel error={error} />}
        </div>
      ) : null}
    </section>
  );
}
