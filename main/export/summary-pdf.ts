import { describeIdentity } from '../domain/identity';
import type { ExportDevice, ExportSelection } from '../ledger/export-rows';
import { grey, newDocument } from './pdf-pages';
import type { Pages } from './pdf-pages';
import { grouped, shortened } from './printed-text';
import type { Tally } from './tally';

/** Rows of the table; the whole list is in devices.csv. About ninety pages, which somebody may still print. */
export const mostTableRows = 2_000;
const mostBatchRows = 30;

export interface Summary {
  /** Name of the station, where its log has one. */
  readonly station: string | undefined;
  readonly origin: string;
  readonly selection: ExportSelection;
  readonly tally: Tally;
  readonly entries: number;
  /** The signed note. */
  readonly checkpoint: string;
  /** Public key of the log, `name+id+base64`. */
  readonly logKey: string;
  /** SHA-256 of the certificate that signs the manifest, hexadecimal. */
  readonly certificate: string;
  readonly madeAt: string;
  readonly madeBy: string;
}

/**
 * The summary of an export for people: A4, fonts inside. Its pages are kept until the end, because each says how many there
 * are; the cap of the table bounds them.
 *
 * @param write gets the pieces of the file
 */
export async function writeSummary(summary: Summary, write: (piece: Uint8Array) => Promise<void>): Promise<void> {
  const { document, pages } = newDocument(`Export of the record of ${summary.origin}`, summary.madeAt);
  writeHead(pages, summary);
  writeCounts(pages, summary.tally);
  writeProof(pages, summary);
  writeDevices(pages, summary);
  pages.number(`${summary.origin}, ${summary.madeAt}`);
  document.end();
  for await (const piece of document) await write(piece as Uint8Array);
}

function writeHead(pages: Pages, { station, origin, selection, tally, entries, madeAt, madeBy, certificate }: Summary): void {
  pages.heading('Export of the record of device keys', 18);
  pages.fact('Station', station ?? 'not named in its log');
  pages.fact('Log', origin);
  pages.fact('Made', `${madeAt} by ${madeBy}`);
  pages.fact('Selection', describeSelection(selection));
  pages.fact('Devices', String(tally.devices));
  pages.fact('Entries of the log', `${entries}, all of them, whatever was selected`);
  pages.fact('Certificate', `SHA-256 ${grouped(certificate)}`);
  pages.paragraph('\nThis page is for reading. What counts is manifest.json with its signatures: verify-export.mjs says whether this file and all others are as they were exported.', { color: grey });
}

function describeSelection({ from, before, batch, profile, states }: ExportSelection): string {
  const parts = [
    from === undefined ? undefined : `made at ${from} or later`,
    before === undefined ? undefined : `made before ${before}`,
    batch === undefined ? undefined : `batch ${batch}`,
    profile === undefined ? undefined : `profile ${profile}`,
    states === undefined ? undefined : `state ${states.join(' or ')}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? 'all devices' : parts.join('; ');
}

function writeCounts(pages: Pages, { states, batches, otherBatches }: Tally): void {
  pages.heading('By state', 12);
  for (const [state, count] of states) pages.fact(state, String(count));
  pages.heading('By batch', 12);
  const sorted = [...batches].sort(([, one], [, other]) => other - one);
  for (const [batch, count] of sorted.slice(0, mostBatchRows)) pages.fact(batch === undefined ? '(none)' : shortened(batch, 24), String(count));
  const rest = sorted.slice(mostBatchRows).reduce((sum, [, count]) => sum + count, otherBatches);
  if (sorted.length === 0) pages.paragraph('No device is of this selection.');
  if (rest > 0) pages.paragraph(`${rest} devices are of other batches: these are the ${mostBatchRows} largest, and devices.csv has all of them.`);
}

function writeProof(pages: Pages, { checkpoint, logKey }: Summary): void {
  pages.heading('Checkpoint of the log', 12);
  pages.paragraph('It stands over all entries of the log. Whoever keeps it finds every later change of what was before it.', { color: grey });
  pages.paragraph(checkpoint.trimEnd(), { font: 'mono', size: 8 });
  pages.heading('Public key of the log', 12);
  pages.paragraph(logKey, { font: 'mono', size: 8 });
  pages.heading('Check it', 12);
  pages.paragraph("node verify-export.mjs --key 'KEY'\nopenssl cms -verify -binary -inform DER -in manifest.json.p7s \\\n  -content manifest.json -CAfile export-certificate.pem -out /dev/null", { font: 'mono', size: 8 });
  pages.paragraph('Take the key and the fingerprint of the certificate from the station itself or from an older export, not from this one.', { color: grey });
}

const columns = { entry: 0, identity: 44, state: 204, fingerprint: 274, dates: 440 } as const;
const identityCharacters = 38;
const rowHeight = 25;

function writeDevices(pages: Pages, { tally }: Summary): void {
  if (tally.devices === 0) return;
  pages.newPage();
  pages.heading('Devices', 12);
  pages.paragraph('All times are UTC, by the clock of the station.', { color: grey });
  if (tally.devices > tally.first.length) pages.paragraph(`The first ${tally.first.length} of ${tally.devices} devices in the order of the log. All of them, with their public keys, are in devices.csv and devices.jsonl.`);
  writeHeader(pages);
  for (const device of tally.first) {
    if (!pages.fits(rowHeight)) {
      pages.newPage();
      writeHeader(pages);
    }
    writeDevice(pages, device);
  }
}

function writeHeader(pages: Pages): void {
  const cell = (x: number, text: string) => ({ x, lines: [text], font: 'bold', most: 40 }) as const;
  pages.row([cell(columns.entry, 'Entry'), cell(columns.identity, 'Identity'), cell(columns.state, 'State, batch'), cell(columns.fingerprint, 'SHA-256 of the public key'), cell(columns.dates, 'Made, state since')], 16);
  pages.rule();
}

function writeDevice(pages: Pages, { entry, identity, state, fingerprint, batch, madeAt, stateAt }: ExportDevice): void {
  pages.row(
    [
      { x: columns.entry, lines: [String(entry)], most: 10 },
      { x: columns.identity, lines: inTwo(describeIdentity(identity)), size: 7, most: identityCharacters },
      { x: columns.state, lines: [state, batch ?? ''], size: 7, most: 16 },
      { x: columns.fingerprint, lines: [grouped(fingerprint.slice(0, 32)), grouped(fingerprint.slice(32))], font: 'mono', size: 6.6, most: 40 },
      { x: columns.dates, lines: [forEyes(madeAt), forEyes(stateAt)], size: 7, most: 24 },
    ],
    rowHeight,
  );
}

/** Two lines, parted between two attributes where that helps. */
function inTwo(text: string): readonly string[] {
  if (text.length <= identityCharacters) return [text];
  const comma = text.lastIndexOf(', ', identityCharacters - 1);
  return comma < 0 ? [text.slice(0, identityCharacters), text.slice(identityCharacters)] : [text.slice(0, comma + 1), text.slice(comma + 2)];
}

/** UTC, as the page says once. */
function forEyes(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 19)}`;
}
