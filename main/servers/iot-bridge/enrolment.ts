import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { DeliveredContent, DeviceKey, EnrolReceipt } from '../../domain/ports';
import type { HttpReply } from '../http/http-exchange';
import { ExchangeFailure } from '../http/http-failures';
import { pause } from '../http/patience';
import { serverWords } from '../http/server-words';
import { certificateRequest } from './certificate-request';
import { checkChain, type CheckedChain } from './chain';
import type { Endpoint } from './endpoint';
import { jsonOf } from './endpoint';
import type { BridgeOptions } from './options';
import { readWireguard } from './wireguard';

export type BridgeApi = 'documented' | 'bridge';

/** The bodies of the two: as the walk-through documents them, and as the bridge's source has them. */
const replySchemas = {
  documented: z
    .object({ certificate_pem: z.string(), ca_chain_pem: z.string(), wireguard_config: z.string().nullish() })
    .transform(({ certificate_pem: certificate, ca_chain_pem: chain, wireguard_config: wireguard }) => ({ certificate, chain, wireguard: wireguard ?? undefined })),
  bridge: z
    .object({ certificate: z.string(), ca_chain: z.string(), wireguard_config: z.string().nullish() })
    .transform(({ certificate, ca_chain: chain, wireguard_config: wireguard }) => ({ certificate, chain, wireguard: wireguard ?? undefined })),
} as const;
type BridgeReply = z.output<(typeof replySchemas)['bridge']>;

/** Which shape a bridge turned out to speak, by its address; asked again after a restart, which costs one refused request. */
export type KnownApis = Map<string, BridgeApi>;

export interface EnrolmentParts {
  readonly endpoint: Endpoint;
  readonly url: string;
  readonly options: BridgeOptions;
  readonly known: KnownApis;
  readonly now: () => Date;
  /** Milliseconds that the server gets to finish a request whose reply was lost. */
  readonly settle: number;
}

/** How often the bridge is asked again, with the same key, where it is not known what became of a request. */
const mostAttempts = 3;

/**
 * Enrols a device: its certificate, the chain above it, its WireGuard file, checked before anything is written.
 *
 * CRASH: the certificate is signed before hawkBit is asked, so after a 5xx or a lost reply it may exist: the bridge is asked
 * again with the same key, which is the only one that such a certificate is good for.
 *
 * @throws ImprintError server-*, cancelled
 */
export async function enrolDevice(parts: EnrolmentParts, deviceId: string, key: DeviceKey, signal: AbortSignal): Promise<EnrolReceipt> {
  const request = await certificateRequest(deviceId, key);
  let unknown = 0;
  for (;;) {
    const api = parts.options.api ?? parts.known.get(parts.url) ?? 'documented';
    let reply: HttpReply;
    try {
      reply = await send(parts, api, deviceId, request, key, signal);
    } catch (thrown) {
      if (!(thrown instanceof ExchangeFailure)) throw thrown;
      if (!thrown.mayHaveArrived || (unknown += 1) >= mostAttempts) throw thrown.error;
      await pause(parts.settle, signal);
      continue;
    }
    if (reply.status === 200 || reply.status === 201) {
      parts.known.set(parts.url, api);
      return receiptOf(parts, api, deviceId, key, reply, unknown);
    }
    if (reply.status === 422 && parts.options.api === undefined && api === 'documented' && wantsOtherShape(reply)) {
      parts.known.set(parts.url, 'bridge');
      continue;
    }
    if (reply.status < 500 || isRefusalOfAuthority(reply) || (unknown += 1) >= mostAttempts) throw refusalOf(reply, deviceId);
    await pause(parts.settle, signal);
  }
}

async function send({ endpoint, options }: EnrolmentParts, api: BridgeApi, deviceId: string, request: string, key: DeviceKey, signal: AbortSignal): Promise<HttpReply> {
  const path = `/devices/${encodeURIComponent(deviceId)}/enroll`;
  if (api === 'documented') return endpoint.send({ method: 'POST', path, body: { csr_pem: request } }, undefined, false, signal);
  const own = ownerOfWireguardKey(options, api) === 'station' ? { wg_public_key: Buffer.from(await key.agreementKey()).toString('base64') } : {};
  return endpoint.send({ method: 'POST', path, body: { csr: request, device_name: deviceId, device_type: options.deviceType, ...own } }, undefined, false, signal);
}

/** A list of missing fields that names `csr`: the bridge speaks as its source does. */
const missingFields = z.object({ detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])) })) });
function wantsOtherShape(reply: HttpReply): boolean {
  const parsed = missingFields.safeParse(jsonOf(reply));
  return parsed.success && parsed.data.detail.some(({ loc }) => loc.at(-1) === 'csr');
}

