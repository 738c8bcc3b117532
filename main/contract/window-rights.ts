import type { Right } from '../domain/roles';
import type { WindowEventName, WindowMethods } from './window-channel';

/**
 * What must be so before main does it. anybody: also before a sign-in. look: somebody is let in, in any role.
 * own-account: the same, and it changes nothing but how this person signs in, for which they must give their PIN.
 */
export type Requirement = 'anybody' | 'look' | 'own-account' | Right;

/**
 * Every method of the window with what it takes.
 *
 * SECURITY: the only table that the gateway asks. A method without a line does not compile, and what stands under `look` is
 * open to an auditor: nothing there may change the record, the server or a card. `own-account` is open to an auditor too: an
 * account is the person's, and its change is logged under their name.
 */
export const methodRights = {
  access: 'anybody',
  signIn: 'anybody',
  lock: 'anybody',
  // Who cannot read the sign-in cannot sign in. It changes how this window reads, and nothing of record, server or card.
  setLanguage: 'anybody',
  setUp: 'anybody',

  bench: 'look',
  slots: 'look',
  device: 'look',
  askServer: 'look',
  devices: 'look',
  acceptances: 'look',
  certificates: 'look',
  watch: 'look',
  batches: 'look',
  batch: 'look',
  batchLines: 'look',
  plannedIdentities: 'look',
  orderAttributes: 'look',
  conflict: 'look',
  searchDevices: 'look',
  logHealth: 'look',
  // A check reads. What it finds broken is kept beside the record, as every check's finding is.
  checkLog: 'look',
  cancelLogCheck: 'look',
  deviceLog: 'look',
  exports: 'look',
  // These write to a place of the person's own that the system's dialog named, and nothing of the station.
  exportRecord: 'look',
  cancelExport: 'look',
  // It asks for keep-log by itself where a checkpoint must be signed first.
  saveReceipt: 'look',

  changeMyPin: 'own-account',

  operators: 'manage-operators',
  makeFirstAdmin: 'manage-operators',
  addOperator: 'manage-operators',
  changeOperator: 'manage-operators',
  setIdleMinutes: 'manage-operators',
  shiftReport: 'look',
  dashboard: 'look',
  // It looks at the computer and asks the server for the time, without a sign-in.
  stationHealth: 'look',
  // A file of the person's own, without a secret.
  saveDiagnostics: 'look',
  // A file of the person's own, as the export.
  saveShiftReport: 'look',
  labelPreview: 'look',
  deviceLabels: 'look',

  scan: 'provision',
  give: 'provision',
  start: 'provision',
  cancel: 'provision',
  renew: 'provision',
  clear: 'provision',
  powerOn: 'provision',
  bindSlots: 'provision',
  endBinding: 'provision',
  setSlotLayout: 'provision',
  // It writes a file of the person's own.
  commandCodes: 'provision',
  setBatch: 'provision',
  tryOutbox: 'provision',
  // Signs the log's head and keeps that the paper is an anchor.
  anchorShiftReport: 'keep-log',
  printTestLabel: 'provision',
  tryLabels: 'provision',
  decideLabel: 'provision',
  reprintLabel: 'provision',
  askNow: 'ask-server',
  signOff: 'sign-off',
  chooseListFile: 'manage-batches',
  readList: 'manage-batches',
  createOrder: 'manage-batches',
  changeOrder: 'manage-batches',
  reject: 'reject',
  removeKey: 'replace-key',
  decommission: 'decommission',
  openProfile: 'open-profile',
  openPractice: 'open-profile',
  answerSecret: 'give-secrets',
  answerCode: 'give-secrets',
} as const satisfies Readonly<Record<keyof WindowMethods, Requirement>>;

/**
 * What the page is told while nobody is let in: that somebody must be, how running cards come on, and how they ended. How the log
 * stands and what is exported is for whoever is let in.
 */
export const heardWhileLocked: ReadonlySet<WindowEventName> = new Set<WindowEventName>(['access', 'slot', 'notice']);
