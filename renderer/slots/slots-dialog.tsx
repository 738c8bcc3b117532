import type { SlotsView } from '../contract';
import { Dialog } from '../frame/dialog';
import { ErrorPanel } from '../frame/error-panel';
import { EscapeButton } from '../frame/escape-button';
import { English } from '../frame/said';
import { cardWords } from '../logic/words';
import { texts } from '../texts';
import { LayoutForm } from './layout-form';
import { useSlots } from './use-slots';

const { slots: words } = texts;

/** Which slot is which port of the reader: bound by plugging a card into one after the other. */
export function SlotsDialog({ onClose }: { readonly onClose: () => void }) {
  const { view, error, bind, finish, stop, reload } = useSlots();
  const binding = view?.binding;
  return (
    // Escape stops the binding first, then closes.
    <Dialog title={words.title} onClose={binding === undefined ? onClose : stop} className="dialog--wide slots-dialog">
      <div data-testid="slots-dialog" data-binding={binding !== undefined}>
        {error === undefined ? null : <ErrorPanel error={error} />}
        {binding === undefined ? null : (
          <div aria-live="polite">
            <p className="slots-dialog__sentence" data-testid="binding-sentence">
              <English>{binding.sentence}</English>
            </p>
            <p className="slots-dialog__note">{words.next(binding.next)}</p>
          </div>
        )}
        {view?.profileHasSlots === true ? <p className="slots-dialog__note">{words.profileHasSlots}</p> : null}
        {view === undefined || binding !== undefined ? null : <LayoutForm layout={view.layout} onKept={reload} />}
        {view === undefined ? null : <SlotsAndDrives view={view} />}
      </div>
      <div className="dialog__actions">
        {binding === undefined ? (
          <>
            <EscapeButton onPress={onClose}>{words.close}</EscapeButton>
            <button key="bind" type="button" className="button button--main" autoFocus data-testid="bind-slots" onClick={bind}>
              {words.bind}
            </button>
          </>
        ) : (
          <>
            <EscapeButton onPress={stop}>{words.stop}</EscapeButton>
            <button key="finish" type="button" className="button button--main" data-testid="finish-binding" disabled={view?.slots.length === 0} onClick={finish}>
              {words.finish}
            </button>
          </>
        )}
      </div>
    </Dialog>
  );
}

function SlotsAndDrives({ view }: { readonly view: SlotsView }) {
  return (
    <>
      <h3>{words.bound}</h3>
      {view.slots.length === 0 ? <p>{words.noneBound}</p> : null}
      <ul className="slots-dialog__bound">
        {view.slots.map((slot) => (
          <li key={slot.name} data-testid="bound-slot">
            {slot.name}
            <small>{slot.port}</small>
          </li>
        ))}
      </ul>
      <h3>{words.drives}</h3>
      {view.drives.length === 0 ? <p>{words.noDrives}</p> : <DriveTable view={view} />}
    </>
  );
}

function DriveTable({ view }: { readonly view: SlotsView }) {
  const { columns } = words;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{columns.path}</th>
          <th scope="col">{columns.name}</th>
          <th scope="col">{columns.card}</th>
          <th scope="col">{columns.port}</th>
          <th scope="col">{columns.slot}</th>
        </tr>
      </thead>
      <tbody>
        {view.drives.map((drive) => (
          <tr key={drive.path} data-testid="drive">
            <td>{drive.path}</td>
            <td>{drive.name}</td>
            <td>{cardWords(drive)}</td>
            <td>{drive.port}</td>
            <td>{drive.slot ?? ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
