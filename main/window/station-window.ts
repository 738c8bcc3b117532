import { app, BrowserWindow } from 'electron';
import { usualLanguage, type Language } from '../domain/languages';
import { lockDown } from './lock-down';
import { pageOrigin, servePage } from './page-scheme';
import { zoomByKeys } from './zoom';

/** Names of Chromium's own translations. British English has dates with the day first, on a clock of 24 hours. */
export const chromiumLocales: Readonly<Record<Language, string>> = { 'en': 'en-GB', 'de': 'de', 'zh-Hans': 'zh-CN' };

/**
 * Loads the page in a language. It is said in the address, so that the page knows it before it shows anything.
 *
 * What main does goes on meanwhile: the page is only shown anew.
 */
export function speak(window: BrowserWindow, language: Language): void {
  void window.loadURL(addressIn(language));
}

function addressIn(language: Language): string {
  return `${pageOrigin}/index.html${language === usualLanguage ? '' : `?language=${language}`}`;
}

/**
 * The station's window. It can show our page and nothing else: no navigation, no second window, no permissions, no
 * network.
 */
export function openStationWindow(pageFolder: string, preload: string, language: Language): BrowserWindow {
  servePage(pageFolder);
  lockDown();
  const window = new BrowserWindow({
    width: 1280,
    height: 800,
    minWidth: 800,
    minHeight: 560,
    show: false,
    title: 'Imprint',
    backgroundColor: '#14181d',
    autoHideMenuBar: true,
    webPreferences: { preload, contextIsolation: true, sandbox: true, nodeIntegration: false, webviewTag: false, spellcheck: false, devTools: !app.isPackaged },
  });
  window.setMenuBarVisibility(false);
  zoomByKeys(window.webContents);
  window.once('ready-to-show', () => {
    window.show();
  });
  // A page can replace itself by an empty document without anybody being asked: then ours comes back, in its language.
  let own = addressIn(language);
  window.webContents.on('did-navigate', (_event, url) => {
    if (url.startsWith(`${pageOrigin}/`)) own = url;
    else void window.loadURL(own);
  });
  speak(window, language);
  return window;
}
