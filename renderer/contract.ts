/** The types of the window's contract as this side names them. Types only: nothing of main is bundled into the page. */
import type { AccessView } from '../main/contract/access-channel';
import type { FoundDevicesView, LogHealthView } from '../main/contract/audit-channel';
import type { LabelPreview, LabelsView } from '../main/contract/label-channel';
import type {
  AcceptanceList,
  AcceptanceRowView,
  BatchView,
  BenchView,
  CertificateList,
  CertificateRowView,
  CodeQuestion,
  ConflictChoice,
  ConflictView,
  DayRowView,
  DeviceList,
  DeviceView,
  OutboxView,
  SecretQuestion,
  SlotState,
  SlotsView,
  SlotView,
  WatchView,
  WindowApi,
  WindowEvents,
  WindowMethods,
  WindowReply,
} from '../main/contract/window-channel';

export type {
  AcceptanceList,
  AccessView,
  AcceptanceRowView,
  BatchView,
  BenchView,
  CertificateList,
  CertificateRowView,
  CodeQuestion,
  ConflictChoice,
  ConflictView,
  DayRowView,
  DeviceList,
  DeviceView,
  FoundDevicesView,
  LabelPreview,
  LabelsView,
  LogHealthView,
  OutboxView,
  SecretQuestion,
  SlotState,
  SlotsView,
  SlotView,
  WatchView,
  WindowApi,
  WindowReply,
};

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
export type Role = BenchView['role'];
export type Right = BenchView['rights'][number];
export type AcceptanceState = AcceptanceRowView['acceptance'];
export type Diagnosis = NonNullable<AcceptanceRowView['diagnosis']>;
export type BatchSummary = BatchView['summary'];
export type ActionEntry = DeviceDetails['actions'][number];
export type AuthSet = ServerView['authSets'][number];
export type Certificate = DeviceDetails['certificates'][number];
export type CertificateState = Certificate['state'];
export type CertificateParams = WindowMethods['certificates']['params']['_zod']['output'];
export type RevocationReason = NonNullable<WindowMethods['decommission']['params']['_zod']['output']['reason']>;
export type AcceptanceParams = WindowMethods['acceptances']['params']['_zod']['output'];
export type Notice = WindowEvents['notice']['_zod']['output'];
export type DeviceLabel = WindowMethods['deviceLabels']['result']['_zod']['output'][number];
