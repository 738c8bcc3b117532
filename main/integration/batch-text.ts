import { findNodeAtLocation, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { batchFileSchema, offeredBatch, resultRequestSchema } from '../contract/batch-file';
import { readCsv } from '../domain/csv';
import { asImprintError } from '../domain/errors';
import type { BatchProblem, OfferedBatch } from '../domain/mes-orders';

/** A problem with the line of the text that it is on, from 1. */
export interface LocatedProblem extends BatchProblem {
  readonly line: number;
}

export type ReadBatch =
  | { readonly kind: 'batch'; readonly batch: OfferedBatch; /** Of a field such as `identities.3.mac`. */ readonly lineOf: (field: string) => number }
  | { readonly kind: 'results'; readonly batch: string }
  | { readonly kind: 'wrong'; readonly problems: readonly LocatedProblem[] };

/** What a file or a request says, with the line of whatever is wrong. */
export function readBatchText(text: string, form: 'json' | 'csv'): ReadBatch {
  return form === 'json' ? readJson(text) : readCsvBatch(text);
}

type Path = readonly (string | number)[];

function readJson(text: string): ReadBatch {
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const errors: ParseError[] = [];
  let tree: Node | undefined;
  let value: unknown;
  try {
    // The places come from one reader and the values from JSON's own, so what counts is what every other program reads too.
    tree = parseTree(content, errors, { disallowComments: true });
    if (errors.length === 0) value = JSON.parse(content);
  } catch {
    return wrong({ line: 1, field: '', sentence: 'This is no JSON that can be read.' });
  }
  const [error] = errors;
  if (error !== undefined) return wrong({ line: lineAt(content, error.offset), field: '', sentence: `This is no JSON (${printParseErrorCode(error.error)}).` });
  const double = tree === undefined ? undefined : memberGivenTwice(tree);
  if (double !== undefined) return wrong({ line: lineAt(content, double.offset), field: double.name, sentence: 'This member stands there twice.' });
  const request = resultRequestSchema.safeParse(value);
  if (request.success) return { kind: 'results', batch: request.data.results };
  const lineOf = (path: Path): number => lineOfPath(content, tree, path);
  const parsed = batchFileSchema.safeParse(value);
  if (!parsed.success) return { kind: 'wrong', problems: parsed.error.issues.slice(0, 100).map(({ path, message }) => located(path.map((part) => (typeof part === 'symbol' ? '' : part)), message, lineOf)) };
  return { kind: 'batch', batch: offeredBatch(parsed.data), lineOf: (field) => lineOf(pathOf(field)) };
}

function located(path: Path, message: string, lineOf: (path: Path) => number): LocatedProblem {
  return { line: lineOf(path), field: path.join('.'), sentence: `${message.charAt(0).toUpperCase()}${message.slice(1)}.` };
}

/** The line of the nearest thing that is there: a member that lacks is told at what lacks it. */
function lineOfPath(text: string, tree: Node | undefined, path: Path): number {
  for (let length = path.length; tree !== undefined && length >= 0; length -= 1) {
    const node = findNodeAtLocation(tree, [...path.slice(0, length)]);
    if (node !== undefined) return lineAt(text, node.parent?.type === 'property' ? node.parent.offset : node.offset);
  }
  return 1;
}

function pathOf(field: string): Path {
  const [first = '', second, ...rest] = field.split('.');
  // An attribute's own name may have dots.
  return second === undefined ? [first] : [first, Number(second), ...(rest.length === 0 ? [] : [rest.join('.')])];
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** JSON takes the last of two silently; an MES that writes one twice meant something else. */
function memberGivenTwice(node: Node): { readonly name: string; readonly offset: number } | undefined {
  const names = new Set<string>();
  for (const child of node.children ?? []) {
    if (child.type === 'property') {
      const [key, value] = child.children ?? [];
      const name = String(key?.value);
      if (names.has(name)) return { name, offset: child.offset };
      names.add(name);
      const inside = value === undefined ? undefined : memberGivenTwice(value);
      if (inside !== undefined) return inside;
    } else {
      const inside = memberGivenTwice(child);
      if (inside !== undefined) return inside;
    }
  }
  return undefined;
}

const ofBatch = ['name', 'profile', 'quantity', 'customer', 'workOrder', 'pallet'] as const;
type BatchColumn = (typeof ofBatch)[number];

/**
 * A row for each device. Columns of the batch say the same in every row, or stand in the first only; every other column is an
 * attribute of the identity. `quantity` must be there: without it a file that was cut off between two rows would look whole.
 */
function readCsvBatch(text: string): ReadBatch {
  let rows: ReturnType<typeof readCsv>;
  try {
    rows = readCsv(text).filter(({ values }) => values.some((value) => value.trim() !== ''));
  } catch (thrown) {
    const error = asImprintError(thrown);
    return wrong({ line: Number(/\d+/.exec(error.field ?? '')?.[0] ?? 1), field: '', sentence: error.message.replace(/^Nothing was imported: /, '') });
  }
  const [header, ...lines] = rows;
  const [first] = lines;
  if (header === undefined || first === undefined) return wrong({ line: 1, field: '', sentence: 'The file needs a line of column names, and a row for each device.' });
  const names = header.values.map((value) => value.trim());
  const problems: LocatedProblem[] = [];
  names.forEach((name, index) => {
    if (name === '') problems.push({ line: header.line, field: `column ${String(index + 1)}`, sentence: 'This column has no name.' });
    else if (names.indexOf(name) !== index) problems.push({ line: header.line, field: name, sentence: 'This column stands there twice.' });
  });
  const cell = (row: (typeof lines)[number], name: string): string => row.values[names.indexOf(name)]?.trim() ?? '';
  for (const name of ['name', 'profile', 'quantity']) {
    if (!names.includes(name)) problems.push({ line: header.line, field: name, sentence: 'The file needs this column.' });
  }
  for (const row of lines) {
    if (row.values.length !== names.length) problems.push({ line: row.line, field: '', sentence: `This row has ${String(row.values.length)} cells, and there are ${String(names.length)} columns.` });
    for (const name of ofBatch) {
      const value = cell(row, name);
      if (row !== first && value !== '' && value !== cell(first, name)) problems.push({ line: row.line, field: name, sentence: 'One file is one batch: this cell says another thing than that of the first row.' });
    }
  }
  if (problems.length > 0) return { kind: 'wrong', problems: problems.slice(0, 100) };
  const attributes = names.filter((name) => !isBatchColumn(name));
  const quantity = cell(first, 'quantity');
  const value = {
    v: 1,
    ...Object.fromEntries(ofBatch.map((name) => [name, cell(first, name)] as const).filter(([, text]) => text !== '')),
    ...(quantity === '' ? {} : { quantity: /^\d{1,9}$/.test(quantity) ? Number(quantity) : quantity }),
    identities: attributes.length === 0 ? [] : lines.map((row) => Object.fromEntries(attributes.map((name) => [name, cell(row, name)]))),
  };
  if (quantity === '') return wrong({ line: first.line, field: 'quantity', sentence: 'The first row needs the number of devices.' });
  const lineOf = (field: string): number => (field.startsWith('identities.') ? lines[Number(field.split('.')[1])]?.line : undefined) ?? first.line;
  const parsed = batchFileSchema.safeParse(value);
  if (!parsed.success) return { kind: 'wrong', problems: parsed.error.issues.slice(0, 100).map(({ path, message }) => located(path.map((part) => (typeof part === 'symbol' ? '' : part)), message, (at) => lineOf(at.join('.')))) };
  return { kind: 'batch', batch: offeredBatch(parsed.data), lineOf };
}

function isBatchColumn(name: string): name is BatchColumn {
  return (ofBatch as readonly string[]).includes(name);
}

function wrong(problem: LocatedProblem): ReadBatch {
  return { kind: 'wrong', problems: [problem] };
}
