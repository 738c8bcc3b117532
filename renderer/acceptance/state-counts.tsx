import type { AcceptanceList, AcceptanceState } from '../contract';
import { acceptanceIcons } from '../frame/icons';
import { statesInOrder } from '../logic/acceptance-keys';
import { CountButton } from '../rows/count-button';
import { texts } from '../texts';

interface StateCountsProps {
  readonly counts: AcceptanceList['counts'] | undefined;
  readonly chosen: AcceptanceState | undefined;
  readonly onChoose: (state: AcceptanceState | undefined) => void;
}

/** How many devices are in each state; a press shows only those. */
export function StateCounts({ counts, chosen, onChoose }: StateCountsProps) {
  const all = counts === undefined ? undefined : statesInOrder.reduce((sum, state) => sum + counts[state], 0);
  return (
    <div className="states" role="group" aria-label={texts.acceptance.counts}>
      <CountButton name={texts.acceptance.all} icon="key" tone="all" digit={1} value={all} chosen={chosen === undefined} onPress={() => onChoose(undefined)} />
      {statesInOrder.map((state, index) => (
        <CountButton
          key={state}
          name={texts.acceptanceStates[state]}
          icon={acceptanceIcons[state]}
          tone={state}
          digit={index + 2}
          value={counts?.[state]}
          chosen={chosen === state}
          onPress={() => onChoose(chosen === state ? undefined : state)}
        />
      ))}
    </div>
  );
}
