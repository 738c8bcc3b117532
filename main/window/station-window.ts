import { app, BrowserWindow } from 'electron';
import { lockDown } from './lock-down';
import { pageOrigin, servePage } from './page-scheme';

/**
 * The station's window. It can show our page and nothing else: no navigation, no second window, no permissions, no
 * network.
 */
export function openStationWindow(pageFolder: string, preload: string): BrowserWindow {
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
  window.once('ready-to-show', () => {
    window.show();
  });
  const show = (): void => void window.loadURL(`${pageOrigin}/index.html`);
  // A page can replace itself by an empty document without anybody being asked: then ours comes back.
  window.webContents.on('did-navigate', (_event, url) => {
    if (!url.startsWith(`${pageOrigin}/`)) show();
  });
  show();
  return window;
}
