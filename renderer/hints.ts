import type { BenchView, SlotView } from './contract';
import type { KeyHint } from './frame/key-hints';
import { canRenew, hasEnded } from './logic/slots';
import type { Page } from './state/page';
import { texts } from './texts';

const { hints } = texts;

/** The keys that do something right now on this page. */
export function hintsFor(page: Page['name'], bench: BenchView | undefined, selected: SlotView | undefined): readonly KeyHint[] {
  if (page === 'device') {
    return [
      { keys: 'F6', does: hints.receipt },
      { keys: 'Esc', does: hints.back },
    ];
  }
  if (page === 'devices') {
    return [
      { keys: '↑ ↓', does: texts.help.rows },
      { keys: 'Enter', does: hints.openRow },
      { keys: 'PgUp PgDn', does: hints.pages },
      { keys: 'Esc', does: hints.back },
    ];
  }
  if (page === 'audit') {
    return [
      { keys: 'F3', does: hints.textFilter },
      { keys: '↓ Enter', does: hints.openRow },
      { keys: 'PgUp PgDn', does: hints.pages },
      { keys: 'F5', does: hints.checkLog },
      { keys: 'F6', does: hints.logKey },
      { keys: 'Ctrl+E', does: hints.exportRecord },
      { keys: 'Esc', does: hints.back },
    ];
  }
  if (page === 'orders') {
    return [
      { keys: 'F3', does: hints.textFilter },
      { keys: '↑ ↓', does: texts.help.rows },
      ...(bench?.rights.includes('manage-batches') === true ? [{ keys: 'Ctrl+I', does: texts.orders.make }] : []),
      { keys: 'Esc', does: hints.back },
    ];
  }
  if (page === 'dashboard') return [{ keys: 'Ctrl+R', does: hints.shift }, { keys: 'Esc', does: hints.back }];
  if (page === 'shift') {
    return [
      { keys: 'Ctrl+P', does: hints.reportPdf },
      { keys: 'Ctrl+D', does: hints.dashboard },
      { keys: 'Esc', does: hints.back },
    ];
  }
  if (page === 'acceptance') {
    return [
      { keys: 'F3', does: hints.textFilter },
      { keys: 'F5', does: hints.askNow },
      { keys: 'Alt+1…6', does: hints.stateFilter },
      { keys: 'Ctrl+B', does: hints.batches },
      { keys: 'Esc', does: hints.back },
    ];
  }
  if (page === 'certificates') {
    return [
      { keys: 'F3', does: hints.textFilter },
      { keys: 'Alt+1…5', does: hints.stateFilter },
      { keys: 'Ctrl+I', does: hints.compromised },
      { keys: 'Esc', does: hints.back },
    ];
  }
  const shown: KeyHint[] = [];
  if (selected?.state === 'ready') shown.push({ keys: 'Enter', does: hints.start });
  if (selected?.hasConflict === true) shown.push({ keys: 'Enter', does: hints.conflict });
  if (selected?.state === 'ready' || selected?.canCancel === true) shown.push({ keys: 'Esc', does: hints.cancel });
  if (selected?.canPowerOn === true) shown.push({ keys: 'F6', does: hints.powerOn });
  if (selected !== undefined && hasEnded(selected.state)) shown.push({ keys: 'F7', does: hints.clear });
  if (bench?.renews === true && selected !== undefined && canRenew(selected)) shown.push({ keys: 'Ctrl+E', does: hints.renew });
  if (bench !== undefined && bench.slots.length > 1) shown.push({ keys: 'Alt+1…0', does: hints.slots });
  if (bench !== undefined && bench.outbox.waiting > 0) shown.push({ keys: 'F10', does: hints.tryOutbox });
  return [...shown, { keys: 'F3', does: hints.dayList }, { keys: 'Ctrl+B', does: hints.batchField }];
}
