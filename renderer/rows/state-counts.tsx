import { Icon, type IconName } from '../frame/icons';
import { formatCount } from '../logic/format';
import { keyNames } from '../logic/key-names';

interface StateCountsProps<State extends string> {
  readonly words: { readonly counts: string; readonly all: string };
  /** In the order of the buttons, and of Alt and a digit. */
  readonly states: readonly State[];
  readonly names: Readonly<Record<State, string>>;
  readonly icons: Readonly<Record<State, IconName>>;
  /** Lays out the buttons. */
  readonly layout?: string;
  readonly counts: Readonly<Record<State, number>> | undefined;
  readonly chosen: State | undefined;
  readonly onChoose: (state: State | undefined) => void;
}

/** How many are in each state; a press shows only those, another one all. */
export function StateCounts<State extends string>({ words, states, names, icons, layout = '', counts, chosen, onChoose }: StateCountsProps<State>) {
  const all = counts === undefined ? undefined : states.reduce((sum, state) => sum + counts[state], 0);
  return (
    <div className={`states ${layout}`} role="group" aria-label={words.counts}>
      <CountButton name={words.all} icon="key" tone="all" digit={1} value={all} chosen={chosen === undefined} onPress={() => onChoose(undefined)} />
      {states.map((state, index) => (
        <CountButton
          key={state}
          name={names[state]}
          icon={icons[state]}
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

function CountButton({ name, icon, tone, digit, value, chosen, onPress }: CountButtonProps) {
  return (
    <button type="button" className={`state-count state-count--${tone}`} aria-pressed={chosen} aria-keyshortcuts={`Alt+${String(digit)}`} title={keyNames(`Alt+${String(digit)}`)} data-testid="state-count" data-state={tone} onClick={onPress}>
      <Icon name={icon} />
      <span className="state-count__name">{name}</span>
      <strong className="state-count__value">{value === undefined ? '–' : formatCount(value)}</strong>
    </button>
  );
}
