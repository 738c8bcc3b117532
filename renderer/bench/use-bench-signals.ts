import { useEffect, useRef, useState } from 'react';
import type { SlotState, SlotView } from '../contract';
import type { Said } from '../logic/of-main';
import { play, rememberedSound, type Sound } from '../logic/sounds';

export interface LastScan {
  readonly good: boolean;
  readonly said: Said;
  /** Grows with each, so that the same sentence twice is told twice. */
  readonly number: number;
}

export interface BenchSignals {
  readonly last: LastScan | undefined;
  /** The sentence of the red screen. */
  readonly alarm: Said | undefined;
  readonly sound: Sound | undefined;
  /** A scan did what it should; a red screen goes with it. */
  readonly good: (sentence: string, sound?: Sound) => void;
  /** A command that there is nothing to do for. */
  readonly bad: (said: string | Said) => void;
  /** A code that must not pass unseen. */
  readonly raise: (said: string | Said) => void;
  readonly dismiss: () => void;
  /** The last result once more. */
  readonly again: () => void;
}

const wordsOf = (said: string | Said): Said => (typeof said === 'string' ? { said } : said);

const soundOf: Readonly<Partial<Record<SlotState, Sound>>> = { running: 'start', done: 'done', waiting: 'done', failed: 'error', cancelled: 'take-out' };

/** What the bench says of scans and of cards that end: a line, a red screen, a sound. */
export function useBenchSignals(slots: readonly SlotView[]): BenchSignals {
  const [last, setLast] = useState<LastScan>();
  const [alarm, setAlarm] = useState<Said>();
  const [sound, setSound] = useState<Sound>();
  const before = useRef(slots);

  const hear = (name: Sound): void => {
    setSound(name);
    play(name, rememberedSound());
  };
  const tell = (isGood: boolean, said: Said): void => setLast((now) => ({ good: isGood, said, number: (now?.number ?? 0) + 1 }));

  useEffect(() => {
    const known = before.current;
    before.current = slots;
    for (const slot of slots) {
      const old = known.find(({ name }) => name === slot.name);
      const heard = soundOf[slot.state];
      if (old !== undefined && old.state !== slot.state && heard !== undefined) hear(heard);
    }
  }, [slots]);

  return {
    last,
    alarm,
    sound,
    good: (sentence, name = 'accepted') => {
      setAlarm(undefined);
      tell(true, { said: sentence });
      hear(name);
    },
    bad: (said) => {
      tell(false, wordsOf(said));
      hear('error');
    },
    raise: (said) => {
      setAlarm(wordsOf(said));
      tell(false, wordsOf(said));
      hear('error');
    },
    dismiss: () => setAlarm(undefined),
    again: () => {
      if (last === undefined) return;
      tell(last.good, last.said);
      hear(last.good ? 'accepted' : 'error');
    },
  };
}
