import type { KeyboardEvent, RefObject } from 'react';
import { useEffect, useRef, useState } from 'react';
import type { ErrorReport } from '../contract';
import { Icon } from '../frame/icons';
import { keyNames } from '../logic/key-names';
import { ask } from '../station';
import { texts } from '../texts';

const { batchField: words } = texts;

interface BatchFieldProps {
  readonly batch: string | undefined;
  readonly field: RefObject<HTMLInputElement | null>;
  /** Where the focus goes when the batch is set. */
  readonly onDone: () => void;
  readonly onProblem: (problem: ErrorReport) => void;
}

/** The batch of the next devices. Enter or Tab sets it, typed or scanned; whatever else leaves the field changes nothing. */
export function BatchField({ batch, field, onDone, onProblem }: BatchFieldProps) {
  const [text, setText] = useState(batch ?? '');
  useEffect(() => setText(batch ?? ''), [batch]);
  // Since the focus came: what was not touched, Tab only passes on its way to the next control.
  const touched = useRef(false);

  const set = (): void => {
    const named = text.trim();
    // Leaving the field brings the old name back, so the new one is shown after it.
    onDone();
    setText(named);
    if (named === (batch ?? '')) return;
    void ask('setBatch', named === '' ? {} : { batch: named }).then((reply) => {
      if (reply.ok) return;
      setText(batch ?? '');
      onProblem(reply.error);
    });
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    if (event.key !== 'Enter' && (event.key !== 'Tab' || event.shiftKey || !touched.current)) return;
    event.preventDefault();
    if (!event.repeat) set();
  };
  return (
    <label className="batch-field">
      <span className="batch-field__label">
        <Icon name="batch" />
        {words.label}
        <kbd aria-hidden="true">{keyNames('Ctrl+B')}</kbd>
      </span>
      <input
        ref={field}
        type="text"
        data-testid="batch-field"
        value={text}
        maxLength={200}
        placeholder={words.none}
        title={words.hint}
        autoComplete="off"
        spellCheck={false}
        aria-keyshortcuts="Control+B"
        onChange={(event) => {
          touched.current = true;
          setText(event.target.value);
        }}
        onFocus={(event) => {
          touched.current = false;
          event.target.select();
        }}
        onBlur={() => setText(batch ?? '')}
        onKeyDown={onKeyDown}
      />
    </label>
  );
}
