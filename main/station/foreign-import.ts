import type { ForeignDevice } from '../domain/acceptance';
import { readCsv } from '../domain/csv';
import { ImprintError } from '../domain/errors';
import { canonicalIdentity, describeIdentity, type Identity } from '../domain/identity';
import { assertMay } from '../domain/roles';
import { now, type ForeignKey, type Station } from './station';

const keyColumn = 'public_key';
const identityColumn = 'identity';
const attributePrefix = 'identity.';

const expectedHeader = 'a header line with public_key, and identity (JSON) or a column identity.NAME for each attribute';

/** In the export of another station: devices that its server does not expect. */
const unexpectedStates: ReadonlySet<string> = new Set(['reserved', 'released', 'decommissioned']);

/**
 * Devices that another tool preauthorized, from CSV with a header line: `public_key` (PEM, or base64 of the SPKI), and
 * `identity` as a JSON object of texts or one column `identity.NAME` for each attribute. So the export of another station
 * (`list --csv`) is such a file; its devices that are not at the server are left out. Other columns carry no meaning.
 *
 * @param readPublicKey of the Station
 * @throws ImprintError import-invalid naming the line and column
 */
export function parseForeignDevices(text: string, source: string, by: string, at: string, readPublicKey: (text: string) => ForeignKey | undefined): readonly ForeignDevice[] {
  const [header, ...rows] = readCsv(text);
  if (header === undefined) throw invalid(1, undefined, 'the file is empty', expectedHeader);
  const names = header.values.map((name) => name.trim());
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(header.line, twice, 'this column is there twice', 'every column once');
  const attributes = names.filter((name) => name.startsWith(attributePrefix) && name.length > attributePrefix.length);
  if (!names.includes(keyColumn)) throw invalid(header.line, keyColumn, 'there is no such column', expectedHeader);
  if (names.includes(identityColumn) === attributes.length > 0) throw invalid(header.line, identityColumn, 'the identity needs one column of JSON or one for each attribute, not both', expectedHeader);
  const devices = new Map<string, { readonly line: number; readonly device: ForeignDevice }>();
  const linesOfKeys = new Map<string, number>();
  for (const { line, values } of rows) {
    if (values.length === 1 && values[0]?.trim() === '') continue;
    if (values.length !== names.length) throw invalid(line, undefined, `it has ${String(values.length)} cells`, `${String(names.length)}, as the header`);
    const cell = (name: string): string => values[names.indexOf(name)] ?? '';
    if (unexpectedStates.has(cell('state'))) continue;
    const identity = attributes.length > 0 ? attributesOf(line, attributes, cell) : jsonIdentity(line, cell(identityColumn));
    const key = readPublicKey(cell(keyColumn));
    if (key === undefined) throw invalid(line, keyColumn, 'this is no public key', 'PEM "PUBLIC KEY", or the base64 of its SPKI');
    const canonical = canonicalIdentity(identity);
    const before = devices.get(canonical);
    if (before !== undefined && before.device.fingerprint !== key.fingerprint) {
      throw invalid(line, identityColumn, `${describeIdentity(identity)} stands in line ${String(before.line)} with another key`, 'every identity once');
    }
    const lineOfKey = linesOfKeys.get(key.fingerprint);
    if (before === undefined && lineOfKey !== undefined) throw invalid(line, keyColumn, `the same key stands in line ${String(lineOfKey)} for another device`, 'a key of its own for every device');
    linesOfKeys.set(key.fingerprint, lineOfKey ?? line);
    if (before === undefined) devices.set(canonical, { line, device: { identity, ...key, source, importedBy: by, importedAt: at } });
  }
  return [...devices.values()].map(({ device }) => device);
}

/** All of the file's devices or none. @throws ImprintError not-allowed, import-invalid, identity-recorded, public-key-recorded */
export async function importForeignDevices(station: Station, text: string, source: string): Promise<{ readonly added: number; readonly known: number }> {
  assertMay(station.role, 'import');
  const devices = parseForeignDevices(text, source, station.operator, now(station), station.readPublicKey);
  return devices.length === 0 ? { added: 0, known: 0 } : station.record.importForeign(devices);
}

function attributesOf(line: number, columns: readonly string[], cell: (name: string) => string): Identity {
  return Object.fromEntries(columns.map((column) => [column.slice(attributePrefix.length), checked(line, column, cell(column))]));
}

function jsonIdentity(line: number, text: string): Identity {
  const expected = '{"mac":"02:00:00:00:00:01"}';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(line, identityColumn, 'this is not JSON', expected);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(line, identityColumn, 'this is no JSON object', expected);
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
    if (typeof member !== 'string') throw invalid(line, identityColumn, `${name} is no text; to the server a number is another identity than its text`, expected);
    return [name, checked(line, identityColumn, member)] as const;
  });
  if (members.length === 0) throw invalid(line, identityColumn, 'it has no attribute', expected);
  return Object.fromEntries(members);
}

function checked(line: number, column: string, value: string): string {
  if (value.trim() === '') throw invalid(line, column, 'it is empty', 'a value');
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(value)) throw invalid(line, column, 'it holds a control character', 'printable text');
  return value;
}

function invalid(line: number, column: string | undefined, problem: string, expected: string): ImprintError {
  const place = `line ${String(line)}${column === undefined ? '' : `, column ${column}`}`;
  return new ImprintError('import-invalid', `Nothing was imported: in ${place} of the file, ${problem}.`, { field: place, expected });
}
