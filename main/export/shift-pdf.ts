import { barsDrawing } from '../charts/bars';
import { columnsDrawing } from '../charts/columns';
import { linesDrawing } from '../charts/lines';
import { percent } from '../domain/shift-report';
import type { Named, ReportCheckpoint, ShiftReport, Yield } from '../domain/shift-report';
import { dayName } from '../domain/shifts';
import { drawCode, drawIn } from './pdf-drawing';
import { grey, inner, newDocument, page } from './pdf-pages';
import type { Pages } from './pdf-pages';
import { grouped, shortened } from './printed-text';

export interface PrintedShift {
  readonly report: ShiftReport;
  readonly madeAt: string;
  readonly madeBy: string;
  /** Nothing real was made. */
  readonly practice: boolean;
  /** How the record calls this paper, where it is an anchor. */
  readonly anchor?: string | undefined;
}

const plotText = 7;
const most = { causes: 8, slots: 12, names: 6, hashes: 4 } as const;
const codeSide = 130;

/** The report of a shift for people: A4, plots as vectors, and the head of the log as text and as a QR code. */
export async function shiftPdf(printed: PrintedShift): Promise<Uint8Array> {
  const { report, madeAt } = printed;
  const title = `Shift report ${localTime(report.query.from)} to ${localTime(report.query.until)}`;
  const { document, pages } = newDocument(title, madeAt);
  writeHead(pages, printed);
  writeNumbers(pages, document, report);
  writePlots(pages, document, report);
  writeTables(pages, report);
  writeUsed(pages, report);
  writeEvidence(pages, document, printed);
  pages.number(`${title}, made ${localTime(madeAt)}`);
  document.end();
  const pieces: Uint8Array[] = [];
  for await (const piece of document) pieces.push(piece as Uint8Array);
  return Buffer.concat(pieces);
}

function writeHead(pages: Pages, { report: { query }, madeAt, madeBy, practice }: PrintedShift): void {
  pages.heading(practice ? 'Shift report — PRACTICE' : 'Shift report', 18);
  pages.fact('From', `${localTime(query.from)}  (${query.from})`);
  pages.fact('Until', `${localTime(query.until)}  (${query.until})`);
  if (query.batch !== undefined) pages.fact('Only batch', query.batch);
  if (query.operator !== undefined) pages.fact('Only made by', query.operator);
  pages.fact('Printed', `${localTime(madeAt)} by ${madeBy}`);
}

function writeNumbers(pages: Pages, document: PDFKit.PDFDocument, { counts, firstPass, finalYield, perHour }: ShiftReport): void {
  const numbers: readonly (readonly [string, string])[] = [
    ['Done', String(counts.done)],
    ['Accepted', String(counts.accepted)],
    ['Failed', String(counts.failed)],
    ['First pass', share(firstPass)],
    ['Final yield', share(finalYield)],
    ['Cards an hour', perHour.toFixed(1)],
  ];
  const top = pages.take(52) + 8;
  const width = inner / numbers.length;
  numbers.forEach(([name, value], index) => {
    const x = page.margin + index * width;
    document.font('bold').fontSize(19).fillColor('black').text(value, x, top, { lineBreak: false });
    document.font('text').fontSize(8).fillColor(grey).text(name, x, top + 24, { lineBreak: false });
  });
  pages.paragraph(
    `${counts.started} started, ${counts.cancelled} cancelled, ${counts.waiting} wait for the server, ${counts.running} at work. First pass: ${firstPass.good} of ${firstPass.of} boards at their first try. Final: ${finalYield.good} of ${finalYield.of} boards have a card.`,
    { color: grey },
  );
}

function writePlots(pages: Pages, document: PDFKit.PDFDocument, report: ShiftReport): void {
  const put = (title: string, height: number, make: () => void): void => {
    pages.room(height + 34);
    pages.heading(title, 12);
    make();
  };
  const columns = columnsDrawing(report.parts.map(({ from, done, failed }) => ({ label: partLabel(report, from), done, failed })), { width: inner, height: 105, text: plotText });
  put(report.interval === 'day' ? 'Cards a day (hatched: failed)' : 'Cards an hour (hatched: failed)', 105, () => {
    drawIn(document, columns, { x: page.margin, y: pages.take(columns.height) }, plotText);
  });
  if (report.causes.length > 0) {
    const bars = barsDrawing(report.causes.slice(0, most.causes).map(({ word, jobs }) => ({ label: word, value: jobs })), { width: inner, text: plotText });
    put('Failures by cause', bars.height, () => {
      drawIn(document, bars, { x: page.margin, y: pages.take(bars.height) }, plotText);
      rest(pages, report.causes.length, most.causes, 'causes');
    });
  }
  if (report.speeds.length === 0) return;
  const lines = linesDrawing(
    report.speeds.slice(0, most.slots).map(({ slot, points }) => ({ name: shortened(slot, 20), points: points.map(({ at, write }) => ({ at: Date.parse(at), value: write / 1e6 })) })),
    {
      width: inner,
      height: 150,
      text: plotText,
      from: Date.parse(report.query.from),
      until: Date.parse(report.query.until),
      labels: report.parts.map(({ from }) => ({ at: Date.parse(from), label: partLabel(report, from) })),
      say: (value) => `${value.toString()} MB/s`,
    },
  );
  put('Write speed of the slots', 150, () => {
    drawIn(document, lines, { x: page.margin, y: pages.take(lines.height) }, plotText);
    rest(pages, report.speeds.length, most.slots, 'slots');
  });
}

