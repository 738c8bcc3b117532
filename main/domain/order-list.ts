import { readCsv, type CsvRow } from './csv';
import { ImprintError } from './errors';
import { canonicalIdentity, describeIdentity, readIdentity, type Identity, type IdentityAttribute } from './identity';

/** How a list is to be read, where a person says so. What is not said is guessed. */
export interface ListReading {
  /** Whether the first line names the columns. */
  readonly header?: boolean | undefined;
  /** Attribute name → column from 0. */
  readonly columns?: Readonly<Record<string, number>> | undefined;
}

export interface ListRow {
  /** In the file, from 1. */
  readonly line: number;
  readonly identity: Identity;
}

/** Why a row cannot be planned. */
export const listProblems = ['cells', 'invalid', 'duplicate', 'recorded', 'planned'] as const;

export interface ListProblem {
  readonly line: number;
  /** As the header names it, else `column 2`; absent where the row as a whole is wrong. */
  readonly column?: string | undefined;
  readonly why: (typeof listProblems)[number];
  readonly sentence: string;
  readonly expected: string;
}

/** A list as it was read: whatever is wrong with it has its line. */
export interface OrderList {
  readonly header: boolean;
  /** How each column is called. */
  readonly columnNames: readonly string[];
  /** Attribute name → column from 0; an attribute that nobody found a column for is not in it. */
  readonly columns: Readonly<Record<string, number>>;
  readonly rows: readonly ListRow[];
  readonly problems: readonly ListProblem[];
}

/** Names by which lists call what a profile calls otherwise, without blanks and signs. */
const alsoCalled: Readonly<Record<string, readonly string[]>> = {
  mac: ['macaddress', 'macaddr', 'ethernetmac', 'ethernetaddress', 'wlanmac', 'wifimac', 'hwaddr', 'hardwareaddress', 'eui48'],
  serial: ['serialnumber', 'serialno', 'sn', 'seriennummer'],
  serialnumber: ['serial', 'serialno', 'sn', 'seriennummer'],
  imei: ['imeinumber'],
};

/**
 * Reads identities from CSV, or from a column that was pasted. Rows without any text are left out.
 *
 * @throws ImprintError import-invalid where the text is no CSV, has no row, or where a column that was chosen is not there
 */
export function readOrderList(text: string, scheme: readonly IdentityAttribute[], reading: ListReading = {}): OrderList {
  const asked = scheme.filter((attribute) => attribute.constant === undefined);
  const lines = readCsv(text).filter(({ values }) => values.some((value) => value.trim() !== ''));
  const [first] = lines;
  if (first === undefined) throw new ImprintError('import-invalid', 'The list is empty.', { field: 'list', expected: 'one identity a line' });
  const named = columnsByName(first, asked);
  const header = reading.header ?? (Object.keys(named).length > 0 || isTitle(lines, asked));
  const data = header ? lines.slice(1) : lines;
  const columnNames = first.values.map((value, index) => (header && value.trim() !== '' ? value.trim() : `column ${String(index + 1)}`));
  const columns = reading.columns ?? columnsByContent(header ? named : {}, data, asked, columnNames.length);
  for (const [name, column] of Object.entries(columns)) {
    if (asked.some((attribute) => attribute.name === name) && Number.isInteger(column) && column >= 0 && column < columnNames.length) continue;
    throw new ImprintError('import-invalid', `There is no column ${String(column + 1)} for ${name} in this list.`, { field: `columns.${name}`, expected: `one of ${columnNames.join(', ')}` });
  }
  if (asked.some(({ name }) => columns[name] === undefined)) return { header, columnNames, columns, rows: [], problems: [] };
  return { header, columnNames, columns, ...readRows(data, scheme, columns, columnNames) };
}

