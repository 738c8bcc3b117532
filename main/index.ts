/** Composition root of the station's window. With a command among its arguments it is the command line. */
import { randomUUID } from 'node:crypto';
import { join, resolve } from 'node:path';
import { app, dialog } from 'electron';
import { auditHandlers } from './compose/audit-handlers';
import { commandSheetName, putCommandSheet } from './compose/command-sheet-file';
import { BenchSession, slotView, type SessionListeners, type SessionQuestions } from './compose/bench-session';
import { buildFacts } from './compose/build-facts';
import { readArguments } from './compose/commands/arguments';
import { commandLine, isCommand } from './compose/command-line';
import { ErrorLog, textsIn } from './compose/error-log';
import { defaultDataFolder } from './compose/data-folder';
import { healthHandlers } from './compose/health/health-handlers';
import type { WhoIsAtWork } from './compose/open-station';
import { stationFolder } from './compose/station-folder';
import type { ReportDesk, WrittenReport } from './compose/report-desk';
import type { SessionSlots } from './compose/session-slots';
import { checkStart, ownArguments, refuseStart } from './compose/started-as';
import { chosenLanguage } from './compose/station-settings';
import { openWindowAccess, refuseOwnRole, type WindowAccess } from './compose/window-access';
import type { AccessView } from './contract/access-channel';
import type { ReportWish, SavedReport } from './contract/report-channel';
import type { CodeQuestion, SecretQuestion, WindowMethods } from './contract/window-channel';
import { asImprintError, ImprintError } from './domain/errors';
import type { DeviceDetails } from './domain/ports';
import { languageOf } from './domain/languages';
import { dayName } from './domain/shifts';
import type { Handlers } from './ipc/remote-procedures';
import { WindowGateway } from './ipc/window-gateway';
import { pageOrigin, registerPageScheme } from './window/page-scheme';
import { chromiumLocales, openStationWindow, speak } from './window/station-window';

const args = ownArguments();
try {
  const command = isCommand(args);
  checkStart(!command);
  if (command) commandLine(args);
  else openWindow();
} catch (thrown) {
  refuseStart(asImprintError(thrown));
}

function openWindow(): void {
  const { values } = readArguments(args);
  const dataFolder = resolve(typeof values['data'] === 'string' ? values['data'] : defaultDataFolder());
  const profile = typeof values['profile'] === 'string' ? resolve(values['profile']) : undefined;
  const server = typeof values['server'] === 'string' ? values['server'] : undefined;
  app.setPath('userData', join(dataFolder, 'window'));
  app.setName('Imprint');
  registerPageScheme();
  // What the browser itself says in the page, such as the form of a date field; from the next start on.
  const language = chosenLanguage(stationFolder(dataFolder, false).root);
  if (language !== undefined) {
    app.commandLine.appendSwitch('lang', chromiumLocales[language]);
    // On Linux the desktop's own wish would be stronger.
    process.env['LANGUAGE'] = chromiumLocales[language];
  }
  // A second start shows the window that is there instead of a second station on the same folder.
  if (!app.requestSingleInstanceLock()) {
    process.stderr.write('The station of this folder is open already.\n');
    app.exit(0);
    return;
  }
  void app.whenReady().then(() => new StationWindow(dataFolder).open(profile, server));
}

/** The window with the bench that it shows. */
class StationWindow {
  readonly #dataFolder: string;
  readonly #errors: ErrorLog;
  readonly #window;
  readonly #gateway: WindowGateway;
  readonly #access: WindowAccess;
  readonly #questions = new Map<string, { readonly ask: SecretQuestion; readonly answer: (answer: { value: string; keep: boolean } | undefined) => void }>();
  readonly #codeQuestions = new Map<string, { readonly ask: CodeQuestion; readonly answer: (code: string | undefined) => void }>();
  /** Whether anybody must sign in is known. */
  #begun: Promise<void>;
  #session: Promise<BenchSession>;
  /** The bench of `#session`, once it is open. */
  #open: BenchSession | undefined;
  #closing = false;

