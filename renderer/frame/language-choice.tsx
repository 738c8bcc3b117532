import { useState } from 'react';
import type { ErrorReport, Language } from '../contract';
import { language, languages } from '../language';
import { ask } from '../station';
import { texts } from '../texts';
import { ErrorPanel } from './error-panel';

const { label, names } = texts.languages;

/**
 * The languages of the window, each by its own name. A press loads the page anew in that one; the work of main goes on.
 * It has no key: a scanner must not change the language.
 */
export function LanguageChoice() {
  const [error, setError] = useState<ErrorReport>();
  const choose = (wanted: Language): void => {
    if (wanted === language) return;
    void ask('setLanguage', { language: wanted }).then((reply) => {
      if (!reply.ok) setError(reply.error);
    });
  };
  return (
    <div className="languages" role="group" aria-label={label} data-testid="languages">
      {languages.map((each) => (
        <button key={each} type="button" className="languages__one" lang={each} aria-pressed={each === language} data-testid={`language-${each}`} onClick={() => choose(each)}>
          {names[each]}
        </button>
      ))}
      {error === undefined ? null : <ErrorPanel error={error} />}
    </div>
  );
}