/** The authority said no to this request: another try would get the same answer. */
function isRefusalOfAuthority(reply: HttpReply): boolean {
  return reply.status === 502 && /returned 4\d\d/.test(serverWords(reply) ?? '');
}

function refusalOf(reply: HttpReply, deviceId: string): ImprintError {
  const words = serverWords(reply);
  const said = words === undefined ? `status ${String(reply.status)}` : `${String(reply.status)}: ${words}`;
  if (reply.status === 422) return new ImprintError('server-refused', `The bridge does not take the certificate request of ${deviceId} (${said}); check server.options.api and the key type of the profile.`, { field: 'server.options.api' });
  if (isRefusalOfAuthority(reply)) return new ImprintError('server-refused', `The tenant's authority does not sign for ${deviceId} (${said}); check the identity and the key type against what it allows.`, { field: 'identity' });
  if (reply.status === 404) return new ImprintError('server-refused', `There is no IoT Bridge at ${reply.origin} under this path (${said}); check server.url.`, { field: 'server.url' });
  if (reply.status >= 500) return new ImprintError('server-busy', `The bridge could not enrol ${deviceId} (${said}); a certificate for the key that is destroyed now may exist. Try again later.`);
  return new ImprintError('server-refused', `The bridge refused to enrol ${deviceId} (${said}).`, { field: 'server.url' });
}

function receiptOf(parts: EnrolmentParts, api: BridgeApi, deviceId: string, key: DeviceKey, reply: HttpReply, unknown: number): EnrolReceipt {
  const parsed = replySchemas[api].safeParse(jsonOf(reply));
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new ImprintError('server-reply-invalid', `The bridge's reply is not in the form that is ${api === 'documented' ? 'documented' : 'its own'}${at === '' ? '' : ` (at ${at})`}: is ${reply.origin} really an IoT Bridge? Nothing was written.`, { field: 'server.options.api' });
  }
  assertClock(parts, reply);
  const checked = checkChain(parsed.data.certificate, parsed.data.chain, parts.options, { deviceId, publicKey: key.publicKey, now: parts.now() });
  const contents = contentsOf(parts, api, deviceId, parsed.data, checked);
  const until = checked.leaf.notAfter.slice(0, 16).replace('T', ' ');
  const earlier = unknown === 0 ? '' : ` It was asked ${String(unknown + 1)} times: certificates of earlier tries may exist, for this same key.`;
  return { serverDeviceId: deviceId, already: false, sentence: `The bridge enrolled ${deviceId}: certificate ${checked.leaf.serial}, valid until ${until} UTC.${earlier}`, contents, certificates: [checked.leaf] };
}

/** A certificate is only as good as the clocks that judge it. */
function assertClock({ options, now }: EnrolmentParts, reply: HttpReply): void {
  const there = Date.parse(reply.headers['date'] ?? '');
  if (Number.isNaN(there)) return;
  const apart = Math.abs(there - now().getTime()) / 1000;
  if (apart <= options.clockSkew) return;
  throw new ImprintError('server-reply-invalid', `The clocks of this workstation and of the bridge are ${String(Math.round(apart / 60))} minutes apart: set the one that is wrong. Nothing was written.`, { field: 'server.options.clockSkew' });
}

export function ownerOfWireguardKey(options: BridgeOptions, api: BridgeApi): 'station' | 'server' {
  return options.wireguardKey ?? (api === 'documented' ? 'server' : 'station');
}

function contentsOf({ options, now }: EnrolmentParts, api: BridgeApi, deviceId: string, { wireguard }: BridgeReply, checked: CheckedChain): readonly DeliveredContent[] {
  const config = wireguard === undefined || wireguard.trim() === '' ? [] : [{ content: 'wireguard-config', parts: readWireguard(wireguard, ownerOfWireguardKey(options, api)) }];
  return [...certificateContents(options, deviceId, checked, now()), ...config];
}

/** What of a checked chain goes onto the card. */
export function certificateContents({ appendRoot }: BridgeOptions, deviceId: string, { leaf, authorities, root }: CheckedChain, at: Date): readonly DeliveredContent[] {
  const chain = [...authorities, ...(appendRoot ? [root] : [])].join('');
  // Its being there is what the device's bootstrap looks for; what stands in it is for whoever reads a card.
  const marker = { device_id: deviceId, enrolled_at: at.toISOString(), certificate_serial: leaf.serial, certificate_sha256: leaf.sha256, not_after: leaf.notAfter };
  const text = (content: string, words: string): DeliveredContent => ({ content, parts: [{ bytes: Buffer.from(words, 'utf8') }] });
  return [text('certificate', leaf.pem), text('ca-chain', chain), text('enrolled-marker', `${JSON.stringify(marker, undefined, 2)}\n`)];
}
