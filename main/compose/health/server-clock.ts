import { asImprintError } from '../../domain/errors';
import type { ClockFacts } from '../../domain/health';
import type { ServerSettings } from '../../domain/profile';
import { clientOf, surroundingsOf } from '../../servers/http/adapter-options';
import { ExchangeFailure } from '../../servers/http/http-failures';

const timeouts = { connect: 4000, headers: 4000, body: 4000 };

/**
 * How far this computer's clock is from the server's, by the Date of a reply (RFC 9110, 6.6.1). Asked without credentials: what
 * the server says to that does not matter. The Date has whole seconds and the way takes time, so a second or two is no difference.
 */
export async function serverClock(server: ServerSettings, signal: AbortSignal, clock: () => number = Date.now): Promise<ClockFacts> {
  const { origin } = new URL(server.url);
  try {
    const client = clientOf(server, { product: 'a server', urlField: 'server.url', authorityField: 'server.caFile' }, surroundingsOf({ timeouts }));
    try {
      const before = clock();
      const { headers } = await client.exchange({ method: 'GET', path: '/' }, undefined, signal);
      const middle = (before + clock()) / 2;
      const told = Date.parse(headers['date'] ?? '');
      if (Number.isNaN(told)) return { server: origin, trouble: 'its replies have no Date' };
      return { server: origin, aheadSeconds: (middle - (told + 500)) / 1000 };
    } finally {
      await client.close();
    }
  } catch (thrown) {
    return { server: origin, trouble: (thrown instanceof ExchangeFailure ? thrown.error : asImprintError(thrown)).message };
  }
}
