import { nice, ticks } from 'd3-array';
import { markerOf, widthOf, type Drawing, type Point, type Shape, type Size } from './drawing';

/** One line: points in their order over time. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly at: number; readonly value: number }[];
}

export interface LinesOptions extends Size {
  readonly from: number;
  readonly until: number;
  /** Where the axis of time has a word. */
  readonly labels: readonly { readonly at: number; readonly label: string }[];
  /** A value in words. */
  readonly say: (value: number) => string;
}

/** Lines over time, each with a marker and dashes of its own, and a legend of them below. */
export function linesDrawing(series: readonly Series[], { width, height, text, from, until, labels, say }: LinesOptions): Drawing {
  const most = Math.max(0, ...series.flatMap(({ points }) => points.map(({ value }) => value)));
  const [, top] = nice(0, most > 0 ? most : 1, 4);
  const values = ticks(0, top, 4);
  const left = Math.max(...values.map((value) => widthOf(say(value), text))) + text * 0.8;
  const legend = legendOf(series, width, text);
  const foot = height - legend.height - text * 1.9;
  const head = text;
  const x = (moment: number): number => left + text + ((moment - from) / Math.max(1, until - from)) * (width - left - text * 2);
  const y = (value: number): number => foot - (value / top) * (foot - head);
  const shapes: Shape[] = values.flatMap((value): Shape[] => [
    { kind: 'line', points: [{ x: left, y: y(value) }, { x: width, y: y(value) }], tone: value === 0 ? 'axis' : 'grid' },
    { kind: 'text', text: say(value), at: { x: left - text * 0.5, y: y(value) + text * 0.35 }, anchor: 'end', tone: 'label' },
  ]);
  let free = left;
  for (const { at, label } of labels) {
    const half = widthOf(label, text) / 2;
    const middle = x(at);
    if (middle - half < free || middle + half > width) continue;
    shapes.push({ kind: 'text', text: label, at: { x: middle, y: foot + text * 1.4 }, anchor: 'middle', tone: 'label' });
    free = middle + half + text;
  }
  series.forEach(({ points }, index) => {
    const places = points.map((point): Point => ({ x: x(point.at), y: y(point.value) }));
    if (places.length > 1) shapes.push({ kind: 'line', points: places, tone: 'series', series: index });
    for (const at of places) shapes.push({ kind: 'marker', marker: markerOf(index), at, tone: 'series', series: index });
  });
  const begin = height - legend.height + text * 0.2;
  return { width, height, shapes: [...shapes, ...legend.shapes(begin)] };
}

/** As many in a row as have room. */
function legendOf(series: readonly Series[], width: number, text: number): { readonly height: number; readonly shapes: (top: number) => readonly Shape[] } {
  const widest = Math.max(0, ...series.map(({ name }) => widthOf(name, text))) + text * 5;
  const inRow = Math.max(1, Math.floor(width / Math.max(1, widest)));
  const row = text * 1.7;
  const shapes = (top: number): readonly Shape[] =>
    series.flatMap(({ name }, index): Shape[] => {
      const [left, middle] = [(index % inRow) * widest, top + Math.floor(index / inRow) * row + row / 2];
      return [
        { kind: 'line', points: [{ x: left, y: middle }, { x: left + text * 3, y: middle }], tone: 'series', series: index },
        { kind: 'marker', marker: markerOf(index), at: { x: left + text * 1.5, y: middle }, tone: 'series', series: index },
        { kind: 'text', text: name, at: { x: left + text * 3.5, y: middle + text * 0.35 }, anchor: 'start', tone: 'axis' },
      ];
    });
  return { height: Math.ceil(series.length / inRow) * row, shapes };
}
