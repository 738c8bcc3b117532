/** A page that was taken over: each thing that it must not be able to do is tried on the real application. */
import { createSocket } from 'node:dgram';
import { rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/station';
import { openStationWindow, type StationWindow } from '../support/window';

/** What a promise in the page came to: `refused` for one that was rejected or never answered. */
const refused = 'refused';

describe('the window, with a page that was taken over', () => {
  const folder = temporaryFolder();
  let station: StationWindow;
  let page: Page;
  /** Whatever reached it got through. */
  const heard: string[] = [];
  const web = createServer((incoming, outgoing) => {
    heard.push(`${incoming.method ?? ''} ${incoming.url ?? ''}`);
    outgoing.setHeader('access-control-allow-origin', '*');
    outgoing.end('let in');
  });
  web.on('upgrade', (_request, socket) => {
    heard.push('websocket');
    socket.destroy();
  });
  const datagrams = createSocket('udp4');
  datagrams.on('message', () => heard.push('datagram'));
  let port: number;
  let udpPort: number;

  beforeAll(async () => {
    await new Promise<void>((ready) => web.listen(0, '127.0.0.1', ready));
    port = (web.address() as AddressInfo).port;
    await new Promise<void>((ready) => datagrams.bind(0, '127.0.0.1', ready));
    udpPort = datagrams.address().port;
    station = await openStationWindow(join(folder, 'data'));
    page = station.page;
  });

  afterAll(async () => {
    await station.close();
    web.close();
    web.closeAllConnections();
    datagrams.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs in the page as its own code would: from a timer, because the debugger's own evaluation passes the content policy by. */
  const inPage = <Value>(body: string): Promise<Value> =>
    page.evaluate(
      ({ code, none }) =>
        new Promise<never>((resolve) => {
          const tell = (value: unknown): void => {
            resolve(value as never);
          };
          const run = new (Object.getPrototypeOf(async () => undefined).constructor as new (text: string) => () => Promise<unknown>)(code);
          setTimeout(() => {
            run().then(tell, () => tell(none));
          }, 0);
          setTimeout(() => tell(none), 6000);
        }),
      { code: body, none: refused },
    );

  it('can hear what gets through', async () => {
    // Else the tests below would hold whatever the window did.
    await new Promise<void>((done) => request({ port, path: '/control' }, (reply) => reply.resume().on('end', done)).end());
    const control = createSocket('udp4');
    await new Promise<void>((done) => control.send('x', udpPort, '127.0.0.1', () => done()));
    control.close();
    await expect.poll(() => heard).toEqual(['GET /control', 'datagram']);
    heard.length = 0;
    expect(await inPage('return 1 + 1')).toBe(2);
  });

  it('runs no code that came as text', async () => {
    expect(await inPage(`return eval('1 + 1')`)).toBe(refused);
    expect(await inPage(`return new Function('return 2')()`)).toBe(refused);
    const ran = await inPage(`
      const inline = document.createElement('script');
      inline.textContent = 'window.takenOver = "inline"';
      const data = document.createElement('script');
      data.src = 'data:text/javascript,window.takenOver="data"';
      const blob = document.createElement('script');
      blob.src = URL.createObjectURL(new Blob(['window.takenOver = "blob"'], { type: 'text/javascript' }));
      const far = document.createElement('script');
      far.src = 'http://127.0.0.1:PORT/code.js';
      document.body.append(inline, data, blob, far);
      const handler = document.createElement('div');
      handler.innerHTML = '<img src="data:," onerror="window.takenOver = \\'handler\\'"><a href="javascript:window.takenOver=1">x</a>';
      document.body.append(handler);
      handler.querySelector('a').click();
      await new Promise((later) => setTimeout(later, 800));
      for (const added of [inline, data, blob, far, handler]) added.remove();
      return window.takenOver ?? 'nothing ran';`.replace('PORT', String(port)));
    expect(ran).toBe('nothing ran');
    expect(await inPage(`new Worker(URL.createObjectURL(new Blob(['postMessage(1)']))).onmessage = () => (window.takenOver = 'worker'); await new Promise((later) => setTimeout(later, 500)); return window.takenOver`)).not.toBe('worker');
  });

  it('has no Node and nothing of Electron but two functions', async () => {
    expect(await inPage(`return [typeof require, typeof process, typeof module, typeof global, Object.keys(window.imprint).sort().join()]`)).toEqual(['undefined', 'undefined', 'undefined', 'undefined', 'call,on']);
    expect(await inPage(`window.imprint.call = () => 'mine'; return Object.getOwnPropertyDescriptor(window, 'imprint').writable`)).not.toBe(true);
  });

  it('reads no file', async () => {
    for (const url of ['file:///etc/passwd', '/../../../../etc/passwd', '/..%2f..%2fpackage.json', '/%2e%2e/main/index.cjs', '/..%5c..%5cpackage.json', 'imprint://app/../../etc/passwd', '/%', '/%00index.html']) {
      expect.soft(await inPage(`return await (await fetch(${JSON.stringify(url)})).text()`), url).toBe(refused);
    }
    // The same without the policy in front: what the scheme itself would serve.
    const served = await station.application.evaluate(async ({ net }, urls) => {
      const replies: (readonly [number, number])[] = [];
      for (const url of urls) {
        const reply = await net.fetch(url).catch(() => undefined);
        replies.push([reply?.status ?? 404, (await reply?.arrayBuffer())?.byteLength ?? 0]);
      }
      return replies;
    }, ['imprint://station/..%2f..%2fdocs%2fscreenshots%2fbench-accepted.png', 'imprint://station/x/..%2f..%2f..%2fdocs/screenshots/bench-accepted.png', 'imprint://station/..%2f..%2fpackage.json', 'imprint://station/%2e%2e/%2e%2e/etc/passwd', 'imprint://station/..%2fmain/index.cjs', 'imprint://station/%2fetc%2fpasswd', 'imprint://app/index.html', 'imprint://station/index.js.map', 'imprint://station/%']);
    expect(served).toEqual(served.map(() => [404, 0]));
    const own = await station.application.evaluate(async ({ net }) => (await net.fetch('imprint://station/index.html')).status);
    expect(own).toBe(200);
  });

  it('reaches no network, not even past the content policy', async () => {
    const address = `127.0.0.1:${port}`;
    await inPage(`return await (await fetch('http://${address}/fetch')).text()`);
    await inPage(`await new Promise((open, fail) => { const socket = new WebSocket('ws://${address}/'); socket.onopen = open; socket.onerror = fail; })`);
    await inPage(`navigator.sendBeacon('http://${address}/beacon', 'x'); return await new Promise((later) => setTimeout(later, 300))`);
    await inPage(`const image = new Image(); image.src = 'http://${address}/image.png'; await image.decode();`);
    await inPage(`const link = document.createElement('link'); link.rel = 'prefetch'; link.href = 'http://${address}/prefetch'; document.head.append(link); await new Promise((later) => setTimeout(later, 500)); link.remove();`);
    await inPage(`const style = document.createElement('link'); style.rel = 'stylesheet'; style.href = 'http://${address}/style.css'; document.head.append(style); await new Promise((later) => setTimeout(later, 500)); style.remove();`);
    await inPage(`const form = document.createElement('form'); form.action = 'http://${address}/form'; form.method = 'post'; document.body.append(form); form.submit(); await new Promise((later) => setTimeout(later, 500)); form.remove();`);
    // What the policy does not see.
    await inPage(`
      const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.1:${udpPort}' }, { urls: 'turn:${address}?transport=tcp', username: 'u', credential: 'p' }] });
      peer.createDataChannel('out');
      await peer.setLocalDescription(await peer.createOffer());
      await new Promise((later) => setTimeout(later, 2500));
      peer.close();`);
    expect(heard).toEqual([]);
  });

  it('is held back by each of its walls, not only by the first', async () => {
    // The session's own requests, where no policy of a page stands in front.
    const direct = await station.application.evaluate(({ net }, url) => net.fetch(url).then(() => 'let in', (error: unknown) => String(error)), `http://127.0.0.1:${port}/session`);
    expect(direct).toContain('ERR_BLOCKED_BY_CLIENT');
    // What asks nobody: behind the refusal there is no way out either.
    const ways = await station.application.evaluate(async ({ session, webContents }, url) => ({ proxy: await session.defaultSession.resolveProxy(url), webRtc: webContents.getAllWebContents()[0]?.getWebRTCIPHandlingPolicy() }), `http://127.0.0.1:${port}/`);
    expect(ways).toEqual({ proxy: 'SOCKS5 127.0.0.1:9', webRtc: 'disable_non_proxied_udp' });
    // The policy stands in the page and in front of it.
    const { header, page: text } = await station.application.evaluate(async ({ net }) => {
      const reply = await net.fetch('imprint://station/index.html');
      return { header: reply.headers.get('content-security-policy') ?? '', page: await reply.text() };
    });
    for (const policy of [header, /Content-Security-Policy"\s+content="([^"]+)"/.exec(text)?.[1] ?? '']) {
      expect(policy).toMatch(/^default-src 'none'; script-src 'self';/);
      expect(policy).not.toMatch(/unsafe|\*|blob:|https?:/);
    }
    expect(heard).toEqual([]);
  });

  it('stays where it is', async () => {
    const before = page.url();
    for (const go of [`location.href = 'http://127.0.0.1:${port}/'`, `location.assign('file:///etc/passwd')`, `location.href = 'data:text/html,<h1>x</h1>'`, `location.href = 'imprint://app/index.html'`, `history.pushState({}, '', 'http://127.0.0.1:${port}/')`, `document.location.replace('imprint://station/other.html')`]) {
      await inPage(`${go}; await new Promise((later) => setTimeout(later, 300))`).catch(() => undefined);
      expect(page.url(), go).toBe(before);
    }
    await expect.poll(() => page.isVisible('[data-testid="scan-field"]')).toBe(true);
    // Chromium asks nobody about an empty document: the station comes back by itself.
    await page.evaluate(() => setTimeout(() => (location.href = 'about:blank'), 0));
    await page.waitForURL('about:blank');
    await page.waitForSelector('[data-testid="scan-field"]');
    expect(page.url()).toBe(before);
    expect(heard).toEqual([]);
  });

  it('opens no window, frame, view or download', async () => {
    const counted = (): Promise<number> => station.application.evaluate(({ webContents }) => webContents.getAllWebContents().filter((contents) => contents.getType() !== 'remote').length);
    const before = await counted();
    expect(await inPage(`return window.open('http://127.0.0.1:${port}/') === null`)).toBe(true);
    expect(await inPage(`return window.open('about:blank') === null`)).toBe(true);
    await inPage(`const link = document.createElement('a'); link.href = 'http://127.0.0.1:${port}/'; link.target = '_blank'; document.body.append(link); link.click(); link.remove(); await new Promise((later) => setTimeout(later, 300))`);
    await inPage(`const link = document.createElement('a'); link.href = URL.createObjectURL(new Blob(['x'])); link.download = 'taken.txt'; document.body.append(link); link.click(); link.remove(); await new Promise((later) => setTimeout(later, 300))`);
    const inFrame = await inPage(`
      const found = [];
      for (const [name, value] of [['src', 'http://127.0.0.1:${port}/frame'], ['src', 'imprint://station/index.html'], ['src', 'file:///etc/passwd'], ['srcdoc', '<script>parent.takenOver = "frame"</scr' + 'ipt>']]) {
        const frame = document.createElement('iframe');
        frame.setAttribute(name, value);
        document.body.append(frame);
        await new Promise((later) => setTimeout(later, 250));
        let reached = '';
        try { reached = (frame.contentDocument?.body?.textContent ?? '') + (frame.contentWindow?.imprint === undefined ? '' : 'door'); } catch {}
        found.push(/let in|root:|door/.test(reached));
        frame.remove();
      }
      const view = document.createElement('webview');
      view.src = 'http://127.0.0.1:${port}/view';
      document.body.append(view);
      await new Promise((later) => setTimeout(later, 400));
      view.remove();
      return [found, window.takenOver ?? 'nothing ran'];`);
    expect(inFrame).toEqual([[false, false, false, false], 'nothing ran']);
    expect(await counted()).toBe(before);
    expect(heard).toEqual([]);
  });

  it('gets no permission and no device', async () => {
    expect(await inPage(`return await Notification.requestPermission()`)).toBe('denied');
    expect(await inPage(`return await navigator.permissions.query({ name: 'geolocation' }).then(({ state }) => state)`)).toBe('denied');
    for (const ask of [
      'navigator.mediaDevices.getUserMedia({ audio: true, video: true })',
      'navigator.mediaDevices.getDisplayMedia({ video: true })',
      'navigator.usb.requestDevice({ filters: [] })',
      'navigator.serial.requestPort()',
      'navigator.bluetooth.requestDevice({ acceptAllDevices: true })',
      'navigator.clipboard.readText()',
      'new Promise((found, fail) => navigator.geolocation.getCurrentPosition(found, fail))',
      'window.showOpenFilePicker()',
      'window.showDirectoryPicker()',
      'window.queryLocalFonts().then((fonts) => { if (fonts.length === 0) throw new Error(); })',
      'document.body.requestFullscreen()',
    ]) {
      expect.soft(await inPage(`return await Promise.race([(async () => ${ask})().then(() => 'given'), new Promise((_, late) => setTimeout(late, 1500))])`), ask).toBe(refused);
    }
    expect(await inPage(`return (await navigator.usb?.getDevices() ?? []).length + (await navigator.hid?.getDevices() ?? []).length + (await navigator.serial?.getPorts() ?? []).length`)).toBe(0);
    expect(await inPage(`return (await navigator.hid?.requestDevice({ filters: [] }).catch(() => []) ?? []).length`)).toBe(0);
  });

  it('is answered as itself only: not from a frame, another window, another origin, or another channel', async () => {
    await expect.poll(() => page.evaluate(() => (window as unknown as { imprint: { call(name: string, params: object): Promise<unknown> } }).imprint.call('bench', {}))).toMatchObject({ ok: true });
    const answers = await station.application.evaluate(async ({ BrowserWindow, app }) => {
      const path = process.getBuiltinModule('node:path');
      const preload = path.join(app.getAppPath().endsWith('.cjs') ? path.dirname(app.getAppPath()) : app.getAppPath(), '../preload/index.cjs');
      const window = new BrowserWindow({ show: false, webPreferences: { preload, contextIsolation: true, sandbox: true } });
      const call = (): Promise<unknown> => window.webContents.executeJavaScript(`window.imprint === undefined ? 'no preload' : window.imprint.call('bench', {})`) as Promise<unknown>;
      // The right page in a window that is not ours, then a foreign origin in it.
      await window.loadURL('imprint://station/index.html');
      const otherWindow = await call();
      await window.loadURL('data:text/html,<p>foreign</p>');
      const otherOrigin = await call();
      window.destroy();
      return { otherWindow, otherOrigin };
    });
    const refusal = { ok: false, error: { sentence: 'This request does not come from the station.' } };
    expect(answers).toMatchObject({ otherWindow: refusal, otherOrigin: refusal });
    const channels = await station.application.evaluate(({ ipcMain }) => ({ listened: ipcMain.eventNames().map(String), answered: [...(ipcMain as unknown as { _invokeHandlers: Map<string, unknown> })._invokeHandlers.keys()] }));
    // The first of each is Electron's own.
    expect(channels).toEqual({ listened: ['error'], answered: ['IMPORT_SHARED_TEXTURE_RELEASE_RENDERER_TO_MAIN', 'imprint:call'] });
    for (const name of ['constructor', '__proto__', 'toString', 'no-such-method', '']) {
      expect(await page.evaluate((wanted) => (window as unknown as { imprint: { call(name: string, params: object): Promise<unknown> } }).imprint.call(wanted, {}), name), name).toMatchObject({ ok: false });
    }
  });

  it('is asked as its own frame: the door shuts for a frame inside the page that has the channel', async () => {
    // The worst case: a frame of another origin to which somebody gave the preload.
    const asked = await station.application.evaluate(async ({ ipcMain, BrowserWindow }) => {
      const handler = (ipcMain as unknown as { _invokeHandlers: Map<string, (event: object, ...words: unknown[]) => Promise<unknown>> })._invokeHandlers.get('imprint:call');
      const sender = BrowserWindow.getAllWindows()[0]?.webContents;
      const main = sender?.mainFrame;
      const url = 'imprint://station/index.html';
      const ask = (senderFrame: object | null): Promise<unknown> | undefined => handler?.({ sender, senderFrame }, 'bench', {});
      return {
        noFrame: await ask(null),
        inner: await ask({ parent: main, origin: 'imprint://station', url }),
        foreign: await ask({ parent: null, origin: 'https://example.com', url: 'https://example.com/' }),
        alike: await ask({ parent: null, origin: 'imprint://station.example.com', url: 'imprint://station.example.com/' }),
        blank: await ask({ parent: null, origin: 'imprint://station', url: 'about:blank' }),
        own: await ask({ parent: null, origin: 'imprint://station', url }),
      };
    });
    const refusal = { ok: false, error: { sentence: 'This request does not come from the station.' } };
    expect(asked).toMatchObject({ noFrame: refusal, inner: refusal, foreign: refusal, alike: refusal, blank: refusal, own: { ok: true } });
  });
});
