import { useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import type { ReportWish } from './contract';
import { AcceptancePage } from './acceptance/acceptance-page';
import { OperatorsDialog } from './access/operators-dialog';
import { OwnPinDialog } from './access/own-pin-dialog';
import { useWho } from './access/use-access';
import type { PeopleDialog } from './access/who-is-here';
import { AuditPage } from './audit/audit-page';
import { BenchPage } from './bench/bench-page';
import { DevicePage } from './device/device-page';
import { OrdersPage } from './orders/orders-page';
import { DevicesPage } from './devices/devices-page';
import { CertificatesPage } from './certificates/certificates-page';
import { Announcer } from './frame/announcer';
import { CodeDialog } from './frame/code-dialog';
import { Header } from './frame/header';
import { DeskDialog } from './frame/desk-dialog';
import { HelpDialog } from './frame/help-dialog';
import { KeyHints } from './frame/key-hints';
import { Notices } from './frame/notices';
import { ProblemPage } from './frame/problem-page';
import { SecretDialog } from './frame/secret-dialog';
import { PageRail, pageNames } from './frame/page-rail';
import { PracticeStrip, WarningStrip } from './frame/strips';
import { HealthDialog } from './health/health-dialog';
import { hintsFor } from './hints';
import { LabelsDialog } from './labels/labels-dialog';
import { readBenchCode } from './logic/command-codes';
import { focusHolder, isDialogOpen } from './logic/elements';
import { landsInScanField } from './logic/focus';
import { readWindowKey } from './logic/window-keys';
import { DashboardPage } from './report/dashboard-page';
import { ShiftPage } from './report/shift-page';
import { SlotsDialog } from './slots/slots-dialog';
import type { AcceptanceSearch, CertificateSearch, DeviceSearch, ListPage, Page, RecordSearch } from './state/page';
import { emptyAcceptanceSearch, emptyCertificateSearch, emptyRecordSearch, emptySearch, isListPage, thisShift } from './state/page';
import { useAnnouncement } from './state/use-announcement';
import { useArrival } from './state/use-arrival';
import { useWedge } from './state/use-wedge';
import { useKeys } from './state/use-keys';
import { useStation } from './state/use-station';
import { useTheme } from './state/use-theme';
import { ask } from './station';
import { texts } from './texts';
import { refused } from './logic/of-main';

/** @param first the page that is shown when somebody comes */
export function App({ first }: { readonly first: ListPage }) {
  const { state, reload, showSlot, notify, dismiss, answerSecret, answerCode } = useStation();
  const { theme, toggle } = useTheme();
  const who = useWho();
  const [page, setPage] = useState<Page>({ name: first });
  const [search, setSearch] = useState<DeviceSearch>(emptySearch);
  const [acceptanceSearch, setAcceptanceSearch] = useState<AcceptanceSearch>(emptyAcceptanceSearch);
  const [certificateSearch, setCertificateSearch] = useState<CertificateSearch>(emptyCertificateSearch);
  const [recordSearch, setRecordSearch] = useState<RecordSearch>(emptyRecordSearch);
  const [shiftWish, setShiftWish] = useState<ReportWish>(thisShift);
  const [selectedName, setSelectedName] = useState<string>();
  const [help, setHelp] = useState(false);
  const [deskOpen, setDeskOpen] = useState(false);
  const [healthOpen, setHealthOpen] = useState(false);
  const [slotsOpen, setSlotsOpen] = useState(false);
  const [peopleOpen, setPeopleOpen] = useState(false);
  const [labelsOpen, setLabelsOpen] = useState(false);
  const { bench } = state;
  const signedIn = who?.mode === 'operators' ? who.operator : undefined;
  const people: PeopleDialog | undefined = bench?.rights.includes('manage-operators') === true ? 'operators' : signedIn === undefined ? undefined : 'own-pin';
  const closePeople = (): void => setPeopleOpen(false);
  const announcement = useAnnouncement(bench?.slots ?? noSlots);
  const arrival = useArrival(page.name === 'device' ? `device ${page.deviceId}` : page.name, page.name === 'device' ? texts.navigation.devices : pageNames[page.name]);
  const selected = bench?.slots.find((slot) => slot.name === selectedName) ?? bench?.slots[0];

  const openBench = (): void => setPage({ name: 'bench' });
  const openAcceptance = (): void => setPage({ name: 'acceptance' });
  const openAudit = (): void => setPage({ name: 'audit' });
  const chooseBatch = (batch: string): void => {
    void ask('setBatch', { batch }).then((reply) => (reply.ok ? openBench() : notify(refused(reply.error))));
  };
  const showBatch = (batch: string): void => {
    setAcceptanceSearch({ ...emptyAcceptanceSearch, batch });
    openAcceptance();
  };
  const openSlots = (): void => {
    if (bench?.practice === true) notify({ sentence: texts.slots.notInPractice, tone: 'information' });
    else setSlotsOpen(bench !== undefined);
  };
  const openLabels = (): void => setLabelsOpen(bench !== undefined);
  const openDevice = (deviceId: string): void => setPage((now) => ({ name: 'device', deviceId, from: now.name === 'device' ? now.from : now.name }));
  const back = (): void => setPage((now) => ({ name: now.name === 'device' ? now.from : 'bench' }));
  const open = (what: 'openProfile' | 'openPractice') => (): void => {
    void ask(what, {}).then((reply) => {
      if (!reply.ok) notify(refused(reply.error));
      else if (what === 'openPractice' || reply.value !== undefined) openBench();
    });
  };

  const caught = useRef<(text: string) => void>(undefined);
  useWedge((text) => {
    if (readBenchCode(text)?.command === 'sign-in' && who?.mode === 'operators') return void ask('lock', {});
    if (page.name !== 'bench') flushSync(openBench);
    caught.current?.(text);
  });

  useKeys((event) => {
    const dialogOpen = isDialogOpen();
    const holder = focusHolder(null);
    const field = document.activeElement instanceof HTMLInputElement ? document.activeElement.value : '';
    const command = readWindowKey(event, { dialogOpen, fieldEmpty: field === '', page: page.name });
    if (command === undefined) {
      // A scan where no field awaits one is the next device: the bench takes it, first character included; or the search that led here.
      const takesNone = page.name === 'device' || page.name === 'shift' || page.name === 'dashboard';
      if (takesNone && !event.ctrlKey && landsInScanField(event, { dialogOpen, holder })) flushSync(page.name === 'device' && page.from === 'audit' ? openAudit : openBench);
      return;
    }
    event.preventDefault();
    if (event.repeat) return;
    const commands = { 'slots': openSlots, 'people': () => setPeopleOpen(people !== undefined), 'health': () => setHealthOpen(true), 'help': () => setHelp(true), 'desk': () => setDeskOpen(bench !== undefined), 'theme': toggle, 'open-profile': open('openProfile'), 'labels': openLabels, 'back': back };
    if (isListPage(command)) setPage({ name: command });
    else commands[command]();
  });

  const [question] = state.questions;
  const [code] = state.codes;
  return (
    <div className="window" data-practice={bench?.practice}>
      <Header bench={bench} theme={theme} people={people} onPeople={() => setPeopleOpen(true)} onDesk={() => setDeskOpen(bench !== undefined)} onTheme={toggle} onOpenProfile={open('openProfile')} onOpenPractice={open('openPractice')} />
      <div className="strips">
        {bench?.practice === true ? <PracticeStrip /> : null}
        <WarningStrip warnings={[...(bench?.warnings ?? []), ...(bench?.desk.badLots ?? []).map(({ lot, month }) => texts.desk.badLot(lot, month.failed, month.of))]} />
      </div>
      <PageRail page={page.name === 'device' ? page.from : page.name} onPage={(name) => setPage({ name })} />
      {state.problem !== undefined && bench === undefined ? <ProblemPage problem={state.problem} onRetry={reload} /> : null}
      {bench === undefined ? null : (
        <>
          {page.name === 'bench' ? <BenchPage bench={bench} selected={selected} onSelect={setSelectedName} onSlot={showSlot} onOpen={openDevice} onLabels={openLabels} notify={notify} caught={caught} /> : null}
          {page.name === 'devices' ? <DevicesPage search={search} bench={bench} onSearch={setSearch} onOpen={openDevice} /> : null}
          {page.name === 'acceptance' ? <AcceptancePage bench={bench} search={acceptanceSearch} onSearch={setAcceptanceSearch} onOpen={openDevice} /> : null}
          {page.name === 'certificates' ? <CertificatesPage bench={bench} search={certificateSearch} onSearch={setCertificateSearch} onOpen={openDevice} /> : null}
          {page.name === 'audit' ? <AuditPage search={recordSearch} scanAttribute={bench.scanAttribute} onSearch={setRecordSearch} onOpen={openDevice} notify={notify} /> : null}
          {page.name === 'orders' ? <OrdersPage bench={bench} onUse={chooseBatch} onShow={showBatch} onOpen={openDevice} /> : null}
          {page.name === 'shift' ? <ShiftPage bench={bench} wish={shiftWish} onWish={setShiftWish} notify={notify} /> : null}
          {page.name === 'dashboard' ? <DashboardPage bench={bench} /> : null}
          {page.name === 'device' ? <DevicePage key={page.deviceId} deviceId={page.deviceId} bench={bench} onBack={back} onOpen={openDevice} notify={notify} /> : null}
        </>
      )}
      <KeyHints hints={hintsFor(page.name, bench, selected)} slots={bench?.practice === false} />
      <Notices notices={state.notices} onDismiss={dismiss} />
      <Announcer said={announcement} page={arrival} />
      {slotsOpen ? <SlotsDialog onClose={() => setSlotsOpen(false)} /> : null}
      {peopleOpen && people === 'operators' ? <OperatorsDialog self={signedIn} onClose={closePeople} /> : null}
      {peopleOpen && people === 'own-pin' && signedIn !== undefined ? (
        <OwnPinDialog
          name={signedIn}
          onDone={() => {
            closePeople();
            notify({ sentence: texts.access.person.ownPinDone, tone: 'success' });
          }}
          onClose={closePeople}
        />
      ) : null}
      {labelsOpen && bench !== undefined ? <LabelsDialog bench={bench} notify={notify} onClose={() => setLabelsOpen(false)} /> : null}
      {deskOpen ? <DeskDialog onClose={() => setDeskOpen(false)} /> : null}
      {help ? (
        <HelpDialog
          onHealth={() => {
            setHelp(false);
            setHealthOpen(true);
          }}
          onClose={() => setHelp(false)}
        />
      ) : null}
      {healthOpen ? <HealthDialog onClose={() => setHealthOpen(false)} notify={notify} /> : null}
      {code === undefined ? null : <CodeDialog key={code.requestId} question={code} onAnswer={answerCode} />}
      {question === undefined ? null : <SecretDialog key={question.requestId} question={question} onAnswer={answerSecret} />}
    </div>
  );
}

const noSlots: readonly never[] = [];
