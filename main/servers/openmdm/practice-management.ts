import { z } from 'zod';
import type { Clock } from '../../domain/ports';
import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { PracticeProblem } from '../practice/practice-http';
import { jsonOf } from './practice-agent';
import { MdmProblem } from './practice-problems';
import type { PracticeMdmDevice, PracticeMdmState, PracticeMdmStatus } from './practice-state';

/** From which status a device may go to which; `unenrolled` is for good. */
const transitions: Readonly<Record<PracticeMdmStatus, readonly PracticeMdmStatus[]>> = {
  pending: ['enrolled', 'blocked', 'unenrolling', 'unenrolled'],
  enrolled: ['blocked', 'unenrolling', 'unenrolled'],
  blocked: ['enrolled', 'unenrolling', 'unenrolled'],
  unenrolling: ['unenrolled', 'enrolled', 'blocked'],
  unenrolled: [],
};

/** What of a device may be changed; `publicKey: null` unpins it. Other fields are passed over. */
const changesSchema = z.object({
  status: z.enum(['pending', 'enrolled', 'unenrolling', 'unenrolled', 'blocked']).optional(),
  publicKey: z.string().nullable().optional(),
  enrollmentMethod: z.string().nullable().optional(),
  policyId: z.string().nullable().optional(),
});

/** The admin's part: devices as rows. Who may ask is up to whoever runs a real server; here it is one bearer token. */
export class PracticeMdmManagement {
  readonly #state: PracticeMdmState;
  readonly #adminToken: string;
  readonly #clock: Clock;

  constructor(state: PracticeMdmState, adminToken: string, clock: Clock) {
    this.#state = state;
    this.#adminToken = adminToken;
    this.#clock = clock;
  }

  /** @param rest path below `/devices` @returns undefined where there is no such route @throws PracticeProblem 400, 401, 404, 500 */
  handle(request: PracticeRequest, rest: readonly string[]): PracticeReply | undefined {
    if (request.headers.authorization !== `Bearer ${this.#adminToken}`) throw new PracticeProblem(401, 'Authentication required');
    const [id, ...more] = rest;
    if (more.length > 0) return undefined;
    if (id === undefined) return request.method === 'GET' ? this.#list(request.query) : undefined;
    switch (request.method) {
      case 'GET': {
        const device = this.#state.device(id);
        if (device === undefined || device.deletedAt !== null) throw new PracticeProblem(404, 'Device not found');
        return { status: 200, json: device };
      }
      case 'PATCH':
        return { status: 200, json: this.#change(id, request) };
      case 'DELETE':
        this.retire(id);
        return { status: 200, json: { status: 'ok' } };
      default:
        return undefined;
    }
  }

  #list(query: URLSearchParams): PracticeReply {
    const number = (name: string, usual: number): number => (query.get(name) === null ? usual : Number.parseInt(query.get(name) ?? '', 10));
    const limit = number('limit', 100);
    const offset = number('offset', 0);
    const status = query.get('status');
    const search = query.get('search') ?? '';
    const found = this.#state
      .devices()
      .filter((device) => status === null || device.status === status)
      .filter((device) => search === '' || [device.model, device.manufacturer, device.enrollmentId, device.serialNumber].some((value) => isLike(value, search)));
    return { status: 200, json: { devices: found.slice(offset, offset + limit), total: found.length, limit, offset } };
  }

  /** A retired device can be changed as well. */
  #change(id: string, request: PracticeRequest): PracticeMdmDevice {
    const device = this.#state.device(id);
    if (device === undefined) throw new MdmProblem(404, 'DEVICE_NOT_FOUND', `Device not found: ${id}`);
    const changes = changesSchema.safeParse(jsonOf(request));
    if (!changes.success) throw new PracticeProblem(500, 'Internal server error');
    const given = Object.fromEntries(Object.entries(changes.data).filter(([, value]) => value !== undefined));
    if (changes.data.status !== undefined) checkTransition(device.status, changes.data.status);
    return this.#state.saveDevice({ ...device, ...given, updatedAt: this.#clock.now().toISOString() });
  }

  /** The row stays, out of the list, with its key and its enrollmentId. Nobody minds where there is none. @throws PracticeProblem 400 */
  retire(id: string): void {
    const device = this.#state.device(id);
    if (device === undefined) return;
    checkTransition(device.status, 'unenrolled');
    const now = this.#clock.now().toISOString();
    this.#state.saveDevice({ ...device, status: 'unenrolled', deletedAt: now, updatedAt: now });
  }
}

function checkTransition(from: PracticeMdmStatus, to: PracticeMdmStatus): void {
  if (from === to || transitions[from].includes(to)) return;
  throw new MdmProblem(400, 'VALIDATION_ERROR', `Illegal device status transition: ${from} → ${to}.`);
}

/** SQL's LIKE with the text anywhere: capitals count, `%` and `_` of the search are not escaped. */
function isLike(value: string | null, search: string): boolean {
  const pattern = Array.from(search, (character) => (character === '%' ? '.*' : character === '_' ? '.' : character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&'))).join('');
  return value !== null && new RegExp(pattern, 's').test(value);
}
