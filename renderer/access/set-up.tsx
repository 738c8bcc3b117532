import { useState } from 'react';
import type { ErrorReport } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { Icon } from '../frame/icons';
import { LanguageChoice } from '../frame/language-choice';
import { useKeys } from '../state/use-keys';
import { useTheme } from '../state/use-theme';
import { ask } from '../station';
import { texts } from '../texts';
import { PersonForm, type NewPerson } from './person-form';

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

  /** @returns what is wrong with it; where nothing is, main lets in and this page goes */
  const decide = async (admin: NewPerson | undefined): Promise<ErrorReport | undefined> => {
    const reply = await ask('setUp', admin === undefined ? {} : { admin });
    return reply.ok ? undefined : reply.error;
  };

  return (
    <main className="lock set-up" data-testid="set-up">
      <header className="lock__head">
        <Icon name="key" />
        {texts.application}
        <LanguageChoice />
      </header>
      <div className="lock__form">
        <h1>{making ? words.adminTitle : words.title}</h1>
        {making ? null : <p className="quiet">{words.once}</p>}
        {error === undefined || making ? null : <ErrorPanel error={error} />}
        {making ? (
          <PersonForm of="first-admin" button={words.make} onMake={decide} onBack={() => setMaking(false)} />
        ) : (
          <div className="set-up__choices">
            <Choice testId="set-up-operators" title={words.operators} meaning={words.operatorsMeaning} first onPress={() => setMaking(true)} />
            <Choice testId="set-up-single" title={words.single} meaning={words.singleMeaning} onPress={() => void decide(undefined).then(setError)} />
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
