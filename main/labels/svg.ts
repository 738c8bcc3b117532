import type { LaidOutLabel } from '../domain/label-layout';
import { runsOf } from './runs';

/** A label as a picture for the screen: one unit is one dot. Text is in the reader's own font. */
export function svgOf({ width, height, dpmm, elements }: LaidOutLabel): string {
  const drawn = elements.map((element) => {
    if (element.kind === 'text') return `<text x="${String(element.x)}" y="${String(element.y + Math.round(element.height * 0.8))}" font-size="${String(element.height)}">${escaped(element.content)}</text>`;
    const path = runsOf(element).map((run) => `M${String(run.x)} ${String(run.y)}h${String(run.width)}v${String(run.height)}h-${String(run.width)}z`);
    return `<path data-code="${element.kind}" shape-rendering="crispEdges" d="${path.join('')}"/>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${String(width / dpmm)}mm" height="${String(height / dpmm)}mm" viewBox="0 0 ${String(width)} ${String(height)}" font-family="DejaVu Sans, Arial, sans-serif">`,
    `<rect width="${String(width)}" height="${String(height)}" fill="#fff"/>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

/** SECURITY: what stands on a label was scanned; it is text and never markup. XML has no control characters at all. */
function escaped(text: string): string {
  const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.toWellFormed().replace(/\p{Cc}/gu, ' ').replace(/[&<>"]/g, (character) => named[character] ?? '');
}
