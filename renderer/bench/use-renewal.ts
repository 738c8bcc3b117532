import { useRef, useState } from 'react';
import type { BenchView, Notice, SlotView } from '../contract';
import { refused, told } from '../logic/of-main';
import { canRenew } from '../logic/slots';
import { ask } from '../station';
import { texts } from '../texts';

export interface Renewal {
  /** The slot whose card is asked about. */
  readonly slot: SlotView | undefined;
  /** Absent where this profile or this person renews nothing. */
  readonly begin: (() => void) | undefined;
  readonly close: () => void;
  readonly confirm: () => void;
}

/** Renewing the card in the selected slot: asked first, told as a notice when it has ended; the slot shows how it goes. */
export function useRenewal(bench: BenchView, selected: SlotView | undefined, notify: (notice: Notice) => void): Renewal {
  const [asked, setAsked] = useState<string>();
  const running = useRef(new Set<string>());
  const slot = bench.slots.find(({ name }) => name === asked);
  const able = bench.renews && bench.rights.includes('provision');

  const confirm = (): void => {
    setAsked(undefined);
    if (asked === undefined || running.current.has(asked)) return;
    running.current.add(asked);
    void ask('renew', { slot: asked }).then((reply) => {
      running.current.delete(asked);
      if (reply.ok) notify(reply.value.sentence === undefined ? { sentence: texts.confirm.finished, tone: 'success' } : told(reply.value.sentence, 'success'));
      else notify(refused(reply.error, asked));
    });
  };

  return {
    slot,
    begin: able
      ? () => {
          if (selected !== undefined && canRenew(selected)) setAsked(selected.name);
        }
      : undefined,
    close: () => setAsked(undefined),
    confirm,
  };
}
