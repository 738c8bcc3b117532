import { Fragment } from 'react';
import { texts } from '../texts';
import { keyNames } from '../logic/key-names';
import { Dialog } from './dialog';
import { EscapeButton } from './escape-button';
import { LanguageChoice } from './language-choice';

const { help } = texts;

const groups: readonly { readonly title: string; readonly keys: readonly (readonly [string, string])[] }[] = [
  {
    title: help.groups.bench,
    keys: [
      ['A–Z 0–9', help.scan],
      ['Enter F5', help.start],
      ['Esc', help.cancel],
      ['F6', help.powerOn],
      ['F7 Del', help.clear],
      ['Alt+1…0', help.slotNumber],
      ['← → ↑ ↓', help.slotArrow],
      ['F3', help.dayList],
      ['Ctrl+B', help.batchField],
      ['F10', help.tryOutbox],
      ['Ctrl+E', help.renew],
    ],
  },
  {
    title: help.groups.list,
    keys: [
      ['↑ ↓', help.rows],
      ['Enter', help.openRow],
      ['PgUp PgDn', help.pages],
      ['Esc', help.back],
    ],
  },
  {
    title: help.groups.acceptance,
    keys: [
      ['F3', help.textFilter],
      ['F5', help.askNow],
      ['Alt+1…6', help.stateFilter],
      ['Ctrl+B', help.batches],
    ],
  },
  {
    title: help.groups.certificates,
    keys: [
      ['F3', help.certificateFilter],
      ['Alt+1…5', help.certificateState],
      ['Ctrl+I', help.compromised],
    ],
  },
  {
    title: help.groups.audit,
    keys: [
      ['F3', help.textFilter],
      ['PgUp PgDn', help.pages],
      ['F5', help.checkLog],
      ['F6', help.logKey],
      ['Ctrl+E', help.exportRecord],
      ['F6', help.receipt],
    ],
  },
  {
    title: texts.orders.title,
    keys: [
      ['F3', help.textFilter],
      ['Ctrl+I', texts.orders.make],
      ['F7', help.signOff],
    ],
  },
  {
    title: help.groups.shift,
    keys: [
      ['Ctrl+P', help.reportPdf],
      ['Ctrl+Shift+P', help.reportAnchor],
    ],
  },
  {
    title: help.groups.everywhere,
    keys: [
      ['F1', help.bench],
      ['F2', help.devices],
      ['Ctrl+G', help.orders],
      ['F9', help.acceptance],
      ['F11', help.certificates],
      ['Ctrl+F', help.audit],
      ['Ctrl+R', help.shift],
      ['Ctrl+D', help.dashboard],
      ['F4', help.slotBinding],
      ['Ctrl+O', help.openProfile],
      ['Ctrl+H', texts.health.help],
      ['F8', help.theme],
      ['Ctrl++ - 0', help.zoom],
      ['Ctrl+U', help.operators],
      ['Ctrl+P', texts.labels.strip.open],
      ['Ctrl+L', help.lock],
      ['Ctrl+M', texts.desk.settings.open],
      ['F12 ?', help.help],
    ],
  },
];

interface HelpDialogProps {
  /** The station's health instead of the keys. */
  readonly onHealth: () => void;
  readonly onClose: () => void;
}

export function HelpDialog({ onHealth, onClose }: HelpDialogProps) {
  return (
    <Dialog title={help.title} onClose={onClose} className="dialog--wide">
      <div className="help">
        {groups.map((group) => (
          <section key={group.title}>
            <h3>{group.title}</h3>
            <dl>
              {group.keys.map(([keys, does]) => (
                <Fragment key={does}>
                  <dt>
                    {keys.split(' ').map((key) => (
                      <kbd key={key}>{keyNames(key)}</kbd>
                    ))}
                  </dt>
                  <dd>{does}</dd>
                </Fragment>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <div className="dialog__actions">
        <button type="button" className="button button--plain" data-testid="open-health" onClick={onHealth}>
          {texts.health.open}
        </button>
        <EscapeButton tone="main" first onPress={onClose}>{help.close}</EscapeButton>
        {/* After it: an Enter that comes with the dialog closes it. */}
        <LanguageChoice />
      </div>
    </Dialog>
  );
}
