import { fitting, widthOf, type Drawing, type Shape } from './drawing';

/** One bar that lies: a cause and how many failed by it. */
export interface Bar {
  readonly label: string;
  readonly value: number;
}

/** Bars with their words before them and their numbers behind. Its height follows from how many there are. */
export function barsDrawing(bars: readonly Bar[], { width, text }: { readonly width: number; readonly text: number }): Drawing {
  const step = text * 2.2;
  const widest = Math.max(0, ...bars.map(({ label }) => widthOf(label, text)));
  const left = Math.min(width * 0.45, widest + text);
  const numbers = Math.max(0, ...bars.map(({ value }) => widthOf(String(value), text))) + text;
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const shapes = bars.flatMap(({ label, value }, index): Shape[] => {
    const length = Math.max(1, (value / most) * (width - left - numbers));
    const middle = index * step + step / 2;
    return [
      { kind: 'text', text: fitting(label, left - text * 0.6, text), at: { x: left - text * 0.6, y: middle + text * 0.35 }, anchor: 'end', tone: 'axis' },
      { kind: 'rectangle', x: left, y: middle - text * 0.7, width: length, height: text * 1.4, tone: 'failed', hatched: true },
      { kind: 'text', text: String(value), at: { x: left + length + text * 0.5, y: middle + text * 0.35 }, anchor: 'start', tone: 'axis' },
    ];
  });
  return { width, height: Math.max(step, bars.length * step), shapes };
}
