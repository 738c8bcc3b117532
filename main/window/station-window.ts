import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { BrowserWindow, protocol, session } from 'electron';
import { usualLanguage, type Language } from '../domain/languages';
import { zoomByKeys } from './zoom';

const scheme = 'imprint';
export const pageOrigin = `${scheme}://station`;

/** Names of Chromium's own translations. British English has dates with the day first, on a clock of 24 hours. */
export const chromiumLocales: Readonly<Record<Language, string>> = { 'en': 'en-GB', 'de': 'de', 'zh-Hans': 'zh-CN' };

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Must be called before the app is ready. */
export function registerPageScheme(): void {
  protocol.registerSchemesAsPrivileged([{ scheme, privileges: { standard: true, secure: true } }]);
}

/** Serves the bundled page from its folder, and nothing else. */
function servePage(folder: string): void {
  protocol.handle(scheme, async (request) => {
    const url = new URL(request.url);
    const relative = normalize(decodeURIComponent(url.pathname)).replace(/^[/\\]+/, '') || 'index.html';
    const type = types[extname(relative)];
    // SECURITY: a path that leaves the folder is not served; normalize has resolved every `..` by now.
    if (url.host !== 'station' || type === undefined || relative.split(sep).includes('..')) return new Response('', { status: 404 });
    try {
      const body = await readFile(join(folder, relative));
      return new Response(new Uint8Array(body), { headers: { 'content-type': type, 'content-security-policy': contentSecurityPolicy, 'x-content-type-options': 'nosniff' } });
    } catch {
      return new Response('', { status: 404 });
    }
  });
}

/**
 * Loads the page in a language. It is said in the address, so that the page knows it before it shows anything.
 *
 * What main does goes on meanwhile: the page is only shown anew.
 */
export function speak(window: BrowserWindow, language: Language): void {
  void window.loadURL(`${pageOrigin}/index.html${language === usualLanguage ? '' : `?language=${language}`}`);
}

/**
 * The station's window. It can show our page and nothing else: no navigation, no second window, no permissions, no
 * network.
 */
export function openStationWindow(pageFolder: string, preload: string, language: Language): BrowserWindow {
  servePage(pageFolder);
  session.defaultSession.setPermissionRequestHandler((_contents, _permission, decide) => {
    decide(false);
  });
  session.defaultSession.setPermissionCheckHandler(() => false);
  session.defaultSession.webRequest.onBeforeRequest((details, decide) => {
    const own = details.url.startsWith(`${pageOrigin}/`) || details.url.startsWith('devtools:') || details.url.startsWith('data:');
    decide({ cancel: !own });
  });
  const window = new BrowserWindow({
    width: 1280,
    height: 800,
    minWidth: 800,
    minHeight: 560,
    show: false,
    title: 'Imprint',
    backgroundColor: '#14181d',
    autoHideMenuBar: true,
    webPreferences: { preload, contextIsolation: true, sandbox: true, nodeIntegration: false, spellcheck: false },
  });
  window.setMenuBarVisibility(false);
  zoomByKeys(window.webContents);
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  window.webContents.on('will-navigate', (event) => {
    event.preventDefault();
  });
  window.webContents.on('will-attach-webview', (event) => {
    event.preventDefault();
  });
  window.once('ready-to-show', () => {
    window.show();
  });
  speak(window, language);
  return window;
}

