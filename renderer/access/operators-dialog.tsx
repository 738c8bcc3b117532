import { useLayoutEffect, useRef, useState } from 'react';
import type { OperatorsView } from '../contract';
import { ActionButton } from '../frame/action-button';
import { Dialog } from '../frame/dialog';
import { ErrorPanel } from '../frame/error-panel';
import { Icon } from '../frame/icons';
import { texts } from '../texts';
import { IdleForm } from './idle-form';
import { OperatorList } from './operator-list';
import { OperatorPanel, type Asking } from './operator-panel';
import { PersonForm } from './person-form';
import { useOperators, type OperatorsControl } from './use-operators';

const { operators: words, person, setUp } = texts.access;

interface OperatorsDialogProps {
  /** Who is signed in. */
  readonly self: string | undefined;
  readonly onClose: () => void;
}

/** Who may sign in at this station, for whoever manages them. Main holds everybody else back. */
export function OperatorsDialog({ self, onClose }: OperatorsDialogProps) {
  const control = useOperators();
  const { view, problem } = control;
  const [adding, setAdding] = useState(false);
  const [asking, setAsking] = useState<Asking>();
  const alone = view !== undefined && view.mode !== 'operators';
  const inForm = adding || asking !== undefined;
  const leaveForm = (): void => {
    setAdding(false);
    setAsking(undefined);
  };
  return (
    // Escape leaves the form first, then the dialog.
    <Dialog title={alone ? words.first : words.title} onClose={inForm ? leaveForm : onClose} {...(alone ? {} : { className: 'dialog--wide operators' })}>
      <div data-testid="operators-dialog" data-mode={view?.mode}>
        {problem === undefined ? null : <ErrorPanel error={problem} />}
        {alone ? (
          <>
            <p className="people-note">{setUp.operatorsMeaning}</p>
            <p className="quiet people-note">{words.firstHint}</p>
            <PersonForm of="first-admin" button={setUp.make} onMake={control.makeFirstAdmin} onBack={onClose} />
          </>
        ) : null}
        {view?.mode === 'operators' ? <People view={view} self={self} control={control} adding={adding} asking={asking} onAdd={setAdding} onAsk={setAsking} /> : null}
      </div>
      {alone ? null : (
        <div className="dialog__actions">
          {inForm || view === undefined ? null : (
            <ActionButton testId="add-operator" onPress={() => setAdding(true)}>
              {words.add}
            </ActionButton>
          )}
          <button type="button" className="button button--plain" onClick={onClose} autoFocus={view === undefined}>
            {words.close}
            {inForm ? null : <kbd aria-hidden="true">Esc</kbd>}
          </button>
        </div>
      )}
    </Dialog>
  );
}

interface PeopleProps {
  readonly view: OperatorsView;
  readonly self: string | undefined;
  readonly control: OperatorsControl;
  readonly adding: boolean;
  readonly asking: Asking | undefined;
  readonly onAdd: (adding: boolean) => void;
  readonly onAsk: (asking: Asking | undefined) => void;
}

function People({ view, self, control, adding, asking, onAdd, onAsk }: PeopleProps) {
  const [picked, setPicked] = useState(self);
  const [done, setDone] = useState<string>();
  const people = useRef<HTMLDivElement>(null);
  const inForm = adding || asking !== undefined;
  // A form or a button that went has taken the focus with it: the arrow keys go on from the chosen person.
  useLayoutEffect(() => {
    if (!inForm && document.activeElement === document.body) people.current?.querySelector<HTMLElement>('[aria-current="true"]')?.focus();
  });
  const operator = view.operators.find(({ name }) => name === picked) ?? view.operators[0];
  const choose = (name: string): void => {
    setPicked(name);
    setDone(undefined);
    onAsk(undefined);
    onAdd(false);
  };
  return (
    <div className="operators__columns">
      <div ref={people} className="operators__people">
        <OperatorList operators={view.operators} chosen={adding ? undefined : operator?.name} onChoose={choose} />
        <IdleForm
          minutes={view.idleMinutes}
          onSave={async (minutes) => {
            const refusal = await control.setIdleMinutes(minutes);
            setDone(refusal === undefined ? words.idleChanged(minutes) : undefined);
            return refusal;
          }}
        />
      </div>
      <div className="operators__person">
        {adding ? (
          <section className="panel operator" aria-label={words.add}>
            <header className="panel__head">
              <h3>{words.addTitle}</h3>
            </header>
            <PersonForm
              of="somebody"
              button={person.add}
              onMake={async (made, role) => {
                const refusal = role === undefined ? undefined : await control.add(made, role);
                if (refusal !== undefined || role === undefined) return refusal;
                choose(made.name.trim());
                setDone(words.added(made.name.trim(), texts.roles[role]));
                return undefined;
              }}
              onBack={() => onAdd(false)}
            />
          </section>
        ) : operator === undefined ? null : (
          <OperatorPanel
            key={`${operator.name} ${operator.role}`}
            operator={operator}
            self={operator.name === self}
            asking={asking}
            onAsk={onAsk}
            onChange={(change) => control.change(operator.name, change)}
            onDone={setDone}
          />
        )}
        <p className="operators__done" role="status" data-testid="operators-done">
          {done === undefined || inForm ? null : (
            <>
              <Icon name="done" />
              {done}
            </>
          )}
        </p>
      </div>
    </div>
  );
}
