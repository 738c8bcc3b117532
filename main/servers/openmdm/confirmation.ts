import { randomUUID } from 'node:crypto';
import type { Clock, ConfirmRequest } from '../../domain/ports';
import { ImprintError } from '../../domain/errors';
import { printableWords, serverWords } from '../http/server-words';
import { textOf } from './contents';
import { signDeviceRequest } from './device-request';
import { identifierOf } from './identifiers';
import type { MdmClient } from './mdm-client';
import type { MdmOptions } from './options';
import { parseConfig, parseHeartbeat } from './replies';

/**
 * Tries what is on the card before its key is destroyed: a signed request, where a service checks them (only that proves that
 * the key on the card is the pinned one), and the token (which proves that the server has not retired the device).
 *
 * @returns one sentence
 * @throws ImprintError device-not-accepted, server-*; ExchangeFailure
 */
export async function confirmEnrolment(client: MdmClient, options: MdmOptions, clock: Clock, request: ConfirmRequest, signal: AbortSignal): Promise<string> {
  const { serverDeviceId, contents, identity, sign } = request;
  const said: string[] = [];
  if (options.deviceRequests !== undefined && options.enrolment === 'pinned-key') {
    await proveKey(client, options.deviceRequests, serverDeviceId, clock, sign, signal);
    said.push('a request signed by the key on the card was verified against the pinned key');
  }
  if (options.heartbeat) {
    const doing = `trying the token of ${identifierOf(identity)}`;
    const token = textOf(contents, 'token') ?? '';
    const config = parseConfig(await client.agent({ method: 'GET', path: '/agent/config' }, true, signal, token), doing);
    if (config.device.id !== serverDeviceId) throw new ImprintError('server-reply-invalid', `The token of device ${serverDeviceId} is that of device ${printableWords(config.device.id) ?? '?'}: look at the server before this card is used.`);
    // With the station's own time: the watch must not take this for the board.
    parseHeartbeat(await client.agent({ method: 'POST', path: '/agent/heartbeat', body: { timestamp: clock.now().toISOString() } }, true, signal, token), doing);
    said.push('the server took a heartbeat with the token');
  }
  const sentence = said.join(', and ');
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)} (device ${serverDeviceId}).`;
}

async function proveKey(client: MdmClient, path: string, deviceId: string, clock: Clock, sign: ConfirmRequest['sign'], signal: AbortSignal): Promise<void> {
  const content = { imprint: 'key check' };
  // As the client sends it: the signature is over the very bytes.
  const signed = await signDeviceRequest({ deviceId, timestamp: clock.now().toISOString(), body: JSON.stringify(content), nonce: randomUUID() }, sign);
  const reply = await client.agent({ method: 'POST', path, body: content, headers: signed.headers }, true, signal);
  if (reply.status >= 200 && reply.status < 300) return;
  const words = serverWords(reply);
  throw new ImprintError('device-not-accepted', `The service that checks signed requests refused the key of device ${deviceId} (${String(reply.status)}${words === undefined ? '' : `: ${words}`}): the server has pinned another key than the one on this card.`, { field: 'server.options.deviceRequests' });
}
