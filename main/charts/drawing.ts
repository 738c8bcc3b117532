/**
 * Plots as plain shapes. The window draws them as SVG and the PDF as vector graphics, so that paper and screen show the same,
 * and neither needs what the other has (a page, styles, a font that is measured).
 */

/** What a shape means; each pen has its own colours for it. Series are told apart by marker and dashes as well. */
export type Tone = 'done' | 'failed' | 'grid' | 'axis' | 'label' | 'series';

export const markers = ['circle', 'square', 'triangle', 'diamond', 'cross', 'ring'] as const;
export type Marker = (typeof markers)[number];

export type Shape =
  | { readonly kind: 'rectangle'; readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly tone: Tone; readonly hatched?: boolean }
  | { readonly kind: 'line'; readonly points: readonly Point[]; readonly tone: Tone; readonly series?: number }
  | { readonly kind: 'marker'; readonly marker: Marker; readonly at: Point; readonly tone: Tone; readonly series?: number }
  | { readonly kind: 'text'; readonly text: string; readonly at: Point; readonly anchor: 'start' | 'middle' | 'end'; readonly tone: Tone };

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

export interface Size {
  readonly width: number;
  readonly height: number;
  /** Of the letters: how high, and about how wide. */
  readonly text: number;
}

/** Dashes of the lines of series, in their order; an empty list is a whole line. */
export const dashes: readonly (readonly number[])[] = [[], [7, 3], [2, 3], [9, 3, 2, 3], [12, 4], [4, 2]];

export function markerOf(series: number): Marker {
  return markers[series % markers.length] ?? 'circle';
}

/** Coprime with the number of markers where it can be, so that the pairs repeat late. */
export function dashOf(series: number): readonly number[] {
  return dashes[Math.floor(series / markers.length + series) % dashes.length] ?? [];
}

/** About how wide a text is in letters of that height: good enough to leave room for it in any font. A Chinese character is as wide as it is high. */
export function widthOf(text: string, size: number): number {
  return Array.from(text).reduce((width, letter) => width + (letter >= wide ? 1 : 0.6), 0) * size;
}

/** From here on Unicode has the scripts of East Asia. */
const wide = '\u2e80';

/** As much of a text as fits. */
export function fitting(text: string, width: number, size: number): string {
  if (widthOf(text, size) <= width) return text;
  const letters = Array.from(text);
  while (letters.length > 1 && widthOf(`${letters.join('')}…`, size) > width) letters.pop();
  return `${letters.join('')}…`;
}
