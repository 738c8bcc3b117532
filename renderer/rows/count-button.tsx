import { Icon, type IconName } from '../frame/icons';

interface CountButtonProps {
  readonly name: string;
  readonly icon: IconName;
  /** The state, or `all`. */
  readonly tone: string;
  readonly digit: number;
  readonly value: number | undefined;
  readonly chosen: boolean;
  readonly onPress: () => void;
}

/** How many are in a state, and a press shows only those. */
export function CountButton({ name, icon, tone, digit, value, chosen, onPress }: CountButtonProps) {
  return (
    <button type="button" className={`state-count state-count--${tone}`} aria-pressed={chosen} aria-keyshortcuts={`Alt+${String(digit)}`} title={`Alt+${String(digit)}`} data-testid="state-count" data-state={tone} onClick={onPress}>
      <Icon name={icon} />
      <span className="state-count__name">{name}</span>
      <strong className="state-count__value">{value === undefined ? '–' : value.toLocaleString('en')}</strong>
    </button>
  );
}
