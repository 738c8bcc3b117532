/** The page's own scheme: no `file:` URL is ever loaded, so the page has no other origin near it and no path to the disk. */
import { readFile } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import { protocol } from 'electron';

const scheme = 'imprint';
export const pageOrigin = `${scheme}://station`;

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
export function servePage(folder: string): void {
  protocol.handle(scheme, async (request) => {
    const path = pathBelow(request);
    const type = types[extname(path ?? '')];
    if (path === undefined || type === undefined) return new Response('', { status: 404 });
    try {
      const body = await readFile(join(folder, path));
      return new Response(new Uint8Array(body), { headers: { 'content-type': type, 'content-security-policy': contentSecurityPolicy, 'x-content-type-options': 'nosniff' } });
    } catch {
      return new Response('', { status: 404 });
    }
  });
}

/** @returns what the request names below the page's folder; undefined where that would be anything else */
function pathBelow({ url, method }: Request): string | undefined {
  try {
    const { host, pathname } = new URL(url);
    const path = normalize(decodeURIComponent(pathname)).replace(/^[/\\]+/, '') || 'index.html';
    // SECURITY: a path that leaves the folder is not served; normalize has resolved every `..` that stays inside by now.
    return host === 'station' && method === 'GET' && !path.split(sep).includes('..') ? path : undefined;
  } catch {
    // Not even an encoded path.
    return undefined;
  }
}