function writeTables(pages: Pages, { slots, speeds, operators, batches }: ShiftReport): void {
  const speedOf = (name: string): string => {
    const write = speeds.find(({ slot }) => slot === name)?.write;
    return write === undefined ? '' : `${(write / 1e6).toFixed(1)} MB/s`;
  };
  table(pages, 'Slots', slots, most.slots, speedOf);
  table(pages, 'Operators', operators, most.names);
  table(pages, 'Batches', batches, most.names);
}

function table(pages: Pages, title: string, rows: readonly Named[], limit: number, extra?: (name: string) => string): void {
  if (rows.length === 0) return;
  pages.room(70);
  pages.heading(title, 12);
  const cells = (name: string, numbers: readonly string[], font: 'text' | 'bold'): Parameters<Pages['row']>[0] => [
    { x: 0, lines: [name], font, size: 8, most: 40 },
    ...numbers.map((value, index) => ({ x: 230 + index * 62, lines: [value], font, size: 8, most: 14 })),
  ];
  pages.row(cells('', ['Done', 'Accepted', 'Failed', 'Cancelled', ...(extra === undefined ? [] : ['Write'])], 'bold'), 13);
  for (const { name, done, accepted, failed, cancelled } of rows.slice(0, limit)) {
    const numbers = [done, accepted, failed, cancelled].map(String);
    pages.row(cells(name === '' ? '(no batch)' : name, [...numbers, ...(extra === undefined ? [] : [extra(name)])], 'text'), 12);
  }
  rest(pages, rows.length, limit, title.toLowerCase());
}

function writeUsed(pages: Pages, { images, profiles }: ShiftReport): void {
  if (images.length === 0) return;
  pages.room(70);
  pages.heading('Images and profiles used', 12);
  for (const { sha256, jobs } of images.slice(0, most.hashes)) pages.fact(`Image (${jobs} cards)`, grouped(sha256));
  for (const { name, sha256, jobs } of profiles.slice(0, most.hashes)) pages.fact(`Profile (${jobs} cards)`, `${shortened(name, 60)}: ${grouped(sha256)}`);
  rest(pages, Math.max(images.length, profiles.length), most.hashes, 'images or profiles');
}

function writeEvidence(pages: Pages, document: PDFKit.PDFDocument, { report: { log }, anchor }: PrintedShift): void {
  pages.room(codeSide + 150);
  pages.heading('Log of the record', 12);
  if (log.first !== undefined) pages.fact('When it began', head(log.first));
  if (log.last === undefined) {
    pages.paragraph('The log has no signed head of this time yet: this paper proves nothing of the record.');
    return;
  }
  pages.fact('At its end', head(log.last));
  if (log.key !== undefined) pages.fact('Key', log.key);
  pages.paragraph(
    anchor === undefined
      ? 'The signed head of the log, as text and as a QR code. Whoever keeps this paper finds every later change of what was before it.'
      : `Kept in the record as the anchor "${anchor}". Keep this paper where nobody at this station can change it: with it every later change of what was before it is found.`,
    { color: grey },
  );
  // The code has the very bytes; the text is for where there is no scanner.
  for (const line of log.last.note.trimEnd().split('\n')) pages.paragraph(line, { font: 'mono', size: 6.6 });
  drawCode(document, log.last.note, { x: page.margin, y: pages.take(codeSide + 4) }, codeSide);
  pages.paragraph('Scan it into a file, and compare an export of the record with it: imprint verify-export EXPORT --anchor FILE', { color: grey });
}

function head({ size, root, keptAt }: ReportCheckpoint): string {
  return `${size} entries, root ${root}, ${localTime(keptAt)}`;
}

function rest(pages: Pages, all: number, shown: number, what: string): void {
  if (all > shown) pages.paragraph(`and ${all - shown} more ${what}: "imprint report --json" has all of them.`, { color: grey });
}

function share(value: Yield): string {
  const found = percent(value);
  return found === undefined ? '–' : `${found.toFixed(1)} %`;
}

/** By the clock on the wall, with its distance from UTC: paper is read far from the station. */
function localTime(iso: string): string {
  const moment = new Date(iso);
  const offset = -moment.getTimezoneOffset();
  const two = (value: number): string => String(value).padStart(2, '0');
  const zone = `${offset < 0 ? '−' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
  return `${dayName(moment)} ${two(moment.getHours())}:${two(moment.getMinutes())} (UTC${zone})`;
}

function partLabel({ interval }: ShiftReport, from: string): string {
  const moment = new Date(from);
  return interval === 'day' ? dayName(moment).slice(5) : `${String(moment.getHours()).padStart(2, '0')}:${String(moment.getMinutes()).padStart(2, '0')}`;
}
