/** A label laid out in dots: one model for the printer, the PDF and the preview, so that none of them can differ. */
import { ImprintError } from './errors';
import { describeIdentity, type Identity, type IdentityAttribute } from './identity';
import type { LabelCodeKind, LabelElement, LabelPrint, LabelPrinter, LabelSettings } from './labels';

/** What is known of the device on a label. */
export interface LabelFacts {
  readonly identity: Identity;
  /** 64 hexadecimal digits. */
  readonly fingerprint: string;
  readonly batch?: string | undefined;
  readonly profileName: string;
  /** `2026-11-25` */
  readonly date: string;
}

/** Dots of a code, row by row, as `0` and `1`; a bar code has one row. */
export type CodeRows = readonly string[];

/** @throws ImprintError label-invalid where this code cannot hold that content */
export type CodeMaker = (kind: LabelCodeKind, content: string) => CodeRows;

export interface LaidOutText {
  readonly kind: 'text';
  readonly x: number;
  readonly y: number;
  readonly height: number;
  readonly content: string;
}

export interface LaidOutCode {
  readonly kind: LabelCodeKind;
  readonly x: number;
  readonly y: number;
  readonly content: string;
  /** Dots of one module. */
  readonly module: number;
  /** Dots of one row. */
  readonly rowHeight: number;
  readonly rows: CodeRows;
}

/** All numbers are dots. */
export interface LaidOutLabel {
  readonly width: number;
  readonly height: number;
  readonly dpmm: number;
  readonly copies: number;
  readonly elements: readonly (LaidOutText | LaidOutCode)[];
  /** What a person should look at before it is used; one sentence each. */
  readonly problems: readonly string[];
}

/** Draws codes and reaches the printers. */
export interface LabelPress {
  readonly codes: CodeMaker;
  /**
   * Returns when the printer has all of it.
   *
   * @param name tells this label from all others
   * @throws ImprintError printer-unreachable, cancelled: the printer certainly has nothing; anything else: that is not known
   */
  print(printer: LabelPrinter, label: LaidOutLabel, name: string, signal: AbortSignal): Promise<void>;
}

/** Where every ZPL printer ends: larger modules exist on some only (^BQ, ^BY). */
const largestModule = 10;

/** Of a proportional font, with room to spare: what is longer than this may be cut off. */
const usualLetterWidth = 0.6;

const placeholder = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g;

/** The names that a template may use besides `identity.NAME`. */
const plainNames = ['identity', 'fingerprint', 'fingerprint.short', 'batch', 'profile', 'date'] as const;

/** As people read it to each other, and as the window shows it in lists: four groups of four. */
export function shortFingerprint(fingerprint: string): string {
  return (fingerprint.slice(0, 16).match(/.{1,4}/g) ?? []).join(' ');
}

/** What is wrong with the placeholders of a content, or undefined. Without a scheme any identity attribute may be named. */
export function contentObjection(content: string, scheme: readonly IdentityAttribute[]): string | undefined {
  const known = [...plainNames, ...scheme.map(({ name }) => `identity.${name}`)];
  for (const [match, name] of content.matchAll(placeholder)) {
    if (match === '{{' || match === '}}') continue;
    if (name === undefined) return `a single "${match}" is no placeholder; expected {NAME}, or "${match}${match}" for the character itself`;
    if (!known.includes(name)) return `there is no placeholder {${name}}; expected one of ${known.map((each) => `{${each}}`).join(', ')}`;
  }
  return undefined;
}

/** Content with its placeholders filled in. */
export function fillIn(content: string, facts: LabelFacts): string {
  return content.replace(placeholder, (match: string, name: string | undefined) => (name === undefined ? match.slice(0, 1) : valueOf(name, facts)));
}

function valueOf(name: string, { identity, fingerprint, batch, profileName, date }: LabelFacts): string {
  switch (name) {
    case 'identity':
      return describeIdentity(identity);
    case 'fingerprint':
      return fingerprint;
    case 'fingerprint.short':
      return shortFingerprint(fingerprint);
    case 'batch':
      return batch ?? '';
    case 'profile':
      return profileName;
    case 'date':
      return date;
    default: {
      const attribute = name.replace(/^identity\./, '');
      return Object.hasOwn(identity, attribute) ? (identity[attribute] ?? '') : '';
    }
  }
}

/** @throws ImprintError label-invalid naming the element that does not fit or cannot be drawn */
export function layOutLabel(settings: LabelSettings, facts: LabelFacts, codes: CodeMaker): LaidOutLabel {
  const { dpmm, size, copies } = settings;
  const dots = (millimetres: number): number => Math.round(millimetres * dpmm);
  const label = { width: dots(size.width), height: dots(size.height) };
  const problems: string[] = [];
  const elements = settings.template.map((element, index) => {
    const field = `label.template.${String(index)}`;
    const content = fillIn(element.content, facts);
    const place = { x: dots(element.x), y: dots(element.y), content };
    if (element.kind === 'text') {
      const height = dots(element.height);
      const width = Math.round(Array.from(content).length * height * usualLetterWidth);
      if (place.x + width > label.width || place.y + height > label.height) problems.push(`The text "${content}" may be longer than the label has room for (${field}).`);
      return { ...place, kind: element.kind, height };
    }
    const rows = made(codes, element.kind, content, field);
    const code = sizeCode(element, rows, dots, field);
    if (place.x + (rows[0]?.length ?? 0) * code.module > label.width || place.y + rows.length * code.rowHeight > label.height) {
      throw new ImprintError('label-invalid', `The ${codeNames[element.kind]} of the label goes beyond its edge.`, { field, expected: `a place inside ${String(size.width)} × ${String(size.height)} mm` });
    }
    return { ...place, kind: element.kind, rows, ...code };
  });
  return { ...label, dpmm, copies, elements, problems };
}

