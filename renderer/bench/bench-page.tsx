import { useRef, type RefObject } from 'react';
import { flushSync } from 'react-dom';
import { ConflictDialog } from '../conflict/conflict-dialog';
import type { BenchView, ErrorReport, Notice, SlotView } from '../contract';
import { LabelStrip } from '../labels/label-strip';
import { readBenchKey } from '../logic/bench-keys';
import { focusHolder, isDialogOpen } from '../logic/elements';
import { viewIdentity } from '../logic/identity';
import { deskOf, neighbourOn, nextToTakeOut } from '../logic/desk';
import { errorWords, refused } from '../logic/of-main';
import { useKeys } from '../state/use-keys';
import { texts } from '../texts';
import { BenchOrder } from '../orders/order-progress';
import { BatchField } from './batch-field';
import { runBenchCode } from './bench-codes';
import { DayList } from './day-list';
import { OutboxStrip } from './outbox-strip';
import { RedScreen } from './red-screen';
import { RenewDialog } from './renew-dialog';
import { ScanArea } from './scan-area';
import { ScanResult } from './scan-result';
import { SlotButtons } from './slot-buttons';
import { SlotGrid } from './slot-grid';
import { useBenchSignals } from './use-bench-signals';
import { useBenchConflict } from './use-bench-conflict';
import { useRenewal } from './use-renewal';
import { useScanField } from './use-scan-field';
import { useScanFocus } from './use-scan-focus';
import { useSlotActions } from './use-slot-actions';

interface BenchPageProps {
  readonly bench: BenchView;
  readonly selected: SlotView | undefined;
  readonly onSelect: (slot: string) => void;
  readonly onSlot: (slot: SlotView) => void;
  readonly onOpen: (deviceId: string) => void;
  readonly onLabels: () => void;
  readonly notify: (notice: Notice) => void;
  /** Where a scan goes that was caught over a dialog or on another page; filled by this page. */
  readonly caught: RefObject<((text: string) => void) | undefined>;
}

