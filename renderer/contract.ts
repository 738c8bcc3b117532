/** The types of the window's contract as this side names them. Types only: nothing of main is bundled into the page. */
import type {
  BenchView,
  DayRowView,
  DeviceList,
  DeviceView,
  SecretQuestion,
  SlotState,
  SlotsView,
  SlotView,
  WindowApi,
  WindowEvents,
  WindowReply,
} from '../main/contract/window-channel';

export type { BenchView, DayRowView, DeviceList, DeviceView, SecretQuestion, SlotState, SlotsView, SlotView, WindowApi, WindowReply };

export type ErrorReport = Extract<WindowReply<unknown>, { ok: false }>['error'];
export type ServerView = NonNullable<DeviceView['server']>;
export type Identity = NonNullable<SlotView['identity']>;
export type Progress = NonNullable<SlotView['progress']>;
export type ProgressPhase = Progress['phase'];
export type DeviceRow = DeviceList['devices'][number];
export type DeviceState = DeviceRow['state'];
export type DeviceDetails = DeviceView['device'];
export type JobRow = DeviceDetails['jobs'][number];
export type JobState = JobRow['state'];
export type Step = JobRow['steps'][number];
export type Notice = WindowEvents['notice']['_zod']['output'];