export const codeNames = { 'qr': 'QR code', 'data-matrix': 'data matrix', 'code-128': 'bar code' } as const satisfies Record<LabelCodeKind, string>;

function made(codes: CodeMaker, kind: LabelCodeKind, content: string, field: string): CodeRows {
  if (content === '') throw new ImprintError('label-invalid', `The ${codeNames[kind]} of the label would be empty.`, { field: `${field}.content`, expected: 'content that every device has' });
  try {
    return codes(kind, content);
  } catch (thrown) {
    if (thrown instanceof ImprintError) throw new ImprintError(thrown.code, thrown.message, { field: `${field}.content`, expected: thrown.expected });
    throw thrown;
  }
}

/** Whole dots for each module: a code that is stretched is one that scanners do not read. */
function sizeCode(element: Exclude<LabelElement, { kind: 'text' }>, rows: CodeRows, dots: (millimetres: number) => number, field: string): { readonly module: number; readonly rowHeight: number } {
  const modules = rows[0]?.length ?? 1;
  const [name, room] = element.kind === 'code-128' ? (['width', element.width] as const) : (['size', element.size] as const);
  const module = Math.min(Math.floor(dots(room) / modules), largestModule);
  if (module < 1) {
    const needed = Math.ceil((modules / dots(1)) * 10) / 10;
    throw new ImprintError('label-invalid', `The ${codeNames[element.kind]} of the label has no room for its content: ${String(modules)} modules need ${String(needed)} mm.`, { field: `${field}.${name}`, expected: `at least ${String(needed)}` });
  }
  return { module, rowHeight: element.kind === 'code-128' ? dots(element.height) : module };
}

/** What scanners read from this label. */
export function codesOf(settings: Pick<LabelSettings, 'template'>, facts: LabelFacts): readonly string[] {
  return settings.template.filter(({ kind }) => kind !== 'text').map(({ content }) => fillIn(content, facts));
}

/** What a scanned code says of its device, by the template that it was printed from. */
export interface LabelReading {
  readonly attributes: Readonly<Record<string, string>>;
  readonly fingerprint?: string | undefined;
}

/** Reads the code of a label of this profile; undefined where no code of the template can look like that. */
export function readLabelCode({ template }: Pick<LabelSettings, 'template'>, scanned: string): LabelReading | undefined {
  for (const { kind, content } of template) {
    if (kind === 'text') continue;
    const reading = readBy(content, scanned);
    if (reading !== undefined) return reading;
  }
  return undefined;
}

function readBy(content: string, scanned: string): LabelReading | undefined {
  const names: string[] = [];
  let pattern = '';
  let from = 0;
  for (const match of content.matchAll(placeholder)) {
    pattern += escaped(content.slice(from, match.index));
    from = match.index + match[0].length;
    const [text, name] = match;
    if (name === undefined) pattern += escaped(text.slice(0, 1));
    else {
      names.push(name);
      pattern += name === 'fingerprint' ? '([0-9a-f]{64})' : '(.*?)';
    }
  }
  const values = new RegExp(`^${pattern}${escaped(content.slice(from))}$`, 'su').exec(scanned);
  if (values === null) return undefined;
  const attributes: Record<string, string> = {};
  let fingerprint: string | undefined;
  names.forEach((name, index) => {
    const value = values[index + 1] ?? '';
    if (name === 'fingerprint') fingerprint = value;
    if (name.startsWith('identity.')) attributes[name.slice('identity.'.length)] = value;
  });
  return Object.keys(attributes).length === 0 && fingerprint === undefined ? undefined : { attributes, fingerprint };
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/** What stands on the label of a recorded device. */
export function factsOfPrint({ identity, fingerprint, batch, profileName, madeAt }: Pick<LabelPrint, 'identity' | 'fingerprint' | 'batch' | 'profileName' | 'madeAt'>): LabelFacts {
  return { identity, fingerprint, batch, profileName, date: localDay(new Date(madeAt)) };
}

/** The day as the calendar on the wall has it: `2026-11-25`. */
export function localDay(moment: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${String(moment.getFullYear())}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

/** Values that no device has, for a preview and a test print. */
export function sampleFacts(profileName: string, scheme: readonly IdentityAttribute[], date: string): LabelFacts {
  const identity = Object.fromEntries(scheme.map(({ name, constant, normalise }) => [name, constant ?? (normalise.includes('mac') ? '02:00:00:00:00:00' : 'SAMPLE')]));
  return { identity, fingerprint: '0123456789abcdef'.repeat(4), batch: 'SAMPLE', profileName, date };
}
