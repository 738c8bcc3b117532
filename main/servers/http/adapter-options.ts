import type { Clock } from '../../domain/ports';
import type { ServerSettings } from '../../domain/profile';
import { HttpClient } from './http-client';
import type { EndpointNames, HttpTimeouts } from './http-exchange';
import type { ProxyEnvironment } from './http-route';
import { proxyOfEnvironment } from './http-route';
import type { Patience } from './patience';
import { usualPatience } from './patience';

/** How an adapter speaks to its server. */
export interface Surroundings {
  readonly clock: Clock;
  readonly timeouts: HttpTimeouts;
  readonly patience: Patience;
  /** Milliseconds that the server gets to finish a request whose reply was lost, before it is read or sent again. */
  readonly settle: number;
  /** What the session says about proxies. */
  readonly proxyEnvironment: ProxyEnvironment;
}

/** What every adapter may be told; the rest is as usual. */
export type AdapterOptions = { readonly [Name in keyof Surroundings]?: Surroundings[Name] | undefined };

export const systemClock: Clock = { now: () => new Date() };
const usualTimeouts: HttpTimeouts = { connect: 10_000, headers: 30_000, body: 30_000 };

/** @param patience where none was told */
export function surroundingsOf(options: AdapterOptions, patience = usualPatience): Surroundings {
  return {
    clock: options.clock ?? systemClock,
    timeouts: options.timeouts ?? usualTimeouts,
    patience: options.patience ?? patience,
    settle: options.settle ?? 1000,
    proxyEnvironment: options.proxyEnvironment ?? proxyOfEnvironment(),
  };
}

/** A client of the address that a profile names. */
export function clientOf({ url, certificateAuthority, proxy }: Pick<ServerSettings, 'url' | 'certificateAuthority' | 'proxy'>, names: EndpointNames, { timeouts, proxyEnvironment }: Surroundings): HttpClient {
  return new HttpClient(url, { names, certificateAuthority, proxy, timeouts }, proxyEnvironment);
}
