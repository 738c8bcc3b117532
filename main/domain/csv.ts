import { ImprintError } from './errors';

export interface CsvRow {
  /** Where the row begins in the file, from 1. */
  readonly line: number;
  readonly values: readonly string[];
}

/**
 * Reads CSV as RFC 4180 has it, with line ends of any kind. Tabs separate where the first line has one outside of quotes, as in
 * what is pasted from a spreadsheet; semicolons where it has no comma, as spreadsheets of some countries write it.
 *
 * @throws ImprintError import-invalid where a quote is not closed or stands in the middle of a cell
 */
export function readCsv(text: string): readonly CsvRow[] {
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const firstLine = (/^[^\r\n]*/.exec(content)?.[0] ?? '').replace(/"(?:[^"]|"")*"/g, '');
  const separator = firstLine.includes('\t') ? '\t' : !firstLine.includes(',') && firstLine.includes(';') ? ';' : ',';
  const rows: CsvRow[] = [];
  let at = 0;
  let line = 1;
  while (at < content.length) {
    const begins = line;
    const values: string[] = [];
    for (;;) {
      values.push(content[at] === '"' ? quoted() : plain());
      if (content[at] !== separator) break;
      at += 1;
    }
    rows.push({ line: begins, values });
    if (content[at] === '\r') at += 1;
    if (content[at] === '\n') at += 1;
    line += 1;
  }
  return rows;

  function plain(): string {
    const start = at;
    while (at < content.length && content[at] !== separator && content[at] !== '\r' && content[at] !== '\n') at += 1;
    const value = content.slice(start, at);
    if (value.includes('"')) throw malformed(line, 'a quotation mark stands in the middle of a cell');
    return value;
  }

  function quoted(): string {
    const begins = line;
    const parts: string[] = [];
    at += 1;
    for (;;) {
      const end = content.indexOf('"', at);
      if (end < 0) throw malformed(begins, 'a quotation mark is not closed');
      const part = content.slice(at, end);
      parts.push(part);
      line += part.split('\n').length - 1;
      at = end + 1;
      if (content[at] !== '"') break;
      parts.push('"');
      at += 1;
    }
    const next = content[at];
    if (next !== undefined && next !== separator && next !== '\r' && next !== '\n') throw malformed(line, 'something stands behind a closing quotation mark');
    return parts.join('');
  }
}

function malformed(line: number, problem: string): ImprintError {
  return new ImprintError('import-invalid', `Nothing was imported: in line ${String(line)} of the file, ${problem}.`, { field: `line ${String(line)}`, expected: 'CSV as in RFC 4180' });
}
