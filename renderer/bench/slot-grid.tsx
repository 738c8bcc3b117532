import type { BenchView } from '../contract';
import { slotColumns } from '../logic/slots';
import { texts } from '../texts';
import { SlotCard } from './slot-card';

interface SlotGridProps {
  readonly bench: BenchView;
  readonly selected: string | undefined;
  readonly cancelAsked: string | undefined;
  readonly onSelect: (slot: string) => void;
}

export function SlotGrid({ bench, selected, cancelAsked, onSelect }: SlotGridProps) {
  const { slots } = bench;
  if (slots.length === 0) return <p className="slots__none">{texts.slot.none}</p>;
  return (
    <div className="slots" data-columns={slotColumns(slots.length)} data-rows={Math.ceil(slots.length / slotColumns(slots.length))}>
      {slots.map((slot, index) => (
        <SlotCard
          key={slot.name}
          slot={slot}
          number={index + 1}
          selected={slot.name === selected}
          alone={slots.length === 1}
          scanAttribute={bench.scanAttribute}
          cancelAsked={slot.name === cancelAsked && slot.canCancel}
          onSelect={onSelect}
        />
      ))}
    </div>
  );
}
