import { z } from 'zod';
import type { Clock } from '../../domain/ports';
import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { isObject, PracticeProblem } from '../practice/practice-http';
import type { PracticePolicy } from './practice-enrolment';
import { isSignedBy, readPublicKey } from './practice-keys';
import { internalProblem, MdmProblem } from './practice-problems';
import type { PracticeMdmState } from './practice-state';
import type { PracticeMdmTokens } from './practice-tokens';

/** Envelopes are for exactly this version; any other value is protocol 1. */
export function wantsEnvelope(request: PracticeRequest): boolean {
  return request.headers['x-openmdm-protocol'] === '2';
}

export function success(request: PracticeRequest, data: unknown, status: 200 | 201 = 200): PracticeReply {
  return wantsEnvelope(request) ? { status: 200, json: { ok: true, action: 'none', data } } : { status, json: data };
}

/** @param plain what protocol 1 gets instead @throws PracticeProblem for protocol 1 */
export function refuse(request: PracticeRequest, action: 'retry' | 'reauth' | 'unenroll', message: string, plain: PracticeProblem): PracticeReply {
  if (!wantsEnvelope(request)) throw plain;
  return { status: 200, json: { ok: false, action, message } };
}

/** @throws PracticeProblem 500, as the real server does for a body that is no JSON */
export function jsonOf(request: PracticeRequest): unknown {
  try {
    return JSON.parse(request.body.toString('utf8')) as unknown;
  } catch {
    throw internalProblem();
  }
}

const heartbeatTime = z.union([z.string(), z.number()]);

/** What an enrolled device asks for. */
export class PracticeAgentRoutes {
  readonly #state: PracticeMdmState;
  readonly #tokens: PracticeMdmTokens;
  readonly #policy: PracticePolicy | undefined;
  readonly #clock: Clock;

  constructor(state: PracticeMdmState, tokens: PracticeMdmTokens, policy: PracticePolicy | undefined, clock: Clock) {
    this.#state = state;
    this.#tokens = tokens;
    this.#policy = policy;
    this.#clock = clock;
  }

  /** POST /agent/heartbeat. @throws PracticeProblem 401, 404, 500 */
  heartbeat(request: PracticeRequest): PracticeReply {
    return this.#asDevice(request, (deviceId) => {
      const body = jsonOf(request);
      if (body === null) throw internalProblem();
      const device = this.#state.device(deviceId);
      // In the core, so without an envelope; a retired device is still there for it.
      if (device === undefined) throw new MdmProblem(404, 'DEVICE_NOT_FOUND', `Device not found: ${deviceId}`);
      const claimed = heartbeatTime.safeParse(isObject(body) ? body['timestamp'] : undefined).data;
      // The device's own clock is believed.
      const at = claimed === undefined || claimed === '' || claimed === 0 ? this.#clock.now() : new Date(claimed);
      if (Number.isNaN(at.getTime())) throw internalProblem();
      this.#state.saveDevice({ ...device, lastHeartbeat: at.toISOString(), updatedAt: this.#clock.now().toISOString() });
      return success(request, { success: true, pendingCommands: [], policyUpdate: device.policyId === null ? null : (this.#policy ?? null), desiredState: {}, desiredStateVersion: 0 });
    });
  }

  /** GET /agent/config. @throws PracticeProblem 401, 404 */
  config(request: PracticeRequest): PracticeReply {
    return this.#asDevice(request, (deviceId) => {
      const device = this.#state.device(deviceId);
      if (device === undefined || device.deletedAt !== null) return refuse(request, 'unenroll', 'Device not found', new PracticeProblem(404, 'Device not found'));
      return success(request, { device: { id: device.id, enrollmentId: device.enrollmentId, status: device.status }, policy: this.#policy ?? null });
    });
  }

  #asDevice(request: PracticeRequest, work: (deviceId: string) => PracticeReply): PracticeReply {
    const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
    if (token === '') return refuse(request, 'reauth', 'Device authentication required', new PracticeProblem(401, 'Device authentication required'));
    const deviceId = this.#tokens.deviceOf(token);
    if (deviceId === undefined) return refuse(request, 'reauth', 'Invalid or expired device token', new PracticeProblem(401, 'Invalid device token'));
    return work(deviceId);
  }

  /**
   * POST /device-request: a service of its own in the real world, which checks requests against the pinned key with the
   * core's `verifyDeviceRequest`. It looks neither at the time nor at a nonce, so a request can be sent again. This one takes
   * a good request for a sign of life, which a real one does where its owner wrote it so.
   */
  verifyRequest(request: PracticeRequest): PracticeReply {
    const header = (name: string): string => String(request.headers[name] ?? '');
    const refused = (reason: string): PracticeReply => ({ status: 401, json: { error: reason } });
    const device = this.#state.device(header('x-device-id'));
    if (device === undefined || device.deletedAt !== null) return refused('not-found');
    if (device.publicKey === null) return refused('no-pinned-key');
    const key = readPublicKey(device.publicKey);
    const message = [device.id, header('x-device-timestamp'), request.body.toString('utf8'), header('x-device-nonce')].join('|');
    if (key === undefined || !isSignedBy(key, message, header('x-device-signature'))) return refused('signature-invalid');
    const now = this.#clock.now().toISOString();
    this.#state.saveDevice({ ...device, lastHeartbeat: now, updatedAt: now });
    return { status: 200, json: { deviceId: device.id, enrollmentId: device.enrollmentId } };
  }
}