function readRows(data: readonly CsvRow[], scheme: readonly IdentityAttribute[], columns: Readonly<Record<string, number>>, columnNames: readonly string[]): Pick<OrderList, 'rows' | 'problems'> {
  const rows: ListRow[] = [];
  const problems: ListProblem[] = [];
  const lineOf = new Map<string, number>();
  const used = Object.entries(columns);
  const mostCells = Math.max(...used.map(([, column]) => column)) + 1;
  for (const { line, values } of data) {
    // More cells than the header has are a separator inside of a value; fewer are fine where none of them is used.
    if (values.length < mostCells || values.length > columnNames.length) {
      const cells = `${String(values.length)} ${values.length === 1 ? 'cell' : 'cells'}`;
      problems.push({ line, why: 'cells', sentence: `It has ${cells}.`, expected: `${String(columnNames.length)} cells, as the first line` });
      continue;
    }
    try {
      const identity = readIdentity(scheme, Object.fromEntries(used.map(([name, column]) => [name, values[column] ?? ''])));
      const canonical = canonicalIdentity(identity);
      const before = lineOf.get(canonical);
      if (before === undefined) {
        lineOf.set(canonical, line);
        rows.push({ line, identity });
      } else {
        problems.push({ line, why: 'duplicate', sentence: `${describeIdentity(identity)} stands in line ${String(before)} already.`, expected: 'every identity once' });
      }
    } catch (thrown) {
      if (!(thrown instanceof ImprintError)) throw thrown;
      const column = columns[thrown.field?.replace(/^identity\./, '') ?? ''];
      problems.push({ line, column: column === undefined ? undefined : columnNames[column], why: 'invalid', sentence: thrown.message, expected: thrown.expected ?? 'a value of this profile' });
    }
  }
  return { rows, problems };
}

const folded = (text: string): string => text.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

function columnsByName(first: CsvRow, asked: readonly IdentityAttribute[]): Readonly<Record<string, number>> {
  const names = first.values.map(folded);
  const found = asked.map(({ name }): readonly [string, number] => {
    const own = names.indexOf(folded(name));
    // Identities of another station's export stand in columns of this name.
    const exported = names.indexOf(folded(`identity.${name}`));
    const other = names.findIndex((each) => alsoCalled[folded(name)]?.includes(each) === true);
    return [name, own >= 0 ? own : exported >= 0 ? exported : other];
  });
  return Object.fromEntries(found.filter(([, column]) => column >= 0));
}

/** Columns that nobody named, by what stands in them: the first one of whose values one is of this attribute. */
function columnsByContent(named: Readonly<Record<string, number>>, data: readonly CsvRow[], asked: readonly IdentityAttribute[], count: number): Readonly<Record<string, number>> {
  const columns: Record<string, number> = { ...named };
  const samples = data.slice(0, 20);
  // What fits few texts chooses first: a MAC before a serial number that may be any text.
  const open = asked.filter(({ name }) => columns[name] === undefined).sort((one, other) => strictness(other) - strictness(one));
  for (const attribute of open) {
    const free = Array.from({ length: count }, (_, column) => column).filter((column) => !Object.values(columns).includes(column));
    const column = free.find((each) => samples.some(({ values }) => isValue(attribute, values[each])));
    if (column !== undefined) columns[attribute.name] = column;
  }
  return columns;
}

function strictness({ normalise, pattern }: IdentityAttribute): number {
  return normalise.includes('mac') ? 2 : pattern === undefined ? 0 : 1;
}

/** A first line that has no value of any attribute, where the next one has: it says what the columns are, in words that are not known. */
function isTitle([first, second]: readonly CsvRow[], asked: readonly IdentityAttribute[]): boolean {
  const strict = asked.filter((attribute) => strictness(attribute) > 0);
  if (first === undefined || second === undefined || strict.length === 0) return false;
  const has = (row: CsvRow): boolean => row.values.some((value) => strict.some((attribute) => isValue(attribute, value)));
  return !has(first) && has(second);
}

function isValue(attribute: IdentityAttribute, value: string | undefined): boolean {
  if (value === undefined || value.trim() === '') return false;
  try {
    readIdentity([attribute], { [attribute.name]: value });
    return true;
  } catch {
    return false;
  }
}
