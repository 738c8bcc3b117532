import type { CountParams } from '../contract';
import { texts } from '../texts';

const { form: words } = texts.orders;

interface CounterFieldsProps {
  readonly attributes: readonly { readonly name: string; readonly mac: boolean }[];
  readonly counts: readonly CountParams[];
  readonly onCounts: (counts: readonly CountParams[]) => void;
}

/** How each attribute counts: what stays, where it begins, from one device to the next. */
export function CounterFields({ attributes, counts, onCounts }: CounterFieldsProps) {
  const change = (name: string, part: Partial<CountParams>): void => onCounts(counts.map((count) => (count.name === name ? { ...count, ...part } : count)));
  return (
    <div className="counter-fields">
      {counts.map(({ name, prefix, first, hexadecimal, step }) => {
        const mac = attributes.some((attribute) => attribute.name === name && attribute.mac);
        return (
          <div key={name} className="counter-fields__row">
            <label className="field">
              {mac ? words.oui(name) : words.prefix(name)}
              <input type="text" className="code" data-testid={`prefix-${name}`} data-field={`counter.${name}`} value={prefix} maxLength={200} autoComplete="off" spellCheck={false} onChange={(event) => change(name, { prefix: event.target.value })} />
            </label>
            <label className="field">
              {words.first}
              <input type="text" className="code" data-testid={`first-${name}`} value={first} maxLength={20} autoComplete="off" spellCheck={false} onChange={(event) => change(name, { first: event.target.value })} />
            </label>
            <label className="field">
              {words.step}
              <input type="number" min={1} data-testid={`step-${name}`} value={step} onChange={(event) => change(name, { step: Math.trunc(Number(event.target.value)) })} />
            </label>
            {mac ? null : (
              <label className="check">
                <input type="checkbox" checked={hexadecimal} onChange={(event) => change(name, { hexadecimal: event.target.checked })} />
                {words.hexadecimal}
              </label>
            )}
          </div>
        );
      })}
    </div>
  );
}
