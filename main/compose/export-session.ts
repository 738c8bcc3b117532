import { join } from 'node:path';
import { exportMethods, type ExportMethods } from '../contract/export-channel';
import type { ProgressListener } from '../domain/job';
import type { ParamsOf, ResultOf } from '../contract/methods';
import type { ExportKey } from '../export/cms';
import { WorkerProcess } from '../ipc/worker-process';
import { signCheckpoint } from '../ledger/checkpoint';
import { manifestNote } from '../ledger/export-writer';
import type { NoteSigner } from '../ledger/note';

export type ExportWish = Omit<ParamsOf<ExportMethods, 'write'>['wish'], 'checkpoint' | 'logKey' | 'certificate'>;
export type ExportCheck = ResultOf<ExportMethods, 'check'>;

/** The keys that sign an export. They stay in this process. */
export interface ExportSigners {
  /** @param key of the log, `name+id+base64` */
  readonly log: (key: string) => Promise<NoteSigner>;
  /** @param station by which a certificate is called */
  readonly manifest: (station: string) => Promise<ExportKey>;
}

export interface ExportOutcome {
  readonly to: string;
  readonly origin: string;
  readonly entries: number;
  readonly devices: number;
  /** Without the manifest and its signatures. */
  readonly files: number;
  readonly manifestSha256: string;
  /** The checkpoint that it stands under, and the key that signed it. */
  readonly checkpoint: string;
  readonly logKey: string;
  /** SHA-256 of the certificate that signed the manifest, hexadecimal. */
  readonly certificateSha256: string;
}

export interface ExportWork {
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

/** The process that makes and checks exports. It has the record for reading only, and none of the keys. */
export class ExportSession {
  readonly #worker: WorkerProcess<ExportMethods>;

  /** @param record path of the record's database */
  constructor(record: string) {
    this.#worker = new WorkerProcess({
      name: 'export',
      script: join(import.meta.dirname, 'workers', 'export.cjs'),
      arguments: [record],
      methods: exportMethods,
      goneCode: 'unexpected',
      goneSentence: 'The export process ended unexpectedly; what it had written lies beside the place of the export under a name with "unfinished".',
    });
  }

  /** @throws ImprintError as `ExportService` and the signers say */
  async make(wish: ExportWish, signers: ExportSigners, { signal, onProgress }: ExportWork): Promise<ExportOutcome> {
    const { client } = this.#worker;
    const { logKey, station, ...head } = await client.call('head', {});
    const log = await signers.log(logKey);
    const origin = log.key.name;
    const key = await signers.manifest(station);
    const checkpoint = await signCheckpoint({ origin, ...head }, log);
    try {
      const written = await client.call('write', { wish: { ...wish, checkpoint, logKey, certificate: key.certificate } }, { signal, onProgress });
      signal.throwIfAborted();
      const { certificateFingerprint, signCms } = await import('../export/cms');
      const seal = { note: await manifestNote(origin, written.manifestSha256, log), cms: signCms(written.manifest, key, new Date(wish.madeAt)) };
      await client.call('seal', seal, { signal });
      const { entries, devices, files, manifestSha256 } = written;
      return { to: wish.to, origin, entries, devices, files, manifestSha256, checkpoint, logKey, certificateSha256: certificateFingerprint(key.certificate) };
    } finally {
      // After the seal there is nothing left that this could take away.
      await client.call('discard', {});
    }
  }

  /** @param anchors signed notes that were kept from earlier */
  check(path: string, key: string | undefined, anchors: readonly string[], signal: AbortSignal): Promise<ExportCheck> {
    return this.#worker.client.call('check', { path, key, anchors: [...anchors] }, { signal });
  }

  /** The report of a shift as a PDF. Neither the record nor a key is needed for it. */
  printReport(wish: ParamsOf<ExportMethods, 'printReport'>): Promise<Uint8Array> {
    return this.#worker.client.call('printReport', wish);
  }

  close(): Promise<void> {
    return this.#worker.stop();
  }
}
