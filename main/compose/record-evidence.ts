import type { ExportResult, LogHealthView } from '../contract/audit-channel';

/** How the log beside the record stands, for the auditor's page. */
export interface LogHealth {
  health(): Promise<LogHealthView>;
}

/** Writes an export for auditors. */
export interface Exporter {
  /** Why there is none, one sentence; absent where there is one. */
  readonly missing?: string | undefined;
  /** @throws ImprintError record-*, cancelled */
  export(selection: { readonly batch?: string | undefined; readonly from?: string | undefined; readonly before?: string | undefined }, folder: string): Promise<ExportResult>;
}

export interface RecordEvidence {
  readonly log: LogHealth;
  readonly exporter: Exporter;
}

const noExport = 'The window writes no export with proofs yet. The devices as CSV: "imprint list --csv".';

/** A station whose record has no log behind it. The merge with the log and the exports puts theirs here. */
export function recordEvidence(): RecordEvidence {
  return {
    log: { health: () => Promise.resolve({ available: false, sentence: 'The record of this station has no log yet that would show a later change.' }) },
    exporter: { missing: noExport, export: () => Promise.resolve({ sentence: noExport }) },
  };
}
