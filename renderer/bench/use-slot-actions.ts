import { useEffect, useRef, useState } from 'react';
import type { BenchView, ErrorReport, Identity, SlotView } from '../contract';
import type { CancelQuestion } from '../logic/cancelling';
import { cancelQuestionMilliseconds, escapeMeaning, scannedCancelMilliseconds } from '../logic/cancelling';
import { canCancel, canClear, canPowerOn, hasEnded, nextFreeSlot, slotForAction, slotForScan } from '../logic/slots';
import { ask } from '../station';
import { texts } from '../texts';

export interface SlotActions {
  /** Why the last action was refused. */
  readonly error: ErrorReport | undefined;
  readonly dismissError: () => void;
  /** The running slot whose cancelling was asked for once. */
  readonly cancelQuestion: CancelQuestion | undefined;
  /** An identity that was taken is free now: its slot takes it as if it was scanned again. */
  readonly scanFreed: (slot: string, identity: Identity) => void;
  /** @returns the refusal, or undefined where the slot is ready */
  readonly scan: (text: string, others: Readonly<Record<string, string>>) => Promise<ErrorReport | undefined>;
  readonly start: () => void;
  readonly startSlot: (slot: SlotView) => void;
  readonly clearSlot: (slot: SlotView) => void;
  /** Takes a scanned identity back. */
  readonly takeBack: (slot: SlotView) => void;
  /** By a scanned command: there is more time for the second one than for a second key. */
  readonly cancelSlot: (slot: SlotView) => ReturnType<typeof escapeMeaning>;
  readonly cancel: () => void;
  readonly powerOn: () => void;
  readonly clear: () => void;
  /** The slot that each key is meant for now; absent where it does nothing. */
  readonly targets: { readonly cancel: SlotView | undefined; readonly powerOn: SlotView | undefined; readonly clear: SlotView | undefined };
}

interface SlotActionsInput {
  readonly bench: BenchView;
  readonly selected: SlotView | undefined;
  readonly onSelect: (slot: string) => void;
  readonly onSlot: (slot: SlotView) => void;
  /** A scan put its identity into a slot. */
  readonly onScanAccepted: (slot: SlotView) => void;
  /** A scan for this slot was refused. */
  readonly onScanRefused: (slot: string, refusal: ErrorReport, text: string, others: Readonly<Record<string, string>>) => void;
}

