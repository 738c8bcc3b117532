import { useLayoutEffect, useRef, useState } from 'react';
import type { AccessView, ErrorReport } from '../contract';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { Icon } from '../frame/icons';
import { LanguageChoice } from '../frame/language-choice';
import { SaidText } from '../frame/said';
import { lockWords } from '../logic/of-main';
import { useTheme } from '../state/use-theme';
import { readBenchCode } from '../logic/command-codes';
import { useKeys } from '../state/use-keys';
import { ask } from '../station';
import { texts } from '../texts';
import { PeopleList } from './people-list';
import { RunningCards } from './running-cards';

type Claim = { readonly badge: string } | { readonly name: string };

const { access: words } = texts;

/** Badge, then PIN, then Enter: all of it from the scanner and the keys, wherever the focus is. */
export function LockScreen({ access }: { readonly access: AccessView }) {
  const { toggle } = useTheme();
  const field = useRef<HTMLInputElement>(null);
  const [claim, setClaim] = useState<Claim>();
  const [text, setText] = useState('');
  const [error, setError] = useState<ErrorReport>();
  const [checking, setChecking] = useState(false);

  // Before the browser handles the next key press: a scanner does not wait.
  useLayoutEffect(() => field.current?.focus(), [claim, checking]);

  const begin = (next: Claim | undefined): void => {
    setClaim(next);
    setText('');
    setError(undefined);
  };

  useKeys((event) => {
    if (event.key === 'F8') {
      event.preventDefault();
      if (!event.repeat) toggle();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      begin(undefined);
    } else if (event.key.length === 1 && event.key !== ' ' && !event.ctrlKey && !event.altKey && !event.metaKey) {
      field.current?.focus();
    } else if (event.key === 'ArrowDown' && event.target === field.current && claim === undefined) {
      event.preventDefault();
      document.querySelector<HTMLElement>('.people button[tabindex="0"]')?.focus();
    }
  });

  const submit = (): void => {
    if (text === '' || checking) return;
    // A command of the bench is no badge, and counts as no wrong try: whoever scans it wants to sign in.
    if (readBenchCode(text) !== undefined) return begin(undefined);
    // A scan where the PIN was awaited is another badge.
    if (claim === undefined || !/^[0-9]*$/.test(text)) return begin({ badge: text });
    setChecking(true);
    setError(undefined);
    void ask('signIn', { claim, pin: text }).then((reply) => {
      // Let in: main says so by itself, and this screen goes.
      setChecking(false);
      setText('');
      if (!reply.ok) setError(reply.error);
    });
  };

  const why = lockWords(access);
  const question = claim === undefined ? words.scanBadge : 'name' in claim ? words.pinOf(claim.name) : words.pinOfBadge;
  return (
    <main className="lock" data-testid="lock-screen">
      <header className="lock__head">
        <Icon name="key" />
        {texts.application}
        <LanguageChoice />
      </header>
      <form
        className="lock__form"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <h1>{words.title}</h1>
        {why === undefined ? null : (
          <p className="quiet">
            <SaidText words={why} />
          </p>
        )}
        <label className="lock__field">
          <span>{question}</span>
          <input
            key={claim === undefined ? 'badge' : 'pin'}
            ref={field}
            type="password"
            autoComplete="off"
            autoFocus
            inputMode={claim === undefined ? 'text' : 'numeric'}
            maxLength={1000}
            value={text}
            readOnly={checking}
            aria-describedby="lock-hint"
            data-testid={claim === undefined ? 'badge-field' : 'pin-field'}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <p id="lock-hint" className="quiet">
          {checking ? words.checking : claim === undefined ? words.scanHint : words.pinHint}
        </p>
        {error === undefined ? null : <ErrorPanel error={error} />}
        {claim === undefined ? (
          <PeopleList people={access.people ?? []} onChoose={(name) => begin({ name })} />
        ) : (
          <div className="lock__actions">
            <EscapeButton onPress={() => begin(undefined)}>{words.other}</EscapeButton>
            <button type="submit" className="button button--main" disabled={text === '' || checking}>
              {words.signIn}
              <kbd aria-hidden="true">Enter</kbd>
            </button>
          </div>
        )}
      </form>
      <RunningCards running={access.running} />
    </main>
  );
}
