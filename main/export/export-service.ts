import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { ImprintError } from '../domain/errors';
import type { ProgressListener } from '../domain/job';
import { ProgressMeter } from '../domain/progress';
import { openCheckpoint } from '../ledger/checkpoint';
import type { ExportDevice, ExportSelection } from '../ledger/export-rows';
import { manifestFiles, writeExportFiles, writeSeal } from '../ledger/export-writer';
import type { KeptEntry, ManifestSeal, UnsealedExport } from '../ledger/export-writer';
import { parseVerifierKey } from '../ledger/note';
import { pack } from './archive';
import { certificateFingerprint } from './cms';
import { addSingleFiles, assertFewEnough } from './key-files';
import type { SingleFiles } from './key-files';
import { UnfinishedFolder } from './places';
import { mostTableRows, writeSummary } from './summary-pdf';
import { Tally } from './tally';

/** The record's log as an export reads it. */
export interface ExportLog {
  station(size: number): Promise<string | undefined>;
  entries(size: number): AsyncIterable<readonly KeptEntry[]>;
  devices(size: number, selection: ExportSelection): AsyncIterable<readonly ExportDevice[]>;
  anchors(size: number): Promise<readonly string[]>;
  receipt(seq: number, checkpoint: string): Promise<string>;
}

export interface ExportWish extends SingleFiles {
  /** Where it goes: a path that is not there yet. */
  readonly to: string;
  readonly zip: boolean;
  readonly selection: ExportSelection;
  /** Whether there is a summary.pdf. */
  readonly summary: boolean;
  /** The signed head that the export stands under. */
  readonly checkpoint: string;
  /** Public key of the log, `name+id+base64`. */
  readonly logKey: string;
  /** PEM of the one that will sign the manifest. */
  readonly certificate: string;
  /** ISO 8601 UTC. */
  readonly madeAt: string;
  readonly madeBy: string;
}

interface Unfinished {
  readonly folder: UnfinishedFolder;
  readonly wish: ExportWish;
  readonly names: readonly string[];
}

export interface ExportWork {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/**
 * Makes exports in two steps, because the keys that sign them are in another process: `write` gathers everything, `seal`
 * adds the signatures and puts it in its place. What is not sealed leaves nothing behind.
 */
export class ExportService {
  readonly #log: ExportLog;
  readonly #verifier: string;
  #unfinished: Unfinished | undefined;

  /** @param verifier path of the stand-alone verifier, which each export brings */
  constructor(log: ExportLog, verifier: string) {
    this.#log = log;
    this.#verifier = verifier;
  }

  /** @throws ImprintError export-unwritable, export-too-many-files, and as `writeExportFiles` */
  async write(wish: ExportWish, { signal, onProgress = () => undefined }: ExportWork = {}): Promise<UnsealedExport> {
    await this.discard();
    const folder = await UnfinishedFolder.beside(wish.to);
    try {
      const written = await this.#fill(folder, wish, signal, onProgress);
      this.#unfinished = { folder, wish, names: [...written.files.map(({ name }) => name), ...manifestFiles] };
      return written;
    } catch (thrown) {
      await folder.discard();
      throw folder.failed(thrown);
    }
  }

  /** @throws ImprintError export-unwritable */
  async seal(seal: Required<ManifestSeal>, { signal }: ExportWork = {}): Promise<void> {
    if (this.#unfinished === undefined) throw new ImprintError('unexpected', 'There is no export that could be signed.');
    const { folder, wish, names } = this.#unfinished;
    try {
      await writeSeal(folder, seal);
      if (wish.zip) {
        const archive = join(folder.path, '.zip');
        await pack(folder.path, names, archive, signal);
        await folder.replaceBy(archive);
      } else {
        signal?.throwIfAborted();
        await folder.moveIntoPlace();
      }
      this.#unfinished = undefined;
    } catch (thrown) {
      await this.discard();
      throw folder.failed(thrown);
    }
  }

  /** Takes away what was not sealed. */
  async discard(): Promise<void> {
    const unfinished = this.#unfinished;
    this.#unfinished = undefined;
    await unfinished?.folder.discard();
  }

  async #fill(folder: UnfinishedFolder, wish: ExportWish, signal: AbortSignal | undefined, onProgress: ProgressListener): Promise<UnsealedExport> {
    const key = parseVerifierKey(wish.logKey);
    const { origin, size } = openCheckpoint(wish.checkpoint, [key]).checkpoint;
    const tally = new Tally(mostTableRows);
    const passes = wish.publicKeys || wish.receipts ? 3 : 2;
    const meter = new ProgressMeter('export', passes * size, (progress) => onProgress({ ...progress, unit: 'entries' }), () => performance.now());
    const devices = (seen: (portion: readonly ExportDevice[]) => void): AsyncIterable<readonly ExportDevice[]> =>
      counted(this.#log.devices(size, wish.selection), signal, (portion) => {
        seen(portion);
        return portion.at(-1)?.entry;
      }, size, meter);
    const source = {
      checkpoint: wish.checkpoint,
      entries: () => breathing(this.#log.entries(size), signal, (portion) => meter.add(portion.length)),
      devices: () =>
        devices((portion) => {
          tally.add(portion);
          assertFewEnough(tally.devices, wish);
        }),
      selection: wish.selection,
      anchors: await this.#log.anchors(size),
      verifier: await readFile(this.#verifier),
      madeAt: wish.madeAt,
      madeBy: wish.madeBy,
    };
    return writeExportFiles(source, folder, {
      key,
      signal,
      moreFiles: async (files) => {
        await files.add('export-certificate.pem', wish.certificate);
        if (wish.summary) {
          const { selection, checkpoint, logKey, madeAt, madeBy } = wish;
          const summary = { station: await this.#log.station(size), origin, selection, tally, entries: size, checkpoint, logKey, certificate: certificateFingerprint(wish.certificate), madeAt, madeBy };
          await files.stream('summary.pdf', (write) => writeSummary(summary, write));
        }
        if (passes === 3) await addSingleFiles(files, devices(() => undefined), wish, (entry) => this.#log.receipt(entry, wish.checkpoint));
      },
    });
  }
}

/** Portions with a breath between them, in which a cancellation can arrive: the database answers without waiting for anything. */
async function* breathing<Portion>(portions: AsyncIterable<Portion>, signal: AbortSignal | undefined, seen: (portion: Portion) => void): AsyncGenerator<Portion> {
  for await (const portion of portions) {
    await setImmediate();
    signal?.throwIfAborted();
    seen(portion);
    yield portion;
  }
}

/** The same, where `place` of the log's `size` entries says how far it is; at the end it is all of them. */
async function* counted<Portion>(portions: AsyncIterable<Portion>, signal: AbortSignal | undefined, place: (portion: Portion) => number | undefined, size: number, meter: ProgressMeter): AsyncGenerator<Portion> {
  let reached = 0;
  const reach = (entry: number): void => {
    meter.add(entry - reached);
    reached = entry;
  };
  yield* breathing(portions, signal, (portion) => reach(place(portion) ?? reached));
  reach(size);
}
