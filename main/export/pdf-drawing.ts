import { encode } from 'uqr';

import { dashOf, type Drawing, type Point, type Shape, type Tone } from '../charts/drawing';

/** Ink on white paper, also of a printer that has only black: failures are hatched, series have markers and dashes. */
const inks: Readonly<Record<Tone, string>> = { done: '#2f6f4f', failed: '#b3261e', grid: '#d8d8d8', axis: '#111111', label: '#555555', series: '#222222' };
const seriesInks = ['#0b5299', '#8a5200', '#0a5a31', '#7a1f6b', '#a81e26', '#333333'] as const;

/** Draws a plot as vectors, its left upper corner at `x`, `y`. */
export function drawIn(document: PDFKit.PDFDocument, drawing: Drawing, { x, y }: Point, text: number): void {
  document.save().translate(x, y);
  for (const shape of drawing.shapes) draw(document, shape, text);
  document.restore();
}

/**
 * A text as a QR code, for whoever scans the paper. Squares that touch are one path, so that no reader sees gaps.
 *
 * @param side of the whole, with the quiet zone that ISO/IEC 18004 asks for
 */
export function drawCode(document: PDFKit.PDFDocument, text: string, { x, y }: Point, side: number): void {
  const { data, size } = encode(text, { ecc: 'M', border: 4 });
  const unit = side / size;
  document.save().rect(x, y, side, side).fill('#ffffff');
  for (const [row, modules] of data.entries()) {
    for (const [column, dark] of modules.entries()) if (dark) document.rect(x + column * unit, y + row * unit, unit, unit);
  }
  document.fill('#000000').restore();
}

function draw(document: PDFKit.PDFDocument, shape: Shape, size: number): void {
  switch (shape.kind) {
    case 'rectangle':
      document.rect(shape.x, shape.y, shape.width, shape.height);
      if (shape.hatched === true) hatch(document, shape);
      else document.fill(inks[shape.tone]);
      return;
    case 'line': {
      const [first, ...others] = shape.points;
      if (first === undefined) return;
      document.moveTo(first.x, first.y);
      for (const { x, y } of others) document.lineTo(x, y);
      const dashed = shape.series === undefined ? [] : dashOf(shape.series);
      if (dashed.length > 0) document.dash(dashed[0] ?? 1, { space: dashed[1] ?? 1 });
      document.lineWidth(shape.tone === 'series' ? 1 : 0.5).strokeColor(inkOf(shape)).stroke().undash();
      return;
    }
    case 'marker':
      mark(document, shape);
      return;
    case 'text': {
      document.font('text').fontSize(size).fillColor(inks[shape.tone]);
      const width = document.widthOfString(shape.text);
      const left = { start: 0, middle: width / 2, end: width }[shape.anchor];
      // What is given is the line that letters stand on; the library takes their top.
      document.text(shape.text, shape.at.x - left, shape.at.y - size * 0.93, { lineBreak: false });
    }
  }
}

function inkOf(shape: { readonly tone: Tone; readonly series?: number }): string {
  return shape.series === undefined ? inks[shape.tone] : (seriesInks[shape.series % seriesInks.length] ?? inks.series);
}

function hatch(document: PDFKit.PDFDocument, { x, y, width, height, tone }: Extract<Shape, { kind: 'rectangle' }>): void {
  const step = 3;
  document.save().clip();
  for (let start = -height; start < width; start += step) document.moveTo(x + start, y + height).lineTo(x + start + height, y);
  document.lineWidth(0.9).strokeColor(inks[tone]).stroke().restore();
  document.rect(x, y, width, height).lineWidth(0.6).strokeColor(inks[tone]).stroke();
}

function mark(document: PDFKit.PDFDocument, shape: Extract<Shape, { kind: 'marker' }>): void {
  const { marker, at: { x, y } } = shape;
  const half = 2.3;
  const ink = inkOf(shape);
  document.lineWidth(1);
  switch (marker) {
    case 'circle':
      document.circle(x, y, half).fill(ink);
      return;
    case 'square':
      document.rect(x - half, y - half, half * 2, half * 2).fill(ink);
      return;
    case 'triangle':
      document.polygon([x, y - half * 1.2], [x + half * 1.2, y + half], [x - half * 1.2, y + half]).fill(ink);
      return;
    case 'diamond':
      document.polygon([x, y - half * 1.4], [x + half * 1.4, y], [x, y + half * 1.4], [x - half * 1.4, y]).fill(ink);
      return;
    case 'cross':
      document.moveTo(x - half, y - half).lineTo(x + half, y + half).moveTo(x - half, y + half).lineTo(x + half, y - half).strokeColor(ink).stroke();
      return;
    case 'ring':
      document.circle(x, y, half).fillAndStroke('#ffffff', ink);
  }
}
