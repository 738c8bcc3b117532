import { dirname } from 'node:path';
import type { ExportView, ExportWishView, WrittenExport } from '../contract/evidence-channel';
import { asImprintError, cancelled, ImprintError } from '../domain/errors';
import type { Progress } from '../domain/job';
import type { Station } from '../station/station';
import { askedOf, freePlace } from './chosen-place';
import { ExportKeys } from './export-keys';
import { ExportSession } from './export-session';
import { LogKeys } from './log-keys';
import type { StationFolder } from './station-folder';
import { Keyring } from './secrets';

export interface SessionExportParts {
  readonly folder: StationFolder;
  readonly station: Pick<Station, 'clock' | 'operator'>;
  readonly changed: (view: ExportView) => void;
}

/** Writes exports for the window, one at a time. It goes on without the page, which learns of it again when it comes back. */
export class SessionExport {
  readonly #parts: SessionExportParts;
  readonly #keys: ExportKeys;
  readonly #logKeys: LogKeys;
  #view: ExportView = {};
  #controller: AbortController | undefined;
  #work: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: SessionExportParts) {
    this.#parts = parts;
    const { keyring: folder } = parts.folder;
    const keyring = new Keyring(folder);
    this.#keys = new ExportKeys(keyring, folder);
    this.#logKeys = new LogKeys(keyring, folder);
  }

  get view(): ExportView {
    return this.#view;
  }

  /** A place is asked for, or an export is being written. */
  get busy(): boolean {
    return this.#controller !== undefined;
  }

  /**
   * Answers when the place is known: the export itself takes its time.
   *
   * SECURITY: the place comes from the system's dialog and never from the page, which could name any.
   *
   * @param choosePlace asks the person. @returns false where the person closed the question
   * @throws ImprintError export-unwritable, sign-in-needed: nothing was begun
   */
  async start(wish: ExportWishView, choosePlace: () => Promise<string | undefined>): Promise<boolean> {
    if (this.busy || this.#closed) throw new ImprintError('export-unwritable', 'An export is under way: wait until it has ended, or cancel it.');
    const controller = new AbortController();
    this.#controller = controller;
    try {
      const { folder, station } = this.#parts;
      const chosen = await askedOf(station, choosePlace);
      if (chosen === undefined || controller.signal.aborted) {
        this.#controller = undefined;
        return false;
      }
      const to = freePlace(chosen, dirname(folder.root));
      this.#show({ running: { to, cancelling: false } });
      this.#work = this.#write(wish, to, controller.signal);
      return true;
    } catch (thrown) {
      this.#controller = undefined;
      throw thrown;
    }
  }

  cancel(): void {
    const { running } = this.#view;
    if (running === undefined) return;
    this.#show({ running: { ...running, cancelling: true } });
    this.#controller?.abort(cancelled());
  }

  /** Ends what is under way, so that nothing of it is left behind. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#controller?.abort(cancelled());
    await this.#work;
  }

  async #write(wish: ExportWishView, to: string, signal: AbortSignal): Promise<void> {
    const { folder, station } = this.#parts;
    const { clock, operator } = station;
    const session = new ExportSession(folder.record);
    let last: ExportView['last'];
    try {
      const signers = { log: (key: string) => this.#logKeys.signer(key), manifest: (name: string) => this.#keys.open(name, clock.now()) };
      const outcome = await session.make({ ...wish, to, madeAt: clock.now().toISOString(), madeBy: operator }, signers, {
        signal,
        onProgress: (progress) => {
          this.#progress(progress);
        },
      });
      last = written(outcome, this.#keys.warning());
    } catch (thrown) {
      const error = asImprintError(thrown);
      last = error.code === 'cancelled' ? { outcome: 'cancelled' } : { outcome: 'failed', error: error.toReport() };
    } finally {
      await session.close();
    }
    this.#controller = undefined;
    this.#show({ last });
  }

  #progress(progress: Progress): void {
    const { running } = this.#view;
    if (running !== undefined) this.#show({ running: { ...running, progress } });
  }

  #show(view: ExportView): void {
    this.#view = view;
    if (!this.#closed) this.#parts.changed(view);
  }
}

function written({ checkpoint: _, ...outcome }: Awaited<ReturnType<ExportSession['make']>>, warning: string | undefined): WrittenExport {
  return { outcome: 'written', ...outcome, warning };
}