  constructor(dataFolder: string) {
    this.#dataFolder = dataFolder;
    this.#errors = new ErrorLog(dataFolder);
    const language = chosenLanguage(stationFolder(dataFolder, false).root) ?? languageOf(app.getPreferredSystemLanguages());
    this.#window = openStationWindow(join(import.meta.dirname, '../renderer'), join(import.meta.dirname, '../preload/index.cjs'), language);
    this.#begun = new Promise(() => undefined);
    this.#session = new Promise(() => undefined);
    this.#access = openWindowAccess(dataFolder, () => void this.#tellAccess().catch(() => undefined), (wanted) => {
      // After the answer to the page that is going.
      setTimeout(() => speak(this.#window, wanted), 0);
    });
    const { presence } = this.#access;
    this.#gateway = new WindowGateway(this.#window, pageOrigin, this.#handlers(), presence, (method, params, error) => {
      this.#errors.add(error, 'window', method, textsIn(params));
    });
    this.#window.webContents.on('input-event', () => {
      presence.touch();
    });
    const clock = setInterval(() => {
      presence.tick();
    }, 5000);
    this.#window.on('closed', () => {
      clearInterval(clock);
    });
    app.on('second-instance', () => {
      if (this.#window.isMinimized()) this.#window.restore();
      this.#window.focus();
    });
    this.#window.on('close', (event) => {
      if (this.#closing) return;
      event.preventDefault();
      void this.#close();
    });
    app.on('window-all-closed', () => {
      app.quit();
    });
  }

  /** @param server which practice server, where no profile is given */
  async open(profile: string | undefined, server: string | undefined): Promise<void> {
    try {
      const { presence } = this.#access;
      this.#begun = presence.begin(profile !== undefined);
      this.#session = this.#begun.then(() => {
        refuseOwnRole(presence.mode);
        return this.#openSession(profile, server);
      });
      this.#open = await this.#session;
    } catch (thrown) {
      const error = asImprintError(thrown);
      process.stderr.write(`${error.message}\n`);
      dialog.showErrorBox('Imprint', error.message);
      app.exit(error.exitCode);
    }
  }

  #openSession(profile: string | undefined, server?: string): Promise<BenchSession> {
    const { warning } = buildFacts();
    const warnings = warning === undefined ? [] : [warning];
    return profile === undefined
      ? BenchSession.openPractice(this.#dataFolder, warnings, this.#listeners, this.#who, server)
      : BenchSession.openProfile(profile, this.#dataFolder, this.#ask, warnings, this.#listeners, this.#who);
  }

  readonly #who: WhoIsAtWork = () => ({ ...this.#access.presence.who, since: this.#access.presence.cameAt });

  readonly #listeners: SessionListeners = {
    slot: (slot) => {
      this.#gateway.tell('slot', slot);
    },
    jobFailed: (slot, error, identity) => {
      this.#errors.add(error, 'job', slot, textsIn(identity));
    },
    slots: (slots) => {
      this.#gateway.tell('slots', slots);
    },
    bench: (bench) => {
      this.#gateway.tell('bench', bench);
    },
    recovered: (reports) => {
      for (const report of reports) {
        this.#gateway.tell('notice', { sentence: `After a restart, ${Object.values(report.identity).join(', ')}: ${report.sentence}`, tone: report.state === 'done' ? 'success' : 'problem' });
      }
    },
    notice: (sentence, success) => {
      this.#gateway.tell('notice', { sentence, tone: success ? 'success' : 'problem' });
    },
    outbox: (outbox) => {
      this.#gateway.tell('outbox', outbox);
    },
    watch: (watch) => {
      this.#gateway.tell('watch', watch);
    },
    logHealth: (health) => {
      this.#gateway.tell('logHealth', health);
    },
    exports: (exports) => {
      this.#gateway.tell('exports', exports);
    },
  };

  readonly #ask: SessionQuestions = {
    secret: (name, canKeep) => {
      if (!this.#access.presence.may('give-secrets')) return Promise.resolve(undefined);
      const requestId = randomUUID();
      return new Promise((answer) => {
        this.#questions.set(requestId, { ask: { requestId, question: name, canKeep }, answer });
        this.#tellQuestions();
      });
    },
    code: (account) => {
      if (!this.#access.presence.may('give-secrets')) return Promise.resolve(undefined);
      const requestId = randomUUID();
      return new Promise((answer) => {
        this.#codeQuestions.set(requestId, { ask: { requestId, account }, answer });
        this.#tellQuestions();
      });
    },
  };

  /** Again where the page is new: a card that waits for a password must not wait for ever because somebody locked the window. */
  #tellQuestions(): void {
    if (!this.#access.presence.may('give-secrets')) return;
    for (const { ask } of this.#questions.values()) this.#gateway.tell('secretQuestion', ask);
    for (const { ask } of this.#codeQuestions.values()) this.#gateway.tell('codeQuestion', ask);
  }

  /** Opens another bench first and closes the one before only when that worked. */
  async #switchTo(profile: string | undefined): Promise<void> {
    const before = await this.#session;
    if (before.bench.busy) throw new ImprintError('slot-busy', 'A card is being written: wait until it has ended, or cancel it.');
    if (before.exports.busy) throw new ImprintError('export-unwritable', 'An export is under way: wait until it has ended, or cancel it.');
    if (profile === undefined && (await before.view()).practice) return;
    const session = await this.#openSession(profile);
    this.#session = Promise.resolve(session);
    this.#open = session;
    await before.close();
    await session.tellBench();
    // A new station asks who works there before its first card.
    if (profile !== undefined && this.#access.presence.mode === 'undecided') await this.#access.presence.begin(true);
  }

  /** Who is at the window, and the cards that run whoever that is. */
  async #accessView(): Promise<AccessView> {
    await this.#begun;
    const running = (this.#open?.bench.slots ?? []).filter((slot) => slot.state === 'running').map(slotView);
    return this.#access.presence.view(running.map(({ name, word, identity, progress }) => ({ name, word, identity, progress })));
  }

  async #tellAccess(): Promise<void> {
    this.#gateway.tell('access', await this.#accessView());
  }

  #handlers(): Handlers<WindowMethods> {
    const device = async (deviceId: string): Promise<{ session: BenchSession; device: DeviceDetails }> => {
      const session = await this.#session;
      const found = await session.station.record.device(deviceId);
      if (found === undefined) throw new ImprintError('no-such-device', 'The record does not know this device.');
      return { session, device: found };
    };
    const slots = async (): Promise<SessionSlots> => {
      const own = (await this.#session).slots;
      if (own === undefined) throw new ImprintError('no-such-slot', 'The practice bench has slots of its own: open a profile to bind the slots of a reader.');
      return own;
    };
    return {
      bench: async () => {
        this.#tellQuestions();
        return (await this.#session).view();
      },
      scan: async ({ slot, text, others }) => {
        const { labels, bench } = await this.#session;
        // A printed label closes its job; any other code is that of a board.
        return slotView((await labels.scanBack(slot, text)) ?? (await bench.scan(bench.slotForBoard(slot), text, others)));
      },
      give: async ({ slot }) => slotView(await (await this.#session).bench.give(slot)),
      labelPreview: async ({ deviceId }) => (await this.#session).labels.preview(deviceId),
      printTestLabel: async () => (await this.#session).labels.printTest(),
      tryLabels: async () => (await this.#session).labels.wake(),
      decideLabel: async ({ printId, decision }) => (await this.#session).labels.decide(printId, decision),
      deviceLabels: async ({ deviceId }) => (await this.#session).labels.ofDevice(deviceId),
      reprintLabel: async ({ deviceId, reason }) => (await this.#session).labels.reprint(deviceId, reason),
      start: async ({ slot }) => {
        await (await this.#session).bench.start(slot);
      },
      cancel: async ({ slot }) => {
        (await this.#session).bench.cancel(slot);
      },
      clear: async ({ slot }) => {
        (await this.#session).bench.clear(slot);
      },
      powerOn: async ({ slot }) => slotView(await (await this.#session).bench.powerOn(slot)),
      slots: async () => (await slots()).view(),
      bindSlots: async () => (await slots()).beginBinding(),
      endBinding: async ({ keep }) => (await slots()).endBinding(keep),
      setSlotLayout: async ({ layout }) => (await this.#session).setSlotLayout(layout),
      commandCodes: async () => {
        const { canceled, filePath } = await dialog.showSaveDialog(this.#window, { title: 'The sheet of command codes', defaultPath: commandSheetName, filters: [{ name: 'PDF', extensions: ['pdf'] }] });
        if (canceled) return undefined;
        await putCommandSheet(filePath);
        return filePath;
      },
      device: async ({ deviceId }) => ({ device: (await device(deviceId)).device }),
      askServer: async ({ deviceId }) => {
        const found = await device(deviceId);
        return found.session.askServer(found.device);
      },
      devices: async (query) => (await this.#session).station.record.list(query),
      setBatch: async ({ batch }) => (await this.#session).setBatch(batch),
      tryOutbox: async () => (await this.#session).tryOutbox(),
      acceptances: async (query) => (await this.#session).acceptance.page(query),
      certificates: async (query) => (await this.#session).certificates.page(query),
      renew: async ({ slot }) => (await this.#session).certificates.renew(slot),
      watch: async () => (await this.#session).watch.view,
      askNow: async () => (await this.#session).watch.askNow(),
      batches: async () => (await this.#session).acceptance.batches(),
      batch: async ({ batch }) => (await this.#session).acceptance.batch(batch),
      signOff: async ({ batch, remark }) => (await this.#session).acceptance.signOff(batch, remark),
      conflict: async (asked) => (await this.#session).acceptance.conflict(asked),
      reject: async (request) => (await this.#session).acceptance.reject(request),
      removeKey: async (request) => (await this.#session).acceptance.removeKey(request),
      decommission: async (request) => (await this.#session).acceptance.decommission(request),
      ...auditHandlers(this.#window, () => this.#session),
      batchLines: async () => (await this.#session).orders.lines(),
      plannedIdentities: async (query) => (await this.#session).orders.planned(query),
      orderAttributes: async () => (await this.#session).orders.attributes(),
      chooseListFile: async () =>
        (await this.#session).orders.chooseFile(async () => {
          const { filePaths } = await dialog.showOpenDialog(this.#window, { title: 'A list of identities', properties: ['openFile'], filters: [{ name: 'CSV', extensions: ['csv', 'tsv', 'txt'] }] });
          return filePaths[0];
        }),
      readList: async (request) => (await this.#session).orders.readList(request),
      createOrder: async ({ request }) => (await this.#session).orders.create(request),
      changeOrder: async (request) => (await this.#session).orders.change(request),
      shiftReport: async (wish) => (await this.#session).reports.report(wish),
      ...healthHandlers(this.#window, this.#dataFolder, () => this.#session),
      dashboard: async () => (await this.#session).reports.dashboard(),
      saveShiftReport: (wish) => this.#writeReport(wish, (desk, path) => desk.save(wish, path)),
      anchorShiftReport: (wish) => this.#writeReport(wish, (desk, path) => desk.anchor(wish, path)),
      openProfile: async () => {
        const { filePaths } = await dialog.showOpenDialog(this.#window, { title: 'Open a profile', properties: ['openFile'], filters: [{ name: 'Profile', extensions: ['json'] }] });
        const [path] = filePaths;
        if (path !== undefined) await this.#switchTo(path);
        return path;
      },
      openPractice: () => this.#switchTo(undefined),
      access: () => this.#accessView(),
      ...this.#access.handlers,
      answerSecret: ({ requestId, value, keep }) => {
        this.#questions.get(requestId)?.answer(value === undefined || value === '' ? undefined : { value, keep });
        this.#questions.delete(requestId);
      },
      answerCode: ({ requestId, code }) => {
        this.#codeQuestions.get(requestId)?.answer(code);
        this.#codeQuestions.delete(requestId);
      },
    };
  }

  async #writeReport({ batch }: ReportWish, write: (desk: ReportDesk, path: string) => Promise<WrittenReport>): Promise<SavedReport | undefined> {
    const { reports } = await this.#session;
    const name = ['shift-report', dayName(new Date()), ...(batch === undefined ? [] : [batch.replace(/[^\w.-]+/g, '-')])].join('-');
    const { filePath } = await dialog.showSaveDialog(this.#window, { title: 'The shift report', defaultPath: join(app.getPath('documents'), `${name}.pdf`), filters: [{ name: 'PDF', extensions: ['pdf'] }] });
    if (filePath === '') return undefined;
    const { path, sentence } = await write(reports, filePath);
    return { path, sentence };
  }

  /** Cards in work are cancelled and left in a defined state before the window goes. */
  async #close(): Promise<void> {
    this.#closing = true;
    try {
      await (await this.#session).close();
      await this.#access.close();
    } finally {
      this.#window.destroy();
      app.quit();
    }
  }
}
