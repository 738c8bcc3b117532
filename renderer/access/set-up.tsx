import { useState } from 'react';
import type { ErrorReport } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { Icon } from '../frame/icons';
import { useKeys } from '../state/use-keys';
import { useTheme } from '../state/use-theme';
import { ask } from '../station';
import { texts } from '../texts';
import { AdminForm, type NewAdmin } from './admin-form';

const { setUp: words } = texts.access;

/** The first start of a station: who works here. Asked once. */
export function SetUp() {
  const { toggle } = useTheme();
  const [making, setMaking] = useState(false);
  const [error, setError] = useState<ErrorReport>();

  useKeys((event) => {
    if (event.key !== 'F8' && event.key !== 'Escape') return;
    event.preventDefault();
    if (event.repeat) return;
    if (event.key === 'F8') toggle();
    else setMaking(false);
  });

  const decide = (admin: NewAdmin | undefined): void => {
    setError(undefined);
    void ask('setUp', admin === undefined ? {} : { admin }).then((reply) => {
      if (!reply.ok) setError(reply.error);
    });
  };

  return (
    <main className="lock set-up" data-testid="set-up">
      <header className="lock__head">
        <Icon name="key" />
        {texts.application}
      </header>
      <div className="lock__form">
        <h1>{making ? words.adminTitle : words.title}</h1>
        {making ? null : <p className="quiet">{words.once}</p>}
        {error === undefined ? null : <ErrorPanel error={error} />}
        {making ? (
          <AdminForm onMake={decide} onDiffers={() => setError({ code: 'operator-invalid', sentence: words.differs })} onBack={() => setMaking(false)} />
        ) : (
          <div className="set-up__choices">
            <Choice testId="set-up-operators" title={words.operators} meaning={words.operatorsMeaning} first onPress={() => setMaking(true)} />
            <Choice testId="set-up-single" title={words.single} meaning={words.singleMeaning} onPress={() => decide(undefined)} />
          </div>
        )}
      </div>
    </main>
  );
}

interface ChoiceProps {
  readonly title: string;
  readonly meaning: string;
  readonly testId: string;
  readonly first?: boolean;
  readonly onPress: () => void;
}

function Choice({ title, meaning, testId, first = false, onPress }: ChoiceProps) {
  return (
    <button type="button" className="set-up__choice" autoFocus={first} data-testid={testId} onClick={onPress}>
      <strong>{title}</strong>
      <span className="quiet">{meaning}</span>
    </button>
  );
}
