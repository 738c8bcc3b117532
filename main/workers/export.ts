/** Entry point of the export process: it reads the record's log, and makes and checks exports. Arguments: the path of the record's database. */
import { join } from 'node:path';
import { exportMethods } from '../contract/export-channel';
import { checkExport } from '../export/export-check';
import { ExportService } from '../export/export-service';
import { shiftPdf } from '../export/shift-pdf';
import { parentPort } from '../ipc/parent-port';
import { serveProcedures } from '../ipc/remote-procedures';
import { LogReader } from '../storage/log-reader';

const path = process.argv[2];
if (path === undefined) throw new Error('The export process needs the path of the record.');

const verifier = join(import.meta.dirname, '../ledger/verifier/verify-export.mjs');

// Opened at the first export: to check one, no record is needed.
let opened: { readonly reader: LogReader; readonly service: ExportService } | undefined;
const log = (): { readonly reader: LogReader; readonly service: ExportService } => {
  if (opened === undefined) {
    const reader = LogReader.open(path);
    opened = { reader, service: new ExportService(reader, verifier) };
  }
  return opened;
};

serveProcedures(parentPort(), exportMethods, {
  head: async () => {
    const { reader } = log();
    const head = await reader.head();
    return { ...head, station: (await reader.station(head.size)) ?? '' };
  },
  write: async ({ wish }, work) => {
    const { files, ...written } = await log().service.write(wish, work);
    return { ...written, files: files.length };
  },
  seal: (seal, work) => log().service.seal(seal, work),
  printReport: (wish) => shiftPdf(wish),
  discard: () => opened?.service.discard(),
  check: async ({ path: place, key, anchors }, { signal }) => {
    const findings: string[] = [];
    const { findings: total, ...checked } = await checkExport(place, { key, anchors, signal, finding: (line) => findings.push(line) });
    return { ...checked, findings, total };
  },
});
