import { createRequire } from 'node:module';

import { raw } from 'bwip-js/node';
import PDFDocument from 'pdfkit';

import { allCommandCodes, commandCodeText, type CommandCode, type CommandWord } from '../domain/command-codes';

interface Entry {
  readonly word: string;
  readonly meaning: string;
  /** SVG path in a square of 24. */
  readonly picture: string;
}

/** The pictures are those of the window's buttons. */
const entries: Readonly<Record<CommandWord, Entry>> = {
  'START': { word: 'Start', meaning: 'writes the card of the slot that is ready', picture: 'M12 3v11M7 10l5 5 5-5M4 20h16' },
  'NEXT': { word: 'Next', meaning: 'the card is out; clears a red screen', picture: 'M5 12h14M13 6l6 6-6 6' },
  'REJECT': { word: 'Take back', meaning: 'takes a scanned board back before it is written', picture: 'M9 6 4 11l5 5M4 11h10a6 6 0 0 1 0 9h-3' },
  'CANCEL': { word: 'Cancel', meaning: 'stops a card; scan it twice', picture: 'm6 18 12-12M12 3a9 9 0 1 0 0.01 0Z' },
  'REPEAT': { word: 'Repeat', meaning: 'a stopped board once more, with another card', picture: 'M20 5v5h-5M20 10a8.5 8.5 0 1 0 .5 4' },
  'SIGN-IN': { word: 'Sign in, lock', meaning: 'locks the window for the next person', picture: 'M5 11h14v10H5ZM8 11V7a4 4 0 0 1 8 0v4' },
};

const page = { width: 595.28, height: 841.89, margin: 36 } as const;
const millimetre = 72 / 25.4;
/** A narrow bar of 0.3 mm: hand scanners read it at an arm's length, office printers print it. */
const moduleWidth = 0.3 * millimetre;
const barHeight = 15 * millimetre;
const cell = { width: (page.width - 2 * page.margin) / 2, height: 92 } as const;
const grey = '#444444';

/** The sheet of command codes, A4: each with its bars, its word and its picture. It is the same on every station. */
export async function commandSheet(): Promise<Uint8Array> {
  const { resolve } = createRequire(import.meta.url);
  const document = new PDFDocument({ size: 'A4', margin: 0, info: { Title: 'Command codes of the bench', Creator: 'Imprint' } });
  document.registerFont('text', resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'));
  document.registerFont('bold', resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'));
  document.font('bold').fontSize(17).text('Command codes of the bench', page.margin, page.margin, { lineBreak: false });
  document.font('text').fontSize(9).fillColor(grey).text('Scan a code instead of pressing a key. Print at 100 %. Cover a code that is scanned by mistake.', page.margin, page.margin + 24, { lineBreak: false });
  allCommandCodes().forEach((code, index) => {
    drawCode(document, code, page.margin + (index % 2) * cell.width, page.margin + 44 + Math.floor(index / 2) * cell.height);
  });
  document.end();
  const pieces: Uint8Array[] = [];
  for await (const piece of document) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces);
}

function drawCode(document: PDFKit.PDFDocument, code: CommandCode, left: number, top: number): void {
  const { word, meaning, picture } = code.command === 'SLOT' ? slotEntry(code.slot) : entries[code.command];
  document.roundedRect(left + 3, top + 3, cell.width - 6, cell.height - 6, 6).lineWidth(0.75).stroke('#999999');
  document.save().translate(left + 12, top + 9).scale(0.85).path(picture).lineWidth(2).lineCap('round').lineJoin('round').stroke('black').restore();
  if (code.command === 'SLOT') document.font('bold').fontSize(11).fillColor('black').text(String(code.slot), left + 12, top + 13, { width: 20.4, align: 'center', lineBreak: false });
  document.font('bold').fontSize(13).fillColor('black').text(word, left + 40, top + 8, { lineBreak: false });
  document.font('text').fontSize(7.5).fillColor(grey).text(meaning, left + 40, top + 24, { lineBreak: false });
  // A quiet zone of ten modules on each side (ISO/IEC 15417, 4.2).
  drawBars(document, commandCodeText(code), left + 12 + 10 * moduleWidth, top + 38);
}

function slotEntry(slot: number): Entry {
  return { word: `Slot ${String(slot)}`, meaning: 'chooses this slot, as Alt and its number', picture: 'M3 3h18v18H3Z' };
}

/** Code 128 as vectors: sharp at any resolution. */
function drawBars(document: PDFKit.PDFDocument, text: string, left: number, top: number): void {
  let x = left;
  widths(text).forEach((width, index) => {
    if (index % 2 === 0) document.rect(x, top, width * moduleWidth, barHeight);
    x += width * moduleWidth;
  });
  document.fill('black');
}

/** Bars and spaces by turns, in modules. */
function widths(text: string): readonly number[] {
  const [symbol] = raw({ bcid: 'code128', text }) as readonly { readonly sbs?: readonly number[] }[];
  if (symbol?.sbs === undefined) throw new TypeError('bwip-js drew no bars.');
  return symbol.sbs;
}
