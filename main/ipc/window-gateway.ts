import { ipcMain, type BrowserWindow, type IpcMainInvokeEvent } from 'electron';
import type { z } from 'zod';
import { windowEvents, windowMethods, type WindowEventName, type WindowEvents, type WindowMethods } from '../contract/window-channel';
import { asImprintError, ImprintError, type ErrorReport } from '../domain/errors';
import { answer, type Handlers } from './remote-procedures';

export const callChannel = 'imprint:call';
export const eventChannel = 'imprint:event';

/** Who is at the window, as the gateway asks. */
export interface Doorkeeper {
  /** @throws ImprintError sign-in-needed, not-allowed */
  admit(method: keyof WindowMethods): Promise<void>;
  mayHear(event: WindowEventName): boolean;
}

/**
 * The one door between the window and main. Every message is checked: who sends it, which procedure, whether this person may, which parameters.
 *
 * SECURITY: only the top frame of our own window, showing our own page, is answered.
 */
export class WindowGateway {
  readonly #window: BrowserWindow;
  readonly #doorkeeper: Doorkeeper;

  /** @param refused hears of every method that ended with an error, and with what it was called */
  constructor(window: BrowserWindow, origin: string, handlers: Handlers<WindowMethods>, doorkeeper: Doorkeeper, refused: (method: string, params: unknown, error: ErrorReport) => void = () => undefined) {
    this.#window = window;
    this.#doorkeeper = doorkeeper;
    ipcMain.removeHandler(callChannel);
    ipcMain.handle(callChannel, async (event, name: unknown, params: unknown) => {
      if (!isOurs(event, window, origin) || typeof name !== 'string') {
        return { ok: false, error: new ImprintError('unexpected', 'This request does not come from the station.').toReport() };
      }
      try {
        if (isMethod(name)) await doorkeeper.admit(name);
      } catch (thrown) {
        return { ok: false, error: asImprintError(thrown).toReport() };
      }
      const reply = await answer(windowMethods, handlers, name, params, { signal: new AbortController().signal, onProgress: () => undefined });
      if (!reply.ok) refused(name, params, reply.error);
      return reply;
    });
  }

  /** Tells the window something it did not ask for. */
  tell<Name extends WindowEventName>(name: Name, value: z.input<WindowEvents[Name]>): void {
    if (this.#window.isDestroyed() || !this.#doorkeeper.mayHear(name)) return;
    this.#window.webContents.send(eventChannel, name, windowEvents[name].parse(value));
  }
}

/** What is no method is refused as such by `answer`. */
function isMethod(name: string): name is keyof WindowMethods {
  return Object.hasOwn(windowMethods, name);
}

/** An empty document that our page was replaced by has our origin too: so its address counts besides. */
function isOurs(event: IpcMainInvokeEvent, window: BrowserWindow, origin: string): boolean {
  const frame = event.senderFrame;
  return !window.isDestroyed() && event.sender === window.webContents && frame !== null && frame.parent === null && frame.origin === origin && frame.url.startsWith(`${origin}/`);
}
