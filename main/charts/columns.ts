import { nice, ticks } from 'd3-array';
import { widthOf, type Drawing, type Shape, type Size } from './drawing';

/** One column: cards that are done, and on top of them those that failed. */
export interface Column {
  readonly label: string;
  readonly done: number;
  readonly failed: number;
}

/** Columns of cards over time. Failures are hatched and stand on top, so that no colour is needed to tell them. */
export function columnsDrawing(columns: readonly Column[], { width, height, text }: Size): Drawing {
  const most = Math.max(1, ...columns.map(({ done, failed }) => done + failed));
  const { top, values } = countScale(most);
  const left = Math.max(...values.map((value) => widthOf(String(value), text))) + text * 0.8;
  const foot = height - text * 1.9;
  const head = text * 1.2;
  const y = (value: number): number => foot - (value / top) * (foot - head);
  const step = (width - left) / Math.max(1, columns.length);
  const thick = Math.max(1, Math.min(step * 0.72, text * 5));
  const shapes: Shape[] = values.flatMap((value): Shape[] => [
    { kind: 'line', points: [{ x: left, y: y(value) }, { x: width, y: y(value) }], tone: value === 0 ? 'axis' : 'grid' },
    { kind: 'text', text: String(value), at: { x: left - text * 0.5, y: y(value) + text * 0.35 }, anchor: 'end', tone: 'label' },
  ]);
  const every = labelled(columns, step, text);
  columns.forEach(({ label, done, failed }, index) => {
    const x = left + index * step + (step - thick) / 2;
    if (done > 0) shapes.push({ kind: 'rectangle', x, y: y(done), width: thick, height: foot - y(done), tone: 'done' });
    if (failed > 0) shapes.push({ kind: 'rectangle', x, y: y(done + failed), width: thick, height: y(done) - y(done + failed), tone: 'failed', hatched: true });
    const sum = done + failed;
    if (sum > 0 && widthOf(String(sum), text) <= step) shapes.push({ kind: 'text', text: String(sum), at: { x: x + thick / 2, y: y(sum) - text * 0.3 }, anchor: 'middle', tone: 'axis' });
    if (index % every === 0) shapes.push({ kind: 'text', text: label, at: { x: x + thick / 2, y: foot + text * 1.4 }, anchor: 'middle', tone: 'label' });
  });
  return { width, height, shapes };
}

/** Whole numbers only: there are no halves of a card. */
export function countScale(most: number): { readonly top: number; readonly values: readonly number[] } {
  const wanted = Math.min(5, Math.max(1, most));
  const [, top] = nice(0, Math.max(1, most), wanted);
  return { top, values: ticks(0, top, wanted).filter(Number.isInteger) };
}

/** Each how manieth label has room. */
function labelled(columns: readonly Column[], step: number, text: number): number {
  const widest = Math.max(0, ...columns.map(({ label }) => widthOf(label, text))) + text * 0.6;
  return Math.max(1, Math.ceil(widest / Math.max(step, 0.1)));
}