/** What can be asked of the selected slot. Whether it is allowed is main's decision; its refusal is shown as it is. */
export function useSlotActions({ bench, selected, onSelect, onSlot, onScanAccepted, onScanRefused }: SlotActionsInput): SlotActions {
  const [error, setError] = useState<ErrorReport>();
  const [cancelQuestion, setCancelQuestion] = useState<CancelQuestion>();
  const busy = useRef(new Set<string>());
  const newest = useRef({ bench, selected });
  newest.current = { bench, selected };

  useEffect(() => {
    if (cancelQuestion === undefined) return undefined;
    const timer = setTimeout(() => setCancelQuestion(undefined), cancelQuestion.milliseconds ?? cancelQuestionMilliseconds);
    return () => clearTimeout(timer);
  }, [cancelQuestion]);

  /** One request for each slot and action at a time: a second press of the key is the same wish. */
  const once = (action: string, slot: string, work: () => Promise<ErrorReport | undefined>): void => {
    const key = `${action} ${slot}`;
    if (busy.current.has(key)) return;
    busy.current.add(key);
    void work()
      .then(setError)
      .finally(() => busy.current.delete(key));
  };

  const scan: SlotActions['scan'] = async (text, others) => {
    const now = newest.current;
    // Where every slot is at work, a label that is awaited may still be scanned.
    const target = now.selected === undefined ? undefined : (slotForScan(now.bench.slots, now.selected) ?? now.bench.slots.find(({ label }) => label?.awaitsScan === true));
    let taken: string | undefined;
    const refusal =
      target === undefined
        ? allBusy
        : await scanInto(target, text, others, (slot) => {
            // A label's code closes the slot that waits for it, whichever is selected.
            taken = slot.name;
            onSlot(slot);
            onScanAccepted(slot);
          });
    setError(refusal);
    if (target !== undefined) {
      if (refusal === undefined) onSelect(taken ?? target.name);
      else onScanRefused(target.name, refusal, text, others);
    }
    return refusal;
  };

  const scanFreed: SlotActions['scanFreed'] = (name, identity) => {
    const target = newest.current.bench.slots.find((slot) => slot.name === name);
    if (target === undefined) return;
    const { scanAttribute, otherAttributes } = newest.current.bench;
    const others = Object.fromEntries(otherAttributes.map((attribute) => [attribute, identity[attribute] ?? '']));
    once('scan', name, async () => {
      const refusal = await scanInto(target, identity[scanAttribute] ?? '', others, onSlot);
      if (refusal === undefined) onSelect(name);
      return refusal;
    });
  };

  /** A batch that counts has the next identity; the slot shows it before anything is written. */
  const give = (): void => {
    const target = selected === undefined ? undefined : slotForScan(bench.slots, selected);
    if (target === undefined || bench.order?.kind !== 'counter') return;
    once('give', target.name, async () => {
      const cleared = hasEnded(target.state) ? await ask('clear', { slot: target.name }) : undefined;
      if (cleared?.ok === false) return cleared.error;
      const reply = await ask('give', { slot: target.name });
      if (reply.ok) onSlot(reply.value);
      if (reply.ok) onSelect(target.name);
      return refusalOf(reply);
    });
  };

  const startSlot = ({ name }: SlotView): void =>
    once('start', name, async () => {
      const reply = await ask('start', { slot: name });
      if (!reply.ok) return reply.error;
      const next = nextFreeSlot(newest.current.bench.slots, name);
      // Whoever has already chosen another slot keeps it.
      if (next !== undefined && newest.current.selected?.name === name) onSelect(next.name);
      return undefined;
    });

  const start = (): void => {
    if (selected?.state === 'ready') startSlot(selected);
    else give();
  };

  const clearSlot = ({ name }: SlotView): void => once('clear', name, async () => refusalOf(await ask('clear', { slot: name })));
  const takeBack = ({ name }: SlotView): void => once('cancel', name, async () => refusalOf(await ask('cancel', { slot: name })));

  const targets: SlotActions['targets'] = {
    cancel: slotForAction(bench.slots, selected, canCancel),
    powerOn: slotForAction(bench.slots, selected, canPowerOn),
    clear: slotForAction(bench.slots, selected, canClear),
  };

  const cancelWithin = (target: SlotView, milliseconds: number): ReturnType<typeof escapeMeaning> => {
    const slot = target.name;
    const now = performance.now();
    const meaning = escapeMeaning(target, cancelQuestion, now, milliseconds);
    if (meaning === 'ask') setCancelQuestion({ slot, askedAt: now, milliseconds });
    if (meaning === 'ask' || meaning === 'nothing') return meaning;
    setCancelQuestion(undefined);
    once(meaning, slot, async () => refusalOf(await ask(meaning, { slot })));
    return meaning;
  };

  const cancel = (): void => {
    if (targets.cancel !== undefined) cancelWithin(targets.cancel, cancelQuestionMilliseconds);
  };

  const powerOn = (): void => {
    const slot = targets.powerOn?.name;
    if (slot === undefined) return;
    once('powerOn', slot, async () => {
      const reply = await ask('powerOn', { slot });
      if (reply.ok) onSlot(reply.value);
      return refusalOf(reply);
    });
  };

  const clear = (): void => {
    const slot = targets.clear?.name;
    if (slot === undefined) return;
    once('clear', slot, async () => refusalOf(await ask('clear', { slot })));
  };

  return { error, dismissError: () => setError(undefined), cancelQuestion, scanFreed, scan, start, startSlot, clearSlot, takeBack, cancelSlot: (slot) => cancelWithin(slot, scannedCancelMilliseconds), cancel, powerOn, clear, targets };
}

const allBusy: ErrorReport = { code: 'slot-busy', sentence: texts.scan.allBusy };

async function scanInto(slot: SlotView, text: string, others: Readonly<Record<string, string>>, onSlot: (slot: SlotView) => void): Promise<ErrorReport | undefined> {
  if (hasEnded(slot.state) && slot.label?.awaitsScan !== true) {
    const cleared = await ask('clear', { slot: slot.name });
    if (!cleared.ok) return cleared.error;
  }
  const reply = await ask('scan', { slot: slot.name, text, others: { ...others } });
  if (reply.ok) onSlot(reply.value);
  return refusalOf(reply);
}

function refusalOf(reply: { readonly ok: true } | { readonly ok: false; readonly error: ErrorReport }): ErrorReport | undefined {
  return reply.ok ? undefined : reply.error;
}
