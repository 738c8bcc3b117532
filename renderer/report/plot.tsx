import { useId, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { dashOf, type Drawing, type Shape } from '../../main/charts/drawing';
import { texts } from '../texts';

interface PlotProps {
  readonly title: string;
  readonly note?: string;
  /** Said in place of the plot where there is nothing to draw. */
  readonly empty: string | undefined;
  readonly height: number;
  /** Draws it for this width. */
  readonly draw: (width: number) => Drawing;
  readonly head: readonly string[];
  /** The same in words, for whoever does not see the plot. */
  readonly rows: readonly (readonly string[])[];
}

/** The height of its letters. */
export const plotText = 13;

/** A plot with a name, and the table that says the same. */
export function Plot({ title, note, empty, height, draw, head, rows }: PlotProps) {
  const place = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const pattern = useId().replace(/\W/g, '');
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const measure = (): void => setWidth(Math.floor(element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const drawing = width > 80 && empty === undefined ? draw(width) : undefined;
  return (
    <section className="panel plot" aria-label={title} data-testid="plot">
      <header className="plot__head">
        <h2>{title}</h2>
        {note === undefined || empty !== undefined ? null : <p>{note}</p>}
      </header>
      <div ref={place} className="plot__place">
        {empty === undefined ? null : <p className="plot__empty">{empty}</p>}
        {drawing === undefined ? (
          empty === undefined ? <svg aria-hidden="true" height={height} /> : null
        ) : (
          <svg role="img" aria-label={title} width={drawing.width} height={drawing.height} viewBox={`0 0 ${String(drawing.width)} ${String(drawing.height)}`} fontSize={plotText}>
            <defs>
              <pattern id={pattern} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <rect className="plot__hatch-ground" width="6" height="6" />
                <path className="plot__hatch" d="M1.5 0v6" />
              </pattern>
            </defs>
            {drawing.shapes.map((shape, index) => (
              <Drawn key={index} shape={shape} hatch={`url(#${pattern})`} />
            ))}
          </svg>
        )}
      </div>
      {empty === undefined ? (
        <div className="unseen">
          <table>
            <caption>{texts.report.plots.table(title)}</caption>
            <thead>
              <tr>{cells(head, (cell) => <th scope="col">{cell}</th>)}</tr>
            </thead>
            <tbody>
              {rows.map((row, index) => (
                <tr key={index}>{cells(row, (cell) => <td>{cell}</td>)}</tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  );
}

function cells(row: readonly string[], cell: (text: string) => ReactNode): ReactNode {
  return row.map((text, index) => <Cell key={index}>{cell(text)}</Cell>);
}

function Cell({ children }: { readonly children: ReactNode }) {
  return children;
}

function Drawn({ shape, hatch }: { readonly shape: Shape; readonly hatch: string }) {
  const series = shape.kind === 'line' || shape.kind === 'marker' ? shape.series : undefined;
  const className = `plot__${shape.tone}${series === undefined ? '' : ` plot__series--${String(series % 6)}`}`;
  switch (shape.kind) {
    case 'rectangle':
      return <rect className={className} x={shape.x} y={shape.y} width={shape.width} height={shape.height} {...(shape.hatched === true ? { fill: hatch } : {})} />;
    case 'line':
      return <polyline className={`${className} plot__line`} points={shape.points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')} strokeDasharray={shape.series === undefined ? undefined : dashOf(shape.series).join(' ')} />;
    case 'text':
      return (
        <text className={`${className} plot__text`} x={shape.at.x} y={shape.at.y} textAnchor={shape.anchor}>
          {shape.text}
        </text>
      );
    case 'marker':
      return <path className={`${className} plot__marker plot__marker--${shape.marker}`} transform={`translate(${shape.at.x.toFixed(1)} ${shape.at.y.toFixed(1)})`} d={outlines[shape.marker]} />;
  }
}

const outlines = {
  circle: 'M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0Z',
  ring: 'M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0Z',
  square: 'M-4 -4h8v8h-8Z',
  triangle: 'M0 -5.5L5 4H-5Z',
  diamond: 'M0 -6L6 0L0 6L-6 0Z',
  cross: 'M-4 -4L4 4M-4 4L4 -4',
} as const;
