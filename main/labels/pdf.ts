import { createRequire } from 'node:module';
import type { LaidOutLabel } from '../domain/label-layout';
import { runsOf } from './runs';

/** Points of a PDF in a millimetre. */
const pointsPerMillimetre = 72 / 25.4;

/** A label as a PDF of exactly its size: a page for each copy, fonts inside, codes as areas and not as pictures. */
export async function pdfOf({ width, height, dpmm, elements }: LaidOutLabel, copies: number): Promise<Uint8Array> {
  // Only where a PDF is made: it takes longer to load than most commands run.
  const { default: PDFDocument } = await import('pdfkit');
  const font = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');
  const scale = pointsPerMillimetre / dpmm;
  const size: [number, number] = [width * scale, height * scale];
  const document = new PDFDocument({ size, margin: 0, autoFirstPage: false, info: { Title: 'Label', Creator: 'Imprint' } });
  document.registerFont('text', font);
  for (let copy = 0; copy < copies; copy += 1) {
    document.addPage({ size, margin: 0 });
    for (const element of elements) {
      if (element.kind === 'text') {
        document.font('text').fontSize(element.height * scale * 0.86).fillColor('black').text(element.content, element.x * scale, element.y * scale, { lineBreak: false });
        continue;
      }
      for (const run of runsOf(element)) document.rect(run.x * scale, run.y * scale, run.width * scale, run.height * scale);
      document.fill('black');
    }
  }
  document.end();
  const pieces: Uint8Array[] = [];
  for await (const piece of document) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces);
}
