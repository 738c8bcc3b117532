import type { BenchView } from '../contract';
import { nextToTakeOut, type Desk } from '../logic/desk';
import { texts } from '../texts';
import { SlotCard } from './slot-card';

interface SlotGridProps {
  readonly bench: BenchView;
  readonly desk: Desk;
  readonly selected: string | undefined;
  readonly cancelAsked: string | undefined;
  readonly onSelect: (slot: string) => void;
}

export function SlotGrid({ bench, desk, selected, cancelAsked, onSelect }: SlotGridProps) {
  const { slots } = bench;
  const next = nextToTakeOut(slots);
  if (slots.length === 0) return <p className="slots__none">{texts.slot.none}</p>;
  return (
    <div className="slots" data-columns={desk.columns} data-rows={desk.rows} data-layout={bench.desk.layout?.order} style={{ gridTemplateColumns: `repeat(${String(desk.columns)}, minmax(0, 1fr))` }}>
      {slots.map((slot, index) => (
        <SlotCard
          key={slot.name}
          slot={slot}
          number={index + 1}
          row={desk.places[index]?.row ?? 0}
          column={desk.places[index]?.column ?? 0}
          next={slot === next}
          failures={bench.desk.failures.find((each) => each.slot === slot.name)}
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
