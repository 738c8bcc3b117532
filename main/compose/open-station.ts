import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { app } from 'electron';
import { custodyMethods } from '../contract/custody-channel';
import { ImprintError } from '../domain/errors';
import type { ReportReader } from '../domain/dashboard';
import type { DeviceSearcher } from '../domain/device-search';
import type { LabelStore } from '../domain/labels';
import type { OperatorStore } from '../domain/operators';
import type { RecordStore, Secrets } from '../domain/ports';
import type { Role } from '../domain/roles';
import { custodyClient, storageClient } from '../ipc/clients';
import { integrationClient, type IntegrationClient } from '../ipc/integration';
import { labelsClient } from '../ipc/labels';
import { logClient } from '../ipc/log-channel';
import { operatorsClient, reportClient, searchClient } from '../ipc/operators';
import { WorkerProcess } from '../ipc/worker-process';
import type { Station } from '../station/station';
import { faultPoints } from './fault-points';
import { readKeptProfile } from './load-profile';
import { LogAnchors } from './log-anchors';
import { LogKeeper } from './log-keeper';
import { LogKeys } from './log-keys';
import { systemProcesses } from './processes';
import { readPublicKey } from './public-keys';
import { readScanPattern } from './scan-patterns';
import { Keyring } from './secrets';
import { servers } from './servers';
import type { StationFolder } from './station-folder';
import { stationSettings } from './station-settings';
import { stationVersion } from './station-version';
import { takeStorage, workerScript } from './storage-process';

/** Who is at the station. */
export interface AtWork {
  /** The user's name unless told. */
  readonly operator?: string | undefined;
  readonly role?: Role | undefined;
}

/** Asked whenever it matters: at the window another person may have signed in. */
export type WhoIsAtWork = () => { readonly operator: string; readonly role: Role; /** When they came, where they signed in. */ readonly since?: string | undefined };

/** One person for as long as the station is open. */
export function always({ operator = userInfo().username, role = 'lab' }: AtWork = {}): WhoIsAtWork {
  return () => ({ operator, role });
}

export interface OpenStation {
  readonly station: Station;
  /** Who may sign in, in the same record. */
  readonly operators: OperatorStore;
  /** What was printed, in the same record. */
  readonly labels: LabelStore;
  /** The auditor's search, in the same record. */
  readonly search: DeviceSearcher;
  /** Webhooks, and what an MES asks for, in the same record. */
  readonly integration: IntegrationClient;
  /** The report of a shift and the dashboards, from the same record. */
  readonly reports: ReportReader;
  /** When shifts begin: times of day of this computer; none where the station names none. */
  readonly shifts: readonly string[];
  readonly folder: StationFolder;
  /** The key of the log, and what is signed with it. */
  readonly keeper: LogKeeper;
  readonly anchors: LogAnchors;
  /** For tests that look into the processes. */
  readonly processIds: () => readonly number[];
  close(): Promise<void>;
}

/**
 * Starts the custody and storage processes over a station's folder.
 *
 * @throws ImprintError record-unavailable where the folder cannot be made, profile-invalid for settings that cannot be read
 */
export function openStation(folder: StationFolder, secrets: Secrets, who: WhoIsAtWork): OpenStation {
  try {
    mkdirSync(folder.images, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw new ImprintError('record-unavailable', `The station's folder ${folder.root} cannot be made or written.`, { field: '--data', expected: 'a folder that this user may write', cause: thrown });
  }
  const settings = stationSettings(folder.root);
  const custody = new WorkerProcess({
    name: 'custody',
    script: workerScript('custody'),
    arguments: [folder.images],
    methods: custodyMethods,
    goneCode: 'custody-unavailable',
    goneSentence: 'The custody process ended unexpectedly; the keys that it held are gone, start the device again.',
  });
  const storage = takeStorage(folder.record, settings.name, folder.practice);
  const clock = { now: () => new Date() };
  const log = logClient(storage);
  const anchors = new LogAnchors(log, clock, settings);
  const keeper = new LogKeeper({
    log,
    clock,
    keys: new LogKeys(new Keyring(folder.keyring), folder.keyring),
    root: folder.root,
    name: settings.name,
    practice: folder.practice,
    interval: settings.log?.checkpointSeconds,
    signed: (head) => {
      anchors.signed(head);
    },
  });
  const station: Station = {
    record: signedFor(storageClient(storage), keeper),
    log,
    assertLogSound: () => {
      keeper.assertSound();
    },
    custody: custodyClient(custody),
    servers,
    secrets,
    clock,
    randomness: { uuid: randomUUID },
    processes: systemProcesses(),
    faults: faultPoints(app.isPackaged),
    version: stationVersion,
    get operator() {
      return who().operator;
    },
    get role() {
      return who().role;
    },
    readKeptProfile,
    readPublicKey,
    readScanPattern,
  };
  return {
    station,
    operators: operatorsClient(storage),
    labels: labelsSignedFor(labelsClient(storage), keeper),
    search: searchClient(storage),
    integration: integrationClient(storage),
    reports: reportClient(storage),
    shifts: settings.shifts ?? [],
    folder,
    keeper,
    anchors,
    processIds: () => [custody.pid, storage.pid].filter((pid) => pid !== undefined),
    async close() {
      await keeper.close().catch(() => undefined);
      await anchors.close();
      await station.record.close().catch(() => undefined);
      await Promise.all([custody.stop(), storage.stop()]);
    },
  };
}

/** A record whose entries are signed for soon after they were logged. Those of a running job wait for its end. */
function signedFor(record: RecordStore, keeper: LogKeeper): RecordStore {
  const signed = async <Result>(call: Promise<Result>): Promise<Result> => {
    const result = await call;
    keeper.changed();
    return result;
  };
  return {
    ...record,
    orders: {
      ...record.orders,
      finishOrder: (...given) => signed(record.orders.finishOrder(...given)),
      placeOrder: (...given) => signed(record.orders.placeOrder(...given)),
      changeOrder: (...given) => signed(record.orders.changeOrder(...given)),
    },
    endJob: (...given) => signed(record.endJob(...given)),
    markAccepted: (...given) => signed(record.markAccepted(...given)),
    saveAcceptances: (...given) => signed(record.saveAcceptances(...given)),
    signOff: (...given) => signed(record.signOff(...given)),
    endAction: (...given) => signed(record.endAction(...given)),
    importForeign: (...given) => signed(record.importForeign(...given)),
    addCertificates: (...given) => signed(record.addCertificates(...given)),
    revokeCertificate: (...given) => signed(record.revokeCertificate(...given)),
  };
}

/** As signedFor: a printed label is an entry of the log. */
function labelsSignedFor(labels: LabelStore, keeper: LogKeeper): LabelStore {
  return {
    ...labels,
    async endLabel(...given) {
      const label = await labels.endLabel(...given);
      if (label.state === 'printed') keeper.changed();
      return label;
    },
  };
}
