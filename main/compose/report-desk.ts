import { dirname } from 'node:path';
import type { ReportWish } from '../contract/report-channel';
import { lastDays, partsOf, shiftBefore, shiftBegin, dayOf, dayName, type Span } from '../domain/shifts';
import { ImprintError } from '../domain/errors';
import { assertMay } from '../domain/roles';
import type { Dashboard } from '../domain/dashboard';
import type { ShiftReport } from '../domain/shift-report';
import { putFile } from './durable-file';
import { ExportSession } from './export-session';
import { checkpointIn, type SignedHead } from './log-keeper';
import type { OpenStation } from './open-station';

const daysShown = 30;

export interface WrittenReport {
  readonly path: string;
  readonly sentence: string;
  readonly report: ShiftReport;
  /** How the record calls the paper; absent where it is no anchor. */
  readonly place?: string | undefined;
}

/** The report of a shift and the dashboards of an open station, for the window and for the command line. */
export class ReportDesk {
  readonly #open: OpenStation;
  readonly #signedInAt: () => string | undefined;

  /** @param signedInAt when whoever is at work came; undefined where nobody signs in */
  constructor(open: OpenStation, signedInAt: () => string | undefined = () => undefined) {
    this.#open = open;
    this.#signedInAt = signedInAt;
  }

  report(wish: ReportWish): Promise<ShiftReport> {
    return this.#open.reports.shiftReport({ ...this.#spanOf(wish), ...filterOf(wish) });
  }

  dashboard(): Promise<Dashboard> {
    const now = this.#open.station.clock.now();
    const today: Span = { from: dayOf(now).toISOString(), until: dayOf(now, 1).toISOString() };
    return this.#open.reports.dashboard({ now: now.toISOString(), days: lastDays(now, daysShown), hours: partsOf(today, 'hour').parts });
  }

  /** Writes the report as a PDF. @throws ImprintError export-unwritable, record-* */
  save(wish: ReportWish, path: string): Promise<WrittenReport> {
    return this.#write(wish, path, undefined);
  }

  /**
   * The same as an anchor: with the log's head of this moment, which is signed for it.
   *
   * CRASH: the file first. A paper that the record does not know of proves as much; a record that names a paper which was
   * never made would be a lie.
   *
   * @throws ImprintError not-allowed, log-broken, credential-missing, export-unwritable, record-*
   */
  async anchor(wish: ReportWish, path: string): Promise<WrittenReport> {
    const { station, keeper } = this.#open;
    assertMay(station.role, 'keep-log');
    const head = await keeper.checkpoint();
    const place = `shift report ${dayName(station.clock.now())} on paper`;
    const written = await this.#write(wish, path, { head, place });
    await station.log.keepAnchor(head.note, place, this.#now());
    return { ...written, place, sentence: `${written.sentence} The record keeps it as the anchor "${place}" over ${String(head.size)} entries: print it, and keep the paper elsewhere.` };
  }

  async #write(wish: ReportWish, path: string, anchor: { readonly head: SignedHead; readonly place: string } | undefined): Promise<WrittenReport> {
    const { station, folder } = this.#open;
    const made = await this.report(wish);
    const report = anchor === undefined ? made : { ...made, log: { ...made.log, last: this.#checkpointOf(anchor.head) } };
    const session = new ExportSession(folder.record);
    try {
      const pdf = await session.printReport({ report, madeAt: this.#now(), madeBy: station.operator, practice: folder.practice, ...(anchor === undefined ? {} : { anchor: anchor.place }) });
      writePdf(path, pdf);
    } finally {
      await session.close();
    }
    return { path, report, sentence: `The shift report is in ${path}.` };
  }

  #checkpointOf({ note, size }: SignedHead): NonNullable<ShiftReport['log']['last']> {
    return { note, size, root: Buffer.from(checkpointIn(note).root).toString('base64'), keptAt: this.#now() };
  }

  #spanOf({ which, from, until }: ReportWish): Span {
    const { clock } = this.#open.station;
    const { shifts } = this.#open;
    const now = clock.now();
    // What ends in this very millisecond belongs to it.
    const end = new Date(now.getTime() + 1).toISOString();
    switch (which) {
      case 'shift':
        return { from: shiftBegin(now, shifts).toISOString(), until: end };
      case 'before':
        return shiftBefore(now, shifts);
      case 'sign-in': {
        const came = this.#signedInAt();
        // A clock that was set back since then.
        return { from: came !== undefined && came < end ? came : shiftBegin(now, shifts).toISOString(), until: end };
      }
      case 'span':
        return { from: from ?? shiftBegin(now, shifts).toISOString(), until: until ?? end };
    }
  }

  #now(): string {
    return this.#open.station.clock.now().toISOString();
  }
}

function filterOf({ batch, operator }: ReportWish): Pick<ReportWish, 'batch' | 'operator'> {
  return { ...(batch === undefined ? {} : { batch }), ...(operator === undefined ? {} : { operator }) };
}

function writePdf(path: string, pdf: Uint8Array): void {
  try {
    putFile(path, pdf, true);
  } catch (thrown) {
    throw new ImprintError('export-unwritable', `The report cannot be written into ${dirname(path)}; nothing was anchored.`, { field: '--output', expected: 'a folder that this user may write', cause: thrown });
  }
}
