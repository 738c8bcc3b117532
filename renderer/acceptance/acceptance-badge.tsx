import type { AcceptanceState } from '../contract';
import { acceptanceIcons, Icon } from '../frame/icons';
import { texts } from '../texts';

/** Word, shape and colour of a state together. */
export function AcceptanceBadge({ state, big = false }: { readonly state: AcceptanceState; readonly big?: boolean }) {
  return (
    <span className={big ? `badge badge--big tone--${state}` : `badge tone--${state}`} data-testid="acceptance-state" data-state={state}>
      <Icon name={acceptanceIcons[state]} />
      {texts.acceptanceStates[state]}
    </span>
  );
}
