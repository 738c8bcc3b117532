import { createRequire } from 'node:module';

import PDFDocument from 'pdfkit';

import { printableIn, shortened } from './printed-text';

export const page = { width: 595.28, margin: 40, bottom: 790 } as const;
export const inner = page.width - 2 * page.margin;
export const grey = '#555555';

/** An empty A4 document with its fonts inside, and the pen that writes it. Its pages are kept until the end, because each says how many there are. */
export function newDocument(title: string, madeAt: string): { readonly document: PDFKit.PDFDocument; readonly pages: Pages } {
  const { resolve } = createRequire(import.meta.url);
  const fonts = { text: resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'), bold: resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'), mono: resolve('dejavu-fonts-ttf/ttf/DejaVuSansMono.ttf') };
  const document = new PDFDocument({
    size: 'A4',
    // What stands at the foot lies in the margin on purpose; nothing here breaks a page by itself.
    margins: { top: page.margin, left: page.margin, right: page.margin, bottom: 0 },
    bufferPages: true,
    info: { Title: title, Creator: 'Imprint', CreationDate: new Date(madeAt) },
  });
  for (const [name, path] of Object.entries(fonts)) document.registerFont(name, path);
  return { document, pages: new Pages(document, printableIn(fonts.text)) };
}

/** A pen that goes down the page and takes a new one where something does not fit. */
export class Pages {
  readonly #document: PDFKit.PDFDocument;
  readonly #printable: (text: string) => string;
  #y: number = page.margin;

  constructor(document: PDFKit.PDFDocument, printable: (text: string) => string) {
    this.#document = document;
    this.#printable = printable;
  }

  heading(text: string, size: number): void {
    this.room(size + 40);
    this.#y += size === 18 ? 0 : 12;
    this.#put(text, page.margin, 'bold', size);
    this.#y += size + 8;
  }

  /** Text over the whole width, broken where it has to be. */
  paragraph(text: string, { font = 'text', size = 9, color = 'black' }: { readonly font?: 'text' | 'mono'; readonly size?: number; readonly color?: string } = {}): void {
    for (const line of text.split('\n')) {
      const shown = this.#printable(line) || ' ';
      const height = this.#document.font(font).fontSize(size).heightOfString(shown, { width: inner });
      this.room(height);
      this.#document.fillColor(color).text(shown, page.margin, this.#y, { width: inner });
      this.#y += height + 2;
    }
  }

  /** A name and its value beside each other. */
  fact(name: string, value: string): void {
    const shown = this.#printable(value);
    const height = this.#document.font('text').fontSize(9).heightOfString(shown, { width: inner - 130 });
    this.room(height);
    this.#put(name, page.margin, 'text', 9, grey);
    this.#document.font('text').fontSize(9).fillColor('black').text(shown, page.margin + 130, this.#y, { width: inner - 130 });
    this.#y += height + 3;
  }

  /** Cells of one row, each of one or two lines that are cut and never broken. */
  row(cells: readonly { readonly x: number; readonly lines: readonly string[]; readonly font?: 'text' | 'mono' | 'bold'; readonly size?: number; readonly most: number }[], height: number): void {
    this.room(height);
    for (const { x, lines, font = 'text', size = 7.5, most } of cells) {
      lines.forEach((line, index) => this.#put(shortened(this.#printable(line), most), page.margin + x, font, size, 'black', index * 10));
    }
    this.#y += height;
  }

  rule(): void {
    this.#document.moveTo(page.margin, this.#y - 3).lineTo(page.margin + inner, this.#y - 3).lineWidth(0.4).strokeColor('#999999').stroke();
  }

  /** Room of this height at the pen, for what draws by itself; the pen goes on below it. @returns where it begins */
  take(height: number): number {
    this.room(height);
    const top = this.#y;
    this.#y += height;
    return top;
  }

  fits(height: number): boolean {
    return this.#y + height <= page.bottom;
  }

  room(height: number): void {
    if (this.fits(height)) return;
    this.newPage();
  }

  newPage(): void {
    this.#document.addPage();
    this.#y = page.margin;
  }

  /** The foot of each page, when their number is known. */
  number(title: string): void {
    const { start, count } = this.#document.bufferedPageRange();
    for (let index = start; index < start + count; index += 1) {
      this.#document.switchToPage(index);
      this.#document.font('text').fontSize(7.5).fillColor(grey);
      this.#document.text(this.#printable(title), page.margin, 810, { lineBreak: false });
      this.#document.text(`Page ${index + 1} of ${count}`, page.margin, 810, { width: inner, align: 'right', lineBreak: false });
    }
  }

  #put(text: string, x: number, font: string, size: number, color = 'black', down = 0): void {
    this.#document.font(font).fontSize(size).fillColor(color).text(this.#printable(text), x, this.#y + down, { lineBreak: false });
  }
}
