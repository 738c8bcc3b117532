import { useRef } from 'react';
import type { BenchView, ErrorReport, SlotView } from '../contract';
import { readBenchKey } from '../logic/bench-keys';
import { focusHolder, isDialogOpen } from '../logic/elements';
import { neighbourIndex, slotColumns } from '../logic/slots';
import { useKeys } from '../state/use-keys';
import { DayList } from './day-list';
import { ScanArea } from './scan-area';
import { SlotButtons } from './slot-buttons';
import { SlotGrid } from './slot-grid';
import { useScanField } from './use-scan-field';
import { useScanFocus } from './use-scan-focus';
import { useSlotActions } from './use-slot-actions';

interface BenchPageProps {
  readonly bench: BenchView;
  readonly selected: SlotView | undefined;
  readonly onSelect: (slot: string) => void;
  readonly onSlot: (slot: SlotView) => void;
  readonly onOpen: (deviceId: string) => void;
}

export function BenchPage({ bench, selected, onSelect, onSlot, onOpen }: BenchPageProps) {
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const actions = useSlotActions({ bench, selected, onSelect, onSlot });
  const control = useScanField({ field, scan: actions.scan, start: actions.start, onRefusal: focusNamedInput });
  useScanFocus(field);

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
        return actions.start();
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
        return select(slots[neighbourIndex(slots.findIndex((slot) => slot.name === selected?.name), slots.length, slotColumns(slots.length), command.key)]);
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

  return (
    <main className="bench" id="content">
      <div className="bench__work">
        <ScanArea bench={bench} selected={selected} field={field} control={control} error={actions.error} />
        <SlotGrid bench={bench} selected={selected?.name} cancelAsked={actions.cancelQuestion?.slot} onSelect={onSelect} />
        {selected === undefined ? null : <SlotButtons slot={selected} practice={bench.practice} actions={actions} />}
      </div>
      <DayList bench={bench} list={list} onOpen={onOpen} />
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
