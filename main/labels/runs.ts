import type { LaidOutCode } from '../domain/label-layout';

/** A black rectangle, in dots. */
export interface Run {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The black parts of a code as rectangles, one for each stretch of a row. */
export function runsOf({ x, y, module, rowHeight, rows }: LaidOutCode): readonly Run[] {
  return rows.flatMap((row, line) => [...row.matchAll(/1+/g)].map((match) => ({ x: x + match.index * module, y: y + line * rowHeight, width: match[0].length * module, height: rowHeight })));
}
