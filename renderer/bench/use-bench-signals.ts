import { useEffect, useRef, useState } from 'react';
import type { SlotState, SlotView } from '../contract';
import { play, rememberedSound, type Sound } from '../logic/sounds';

export interface LastScan {
  readonly good: boolean;
  readonly sentence: string;
  /** Grows with each, so that the same sentence twice is told twice. */
  readonly number: number;
}

export interface BenchSignals {
  readonly last: LastScan | undefined;
  /** The sentence of the red screen. */
  readonly alarm: string | undefined;
  readonly sound: Sound | undefined;
  /** A scan did what it should; a red screen goes with it. */
  readonly good: (sentence: string, sound?: Sound) => void;
  /** A command that there is nothing to do for. */
  readonly bad: (sentence: string) => void;
  /** A code that must not pass unseen. */
  readonly raise: (sentence: string) => void;
  readonly dismiss: () => void;
  /** The last result once more. */
  readonly again: () => void;
}

const soundOf: Readonly<Partial<Record<SlotState, Sound>>> = { running: 'start', done: 'done', waiting: 'done', failed: 'error', cancelled: 'take-out' };

/** What the bench says of scans and of cards that end: a line, a red screen, a sound. */
export function useBenchSignals(slots: readonly SlotView[]): BenchSignals {
  const [last, setLast] = useState<LastScan>();
  const [alarm, setAlarm] = useState<string>();
  const [sound, setSound] = useState<Sound>();
  const before = useRef(slots);

  const hear = (name: Sound): void => {
    setSound(name);
    play(name, rememberedSound());
  };
  const tell = (isGood: boolean, sentence: string): void => setLast((now) => ({ good: isGood, sentence, number: (now?.number ?? 0) + 1 }));

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
      tell(true, sentence);
      hear(name);
    },
    bad: (sentence) => {
      tell(false, sentence);
      hear('error');
    },
    raise: (sentence) => {
      setAlarm(sentence);
      tell(false, sentence);
      hear('error');
    },
    dismiss: () => setAlarm(undefined),
    again: () => {
      if (last === undefined) return;
      tell(last.good, last.sentence);
      hear(last.good ? 'accepted' : 'error');
    },
  };
}
