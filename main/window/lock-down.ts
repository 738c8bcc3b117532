/**
 * What a page cannot do here, whatever runs in it: reach a network, ask for a device or a permission, leave for another
 * address, open a window, download. tests/e2e/hardening-window.test.ts tries each.
 */
import { app, Menu, session, type MenuItemConstructorOptions, type WebContents } from 'electron';
import { pageOrigin } from './page-scheme';

/** Nobody listens there; port 9 is `discard`. */
const nowhere = 'socks5://127.0.0.1:9';

/** Must be called once, when the app is ready and before its first window. */
export function lockDown(): void {
  const { defaultSession } = session;
  defaultSession.setPermissionRequestHandler((_contents, _permission, decide) => {
    decide(false);
  });
  defaultSession.setPermissionCheckHandler(() => false);
  defaultSession.setDevicePermissionHandler(() => false);
  defaultSession.webRequest.onBeforeRequest(({ url }, decide) => {
    decide({ cancel: !isOurs(url) });
  });
  defaultSession.on('will-download', (event) => {
    event.preventDefault();
  });
  // SECURITY: WebRTC, WebTransport and name look-ups ahead of a request pass webRequest by. With a proxy that is not there
  // they lead nowhere; main's own connections to servers do not use this session.
  void defaultSession.setProxy({ mode: 'fixed_servers', proxyRules: nowhere, proxyBypassRules: '<-loopback>' });
  app.on('web-contents-created', (_event, contents) => {
    lockDownContents(contents);
  });
  Menu.setApplicationMenu(Menu.buildFromTemplate(menu()));
}

function isOurs(url: string): boolean {
  return url.startsWith(`${pageOrigin}/`) || url.startsWith('data:') || (!app.isPackaged && url.startsWith('devtools:'));
}

function lockDownContents(contents: WebContents): void {
  contents.setWindowOpenHandler(() => ({ action: 'deny' }));
  contents.setWebRTCIPHandlingPolicy('disable_non_proxied_udp');
  const stay = (event: { preventDefault(): void }): void => {
    event.preventDefault();
  };
  contents.on('will-navigate', stay);
  contents.on('will-frame-navigate', stay);
  contents.on('will-redirect', stay);
  contents.on('will-attach-webview', stay);
  contents.on('select-bluetooth-device', (event, _devices, choose) => {
    // Without an answer the first one would be taken.
    event.preventDefault();
    choose('');
  });
}

/** For its keys only, the bar is hidden: no reload, and developer tools where this is no package. */
function menu(): MenuItemConstructorOptions[] {
  const submenu: MenuItemConstructorOptions[] = [{ role: 'toggleDevTools', visible: !app.isPackaged, enabled: !app.isPackaged }, { role: 'quit' }];
  // Only there do copy and paste need a menu.
  const edit: MenuItemConstructorOptions[] = process.platform === 'darwin' ? [{ role: 'editMenu' }] : [];
  return [{ label: 'Imprint', submenu }, ...edit];
}
