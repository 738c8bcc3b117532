import { language, languages } from '../language';
import { ask } from '../station';
import { texts } from '../texts';

const { label, names } = texts.languages;

/**
 * The languages of the window, each by its own name. A press loads the page anew in that one; the work of main goes on.
 * Not keyed: a scanner must not change the language.
 */
export function LanguageChoice() {
  return (
    <div className="languages" role="group" aria-label={label} data-testid="languages">
      {languages.map((each) => (
        <button key={each} type="button" className="languages__one" lang={each} aria-pressed={each === language} data-testid={`language-${each}`} onClick={() => (each === language ? undefined : void ask('setLanguage', { language: each }))}>
          {names[each]}
        </button>
      ))}
    </div>
  );
}
