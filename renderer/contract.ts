/** The types of the window's contract as this side names them. Types only: nothing of main is bundled into the page. */
import type { AccessView, OperatorsView } from '../main/contract/access-channel';
import type { FoundDevicesView } from '../main/contract/audit-channel';
import type { DeviceLogView, ExportView, ExportWishView, LogHealthView, WrittenExport } from '../main/contract/evidence-channel';
import type { HealthFindingView as HealthFinding, HealthReport } from '../main/contract/health';
import type { LabelPreview, LabelsView } from '../main/contract/label-channel';
import type { BatchLine, ListView, OrderRequestParams, OrderView } from '../main/contract/orders-channel';
import type { DashboardView, ReportWish, ShiftReportView } from '../main/contract/report-channel';
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
  BatchLine,
  BatchView,
  BenchView,
  CertificateList,
  CertificateRowView,
  CodeQuestion,
  ConflictChoice,
  ConflictView,
  DashboardView,
  DayRowView,
  DeviceList,
  DeviceLogView,
  DeviceView,
  ExportView,
  HealthFinding,
  HealthReport,
  FoundDevicesView,
  LabelPreview,
  LabelsView,
  ListView,
  LogHealthView,
  OperatorsView,
  OrderView,
  OutboxView,
  ReportWish,
  SecretQuestion,
  ShiftReportView,
  SlotState,
  SlotsView,
  SlotView,
  WatchView,
  WindowApi,
  WindowReply,
  WrittenExport,
};

export type ErrorReport = Extract<WindowReply<unknown>, { ok: false }>['error'];
export type ErrorCode = ErrorReport['code'];
export type Language = WindowMethods['setLanguage']['params']['_zod']['output']['language'];
export type LabelState = NonNullable<SlotView['label']>['state'];
export type ListProblem = ListView['problems'][number]['why'];
export type LockReason = NonNullable<AccessView['why']>;
export type SlotWord = SlotView['word'];
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
export type OperatorView = OperatorsView['operators'][number];
export type OperatorRole = OperatorView['role'];
export type OperatorChange = WindowMethods['changeOperator']['params']['_zod']['output']['change'];
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
export type ExportWish = ExportWishView;
export type LoggedEntry = DeviceLogView['entries'][number];
export type Notice = WindowEvents['notice']['_zod']['output'];
export type OrderKind = OrderView['kind'];
export type OrderSource = NonNullable<OrderView['mes']>['source'];
export type OrderState = OrderView['state'];
export type PlannedIdentity = WindowMethods['plannedIdentities']['result']['_zod']['output'][number];
export type PlannedState = PlannedIdentity['state'];
export type OrderContentParams = OrderRequestParams['content'];
export type CountParams = Extract<OrderContentParams, { kind: 'counter' }>['counts'][number];
export type ListSource = Extract<OrderContentParams, { kind: 'list' }>['source'];
export type ReadingParams = Extract<OrderContentParams, { kind: 'list' }>['reading'];
export type DeviceLabel = WindowMethods['deviceLabels']['result']['_zod']['output'][number];
