import type { KeyboardEvent } from 'react';
import type { DeviceState } from '../contract';
import { toggled, type ExportDraft } from '../logic/export-wish';
import { keyNames } from '../logic/key-names';
import { texts } from '../texts';
import { EscapeButton } from '../frame/escape-button';

const { export: words } = texts.audit;
const states = Object.keys(texts.deviceStates) as readonly DeviceState[];

interface ExportFormProps {
  readonly draft: ExportDraft;
  /** The system's question for the place is open. */
  readonly asking: boolean;
  readonly onDraft: (draft: ExportDraft) => void;
  readonly onStart: () => void;
  readonly onClose: () => void;
}

/** The same choices as the command line has. A scan fills the field of the batch and begins nothing. */
export function ExportForm({ draft, asking, onDraft, onStart, onClose }: ExportFormProps) {
  const change = (part: Partial<ExportDraft>): void => onDraft({ ...draft, ...part });
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter') return;
    if (event.ctrlKey) {
      event.preventDefault();
      if (!event.repeat) onStart();
    } else if (event.target instanceof HTMLInputElement) {
      event.preventDefault();
      // The next scan replaces this one.
      if (event.target.type === 'text') event.target.select();
    }
  };
  const text = (name: 'batch' | 'profile', label: string) => (
    <label className="field">
      {label}
      <input type="text" autoFocus={name === 'batch'} data-testid={`export-${name}`} value={draft[name]} placeholder={words.any} maxLength={200} spellCheck={false} autoComplete="off" onChange={(event) => change({ [name]: event.target.value })} />
    </label>
  );
  const day = (name: 'from' | 'to', label: string) => (
    <label className="field">
      {label}
      <input type="date" data-testid={`export-${name}`} value={draft[name]} onChange={(event) => change({ [name]: event.target.value })} />
    </label>
  );
  const check = (name: 'summary' | 'publicKeys' | 'receipts', label: string) => (
    <label className="check">
      <input type="checkbox" data-testid={`export-${name}`} checked={draft[name]} onChange={(event) => change({ [name]: event.target.checked })} />
      {label}
    </label>
  );
  return (
    <form
      data-scans
      data-testid="export-form"
      onKeyDown={onKeyDown}
      onSubmit={(event) => {
        event.preventDefault();
        onStart();
      }}
    >
      <p>{words.always}</p>
      <fieldset className="export__group">
        <legend>{words.which}</legend>
        <div className="export__fields">
          {text('batch', texts.audit.batch)}
          {text('profile', words.profile)}
          {day('from', texts.audit.from)}
          {day('to', texts.audit.to)}
        </div>
        <div className="export__checks" role="group" aria-label={words.states}>
          <span className="export__label">{words.states}</span>
          {states.map((state) => (
            <label key={state} className="check">
              <input type="checkbox" data-testid={`export-state-${state}`} checked={draft.states.includes(state)} onChange={() => change({ states: toggled(draft.states, state) })} />
              {texts.deviceStates[state]}
            </label>
          ))}
        </div>
        <p className="quiet">{draft.states.length === 0 ? words.allStates : words.theseStates}</p>
      </fieldset>
      <fieldset className="export__group">
        <legend>{words.more}</legend>
        <div className="export__checks">
          {check('summary', words.summary)}
          {check('publicKeys', words.publicKeys)}
          {check('receipts', words.receipts)}
        </div>
      </fieldset>
      <fieldset className="export__group">
        <legend>{words.form}</legend>
        <div className="export__checks">
          {[false, true].map((zip) => (
            <label key={String(zip)} className="check">
              <input type="radio" name="form" data-testid={zip ? 'export-zip' : 'export-folder'} checked={draft.zip === zip} onChange={() => change({ zip })} />
              {zip ? words.zip : words.folder}
            </label>
          ))}
        </div>
      </fieldset>
      <div className="dialog__actions">
        <EscapeButton onPress={onClose}>{texts.audit.close}</EscapeButton>
        <button type="submit" className="button button--main" disabled={asking} data-testid="export-start" aria-keyshortcuts="Control+Enter">
          {asking ? words.asking : words.choosePlace}
          <kbd aria-hidden="true">{keyNames('Ctrl+Enter')}</kbd>
        </button>
      </div>
    </form>
  );
}
