/** Entry point of the storage process. Arguments: the path of the record's database, version and build of the program, the station's name or nothing, and `practice` for a practice bench. */
import { storageMethods } from '../contract/storage-channel';
import { integrationHandlers } from '../ipc/integration';
import { labelHandlers } from '../ipc/labels';
import { operatorHandlers } from '../ipc/operators';
import { parentPort } from '../ipc/parent-port';
import { serveProcedures } from '../ipc/remote-procedures';
import { storageHandlers } from '../ipc/storage-handlers';
import { SqliteRecordStore } from '../storage/record-store';

const [, , path, version, build, station, mode] = process.argv;
if (path === undefined || version === undefined || build === undefined) throw new Error('The storage process needs the path of the record, and which program it is.');

// Opened at the first call, so that a record that cannot be opened is an answer and not a dead process.
let opened: SqliteRecordStore | undefined;
const record = (): SqliteRecordStore => (opened ??= SqliteRecordStore.open(path, { build: { version, build }, station: station === '' ? undefined : station, practice: mode === 'practice' }));

serveProcedures(parentPort(), storageMethods, {
  ...storageHandlers(record),
  ...operatorHandlers(() => record().operators),
  ...integrationHandlers(record),
  ...labelHandlers(() => record().labels),
  searchDevices: ({ search }) => record().search.searchDevices(search),
  shiftReport: ({ query }) => record().reports.shiftReport(query),
  dashboard: ({ query }) => record().reports.dashboard(query),
  close: async () => {
    await opened?.close();
    opened = undefined;
  },
});
