import { useEffect, useRef, useState } from 'react';
import type { BenchView, ConflictView, ErrorReport, Identity, SlotView } from '../contract';
import { isDialogOpen } from '../logic/elements';
import { ask } from '../station';

interface OpenConflict {
  readonly view: ConflictView;
  /** The slot that the identity is meant for. */
  readonly slot: string;
}

export interface BenchConflict {
  readonly open: OpenConflict | undefined;
  /** It is open, or main was asked who has the identity and has not answered. */
  readonly expected: () => boolean;
  readonly close: () => void;
  /** A scan was refused. */
  readonly afterScan: (slot: string, refusal: ErrorReport, text: string, others: Readonly<Record<string, string>>) => void;
  /** A slot stopped because of it. */
  readonly ofSlot: (slot: SlotView) => void;
}

interface BenchConflictInput {
  readonly bench: BenchView;
  /** Nobody is in the middle of a scan: the field is empty, or still has the text that was refused. */
  readonly atRest: (refused: string) => boolean;
}

/** When the dialog about a taken identity is open: after a scan, and when a job finds it at the server. */
export function useBenchConflict({ bench, atRest }: BenchConflictInput): BenchConflict {
  const [open, setOpen] = useState<OpenConflict>();
  const before = useRef(conflictsOf(bench));
  const newest = useRef(atRest);
  newest.current = atRest;
  // Which question is the newest, and whether it was answered: what an older one asked for is nobody's business any more.
  const asked = useRef({ number: 0, waiting: false });
  const forget = (): void => {
    asked.current = { number: asked.current.number + 1, waiting: false };
    setOpen(undefined);
  };
  const expected = (): boolean => open !== undefined || asked.current.waiting;

  const look = (slot: string, params: { readonly identity: Identity } | { readonly text: string; readonly others: Record<string, string> }): void => {
    const refused = 'text' in params ? params.text : '';
    forget();
    const { number } = asked.current;
    asked.current.waiting = true;
    void ask('conflict', params).then((reply) => {
      if (asked.current.number !== number) return;
      asked.current.waiting = false;
      // The refusal itself stands at the scan field; this adds what can be done. Whoever scans the next board by now is not disturbed.
      if (reply.ok && reply.value !== undefined && newest.current(refused) && !isDialogOpen()) setOpen({ view: reply.value, slot });
    });
  };
  const ofSlot = (slot: SlotView): void => {
    if (slot.hasConflict && slot.identity !== undefined) look(slot.name, { identity: slot.identity });
  };

  useEffect(() => {
    const known = before.current;
    before.current = conflictsOf(bench);
    const fresh = bench.slots.find((slot) => slot.hasConflict && !known.includes(conflictOf(slot)));
    // Never into somebody's scan: the slot keeps its word, and Enter on it opens the dialog.
    if (fresh !== undefined && newest.current('') && !isDialogOpen() && !expected()) ofSlot(fresh);
  });

  return {
    open,
    expected,
    close: forget,
    afterScan: (slot, refusal, text, others) => {
      forget();
      if (refusal.code === 'identity-recorded' || refusal.code === 'identity-at-server') look(slot, { text, others: { ...others } });
    },
    ofSlot,
  };
}

const conflictOf = (slot: SlotView): string => `${slot.name} ${slot.jobId ?? ''}`;

function conflictsOf(bench: BenchView): readonly string[] {
  return bench.slots.filter((slot) => slot.hasConflict).map(conflictOf);
}
