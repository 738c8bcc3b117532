import type { Right } from '../domain/roles';
import type { WindowEventName, WindowMethods } from './window-channel';

/** What must be so before main does it. anybody: also before a sign-in. look: somebody is let in, in any role. */
export type Requirement = 'anybody' | 'look' | Right;

/**
 * Every method of the window with what it takes.
 *
 * SECURITY: the only table that the gateway asks. A method without a line does not compile, and what stands under `look` is
 * open to an auditor: nothing there may change the record, the server or a card.
 */
export const methodRights = {
  access: 'anybody',
  signIn: 'anybody',
  lock: 'anybody',
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
  conflict: 'look',
  searchDevices: 'look',
  logHealth: 'look',
  // It writes a folder of the person's own, and nothing of the station.
  exportRecord: 'look',

  scan: 'provision',
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
  askNow: 'ask-server',
  signOff: 'sign-off',
  reject: 'reject',
  removeKey: 'replace-key',
  decommission: 'decommission',
  openProfile: 'open-profile',
  openPractice: 'open-profile',
  answerSecret: 'give-secrets',
  answerCode: 'give-secrets',
} as const satisfies Readonly<Record<keyof WindowMethods, Requirement>>;

/** What the page is told while nobody is let in: that somebody must be, how running cards come on, and how they ended. */
export const heardWhileLocked: ReadonlySet<WindowEventName> = new Set<WindowEventName>(['access', 'slot', 'notice']);
