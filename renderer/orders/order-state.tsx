import type { OrderState } from '../contract';
import { Icon, type IconName } from '../frame/icons';
import { texts } from '../texts';

const icons: Readonly<Record<OrderState, IconName>> = { open: 'running', paused: 'waiting', closed: 'done' };
const tones: Readonly<Record<OrderState, string>> = { open: 'open', paused: 'waiting', closed: 'released' };

export function OrderStateBadge({ state }: { readonly state: OrderState }) {
  return (
    <span className={`badge tone--${tones[state]}`}>
      <Icon name={icons[state]} />
      {texts.orders.states[state]}
    </span>
  );
}