export function BenchPage({ bench, selected, onSelect, onSlot, onOpen, onLabels, notify, caught }: BenchPageProps) {
  const field = useRef<HTMLInputElement>(null);
  const batchField = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const conflict = useBenchConflict({ bench, atRest: (refused) => ['', refused].includes(field.current?.value.trim() ?? '') });
  const signals = useBenchSignals(bench.slots);
  const shownNext = useRef<string>(undefined);
  const next = nextToTakeOut(bench.slots, shownNext.current);
  shownNext.current = next?.name;
  const desk = deskOf(bench.slots.length, bench.desk.layout);
  const onScanAccepted = (slot: SlotView): void => {
    signals.good(texts.desk.scanned(viewIdentity(slot.identity ?? {}, bench.scanAttribute).main, slot.name));
    conflict.close();
  };
  const actions = useSlotActions({ bench, selected, onSelect, onSlot, onScanAccepted, onScanRefused: conflict.afterScan });
  const start = (): void => (selected?.hasConflict === true ? conflict.ofSlot(selected) : actions.start());
  const scan: typeof actions.scan = async (text, others) => {
    const refusal = await actions.scan(text, others);
    // What only lacks a typed attribute is asked for where it is typed.
    if (refusal?.code === 'identity-missing-attribute') signals.bad(errorWords(refusal));
    else if (refusal !== undefined) signals.raise(errorWords(refusal));
    return refusal;
  };
  const control = useScanField({ field, scan, start, onRefusal: focusNamedInput });
  const onProblem = (problem: ErrorReport): void => notify(refused(problem));
  const renewal = useRenewal(bench, selected, notify);
  useScanFocus(field, control.returned);

  useKeys((event) => {
    if (isDialogOpen()) return;
    const { slots } = bench;
    const command = readBenchKey(event, { holder: focusHolder(field.current), fieldEmpty: field.current?.value === '', slotCount: slots.length });
    if (command === undefined) return;
    if (command.type === 'terminator') {
      if (control.onTerminator(command.key, event.repeat)) event.preventDefault();
      return;
    }
    event.preventDefault();
    switch (command.type) {
      case 'start':
        return start();
      case 'batch':
        return batchField.current?.focus();
      case 'renew':
        if (renewal.begin === undefined) notify({ sentence: texts.renewal.notHere, tone: 'information' });
        return renewal.begin?.();
      case 'power-on':
        return actions.powerOn();
      case 'clear':
        return actions.clear();
      case 'day-list':
        return list.current?.querySelector<HTMLElement>('button[tabindex="0"]')?.focus();
      case 'to-field':
        return field.current?.focus();
      case 'select':
        return select(slots[command.index]);
      case 'move':
        return select(slots[neighbourOn(desk, slots.findIndex((slot) => slot.name === selected?.name), command.key)]);
      case 'escape':
        if (control.empty() || actions.error !== undefined) return actions.dismissError();
        return actions.cancel();
      case 'ignore':
        return undefined;
    }
  });

  const select = (slot: SlotView | undefined): void => {
    if (slot === undefined) return;
    actions.dismissError();
    onSelect(slot.name);
  };

  caught.current = (text) => {
    const close = (): void => {
      signals.dismiss();
      // Behind the red screen stands what can be done about a taken identity.
      if (signals.alarm !== undefined && conflict.expected()) return;
      conflict.close();
      actions.dismissError();
      control.empty();
    };
    if (!runBenchCode(text, { bench, selected, next, actions, signals, select, close })) control.take(text);
  };

  const freed = (): void => {
    if (conflict.open === undefined) return;
    const { slot, view } = conflict.open;
    conflict.close();
    control.empty();
    actions.dismissError();
    actions.scanFreed(slot, view.identity);
    notify({ sentence: texts.conflict.free(viewIdentity(view.identity, bench.scanAttribute).main), tone: 'success' });
  };

  const hasStrips = bench.outbox.waiting > 0 || bench.labels.unfinished.length > 0;
  return (
    <main className={hasStrips ? 'bench bench--outbox' : 'bench'} id="content">
      <h1 className="unseen">{texts.navigation.bench}</h1>
      {hasStrips ? (
        <div className="bench__strips">
          {bench.outbox.waiting > 0 ? <OutboxStrip outbox={bench.outbox} onProblem={onProblem} /> : null}
          <LabelStrip labels={bench.labels} onOpen={onLabels} />
        </div>
      ) : null}
      <div className="bench__work">
        <ScanArea bench={bench} selected={selected} field={field} control={control} error={actions.error} told={actions.error !== undefined && errorWords(actions.error).said === signals.last?.said.said}>
          <BatchField
            batch={bench.batch}
            field={batchField}
            onDone={() => {
              control.expectTail();
              field.current?.focus();
            }}
            onProblem={onProblem}
          />
        </ScanArea>
        {bench.order === undefined ? null : <BenchOrder order={bench.order} />}
        <ScanResult last={signals.last} sound={signals.sound} alarm={signals.alarm} />
        <SlotGrid bench={bench} desk={desk} next={next?.name} selected={selected?.name} cancelAsked={actions.cancelQuestion?.slot} onSelect={onSelect} />
        {selected === undefined ? null : <SlotButtons slot={selected} practice={bench.practice} actions={actions} onConflict={() => conflict.ofSlot(selected)} onRenew={renewal.begin} />}
      </div>
      <DayList bench={bench} list={list} onOpen={onOpen} />
      {renewal.slot === undefined ? null : <RenewDialog slot={renewal.slot} onYes={renewal.confirm} onNo={renewal.close} />}
      {signals.alarm === undefined ? null : <RedScreen said={signals.alarm} onDismiss={signals.dismiss} />}
      {conflict.open === undefined || signals.alarm !== undefined ? null : (
        <ConflictDialog
          conflict={conflict.open.view}
          bench={bench}
          onClose={conflict.close}
          onScan={() => {
            // Now, so that the character of this key press lands in the field.
            flushSync(conflict.close);
            field.current?.focus();
            field.current?.select();
          }}
          onFree={freed}
        />
      )}
    </main>
  );
}

/** `identity.serial` → the input for serial, where there is one; the scan field keeps the focus otherwise. */
function focusNamedInput(refusal: ErrorReport): void {
  const name = refusal.field?.replace(/^identity\./, '');
  if (name === undefined || isDialogOpen()) return;
  const input = [...document.querySelectorAll<HTMLInputElement>('input[data-attribute]')].find((candidate) => candidate.dataset['attribute'] === name);
  input?.focus();
  input?.select();
}
