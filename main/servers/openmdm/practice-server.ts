import type { Clock, Randomness } from '../../domain/ports';
import type { CertificateWishes } from '../practice/practice-certificates';
import { issueServerCertificate, openAuthority } from '../practice/practice-certificates';
import { PracticeFaults } from '../practice/practice-faults';
import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { PracticeProblem } from '../practice/practice-http';
import { startPracticeListener } from '../practice/practice-listener';
import { jsonOf, PracticeAgentRoutes, refuse, success } from './practice-agent';
import type { PracticeMdmSettings } from './practice-enrolment';
import { PracticeMdmEnrolment } from './practice-enrolment';
import { PracticeLimit } from './practice-limit';
import { PracticeMdmManagement } from './practice-management';
import { MdmProblem } from './practice-problems';
import type { PracticeMdmDevice } from './practice-state';
import { PracticeMdmState } from './practice-state';
import { PracticeMdmTokens } from './practice-tokens';

export interface PracticeOpenMdmOptions {
  /** 0 for any free port. */
  readonly port: number;
  /** Where state and authority are kept; without it they end with the server. One server per folder. */
  readonly folder?: string | undefined;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly tls: boolean;
  readonly certificate?: CertificateWishes | undefined;
  readonly faults?: PracticeFaults | undefined;
  /** Where the routes begin; `/mdm` unless told. */
  readonly mountPoint?: string | undefined;
  /**
   * As whoever runs the server has set it up. Unless told: autoEnroll, both ways of enrolling, a secret of this run, challenges
   * of 300 seconds, no policy, polling.
   */
  readonly settings?: Partial<PracticeMdmSettings> | undefined;
  /** Who may use the admin's part; a token of this run unless told. */
  readonly adminToken?: string | undefined;
  /** Requests to the two open routes in 60 seconds; 60 unless told. */
  readonly mostRequests?: number | undefined;
  /** Told about every request when it is answered; `status` is 0 where no answer was sent. */
  readonly onRequest?: ((method: string, path: string, status: number) => void) | undefined;
}

/** What an admin does, by the device's enrollmentId. Each is durable when it returns. */
export interface PracticeMdmAdministration {
  /** Retired devices too. */
  find(enrollmentId: string): PracticeMdmDevice | undefined;
  /** The next enrolment by a key pins that one. */
  unpin(enrollmentId: string): Promise<void>;
  /** What `DELETE /devices/:id` does: the row stays and holds the enrollmentId. */
  retire(enrollmentId: string): Promise<void>;
  /** For good: the server has never known it. There is no route for that. */
  erase(enrollmentId: string): Promise<void>;
}

export interface PracticeOpenMdm {
  /** `https://127.0.0.1:PORT/mdm`, or http without TLS: what a profile calls the server's URL. */
  readonly url: string;
  readonly port: number;
  /** What a client must trust; undefined without TLS. */
  readonly certificateAuthorityPem: string | undefined;
  readonly deviceSecret: string;
  readonly adminToken: string;
  readonly faults: PracticeFaults;
  readonly administration: PracticeMdmAdministration;
  close(): Promise<void>;
}

/**
 * Starts an OpenMDM server for practice and tests on the loopback interface: enrolment by a device's own key and by a
 * shared secret, the agent's heartbeat, the check of signed requests, and the devices of the admin's part, with the real
 * rules (@openmdm/core 0.11, @openmdm/hono 1.1 on its Drizzle adapter).
 *
 * @throws ImprintError usage where the port is taken; record-corrupt where the folder cannot be read
 */
export async function startPracticeOpenMdm(options: PracticeOpenMdmOptions): Promise<PracticeOpenMdm> {
  const { clock, randomness } = options;
  const faults = options.faults ?? new PracticeFaults();
  const mountPoint = options.mountPoint ?? '/mdm';
  const adminToken = options.adminToken ?? randomness.uuid();
  const scheme = options.tls ? 'https' : 'http';
  const settings: PracticeMdmSettings = { autoEnroll: true, deviceSecret: randomness.uuid(), pinnedKeyRequired: false, challengeStorage: true, challengeSeconds: 300, ...options.settings };
  const state = await PracticeMdmState.open(options.folder, clock.now());
  const authority = options.tls ? await openAuthority(options.folder, clock, randomness) : undefined;
  const issued = authority === undefined ? undefined : await issueServerCertificate(authority, clock, randomness, options.certificate);
  const tokens = new PracticeMdmTokens(state.tokenSecret, clock);
  const management = new PracticeMdmManagement(state, adminToken, clock);
  const router = new Router({
    mountPoint,
    scheme,
    limit: new PracticeLimit(options.mostRequests ?? 60, clock),
    enrolment: new PracticeMdmEnrolment(state, tokens, settings, clock, randomness),
    agent: new PracticeAgentRoutes(state, tokens, settings.policy, clock),
    management,
  });

  const listener = await startPracticeListener({
    port: options.port,
    tls: issued === undefined ? undefined : { key: issued.key, cert: issued.pem },
    faults,
    requestId: () => randomness.uuid(),
    async handle(request) {
      try {
        return router.handle(request);
      } finally {
        // After a refusal too: a bad signature has burned its challenge.
        await state.flush();
      }
    },
    problem: replyOfProblem,
    onRequest: options.onRequest,
  });
  const changing = async (enrollmentId: string, change: (device: PracticeMdmDevice) => void): Promise<void> => {
    const device = state.deviceByEnrollmentId(enrollmentId);
    if (device !== undefined) change(device);
    await state.flush();
  };
  return {
    url: `${scheme}://127.0.0.1:${String(listener.port)}${mountPoint}`,
    port: listener.port,
    certificateAuthorityPem: authority?.pem,
    deviceSecret: settings.deviceSecret,
    adminToken,
    faults,
    administration: {
      find: (enrollmentId) => state.deviceByEnrollmentId(enrollmentId),
      unpin: (enrollmentId) => changing(enrollmentId, (device) => state.saveDevice({ ...device, publicKey: null })),
      retire: (enrollmentId) => changing(enrollmentId, ({ id }) => management.retire(id)),
      erase: (enrollmentId) => changing(enrollmentId, ({ id }) => state.removeDevice(id)),
    },
    close: async () => {
      await listener.close();
      await state.close();
    },
  };
}

function replyOfProblem(problem: PracticeProblem): PracticeReply {
  const more = problem instanceof MdmProblem ? { code: problem.code, details: problem.details } : {};
  return { status: problem.status, json: { error: problem.status === 500 ? 'Internal server error' : problem.message, ...more } };
}

interface Routes {
  readonly mountPoint: string;
  readonly scheme: string;
  readonly limit: PracticeLimit;
  readonly enrolment: PracticeMdmEnrolment;
  readonly agent: PracticeAgentRoutes;
  readonly management: PracticeMdmManagement;
}

class Router {
  readonly #routes: Routes;

  constructor(routes: Routes) {
    this.#routes = routes;
  }

  /** @throws PracticeProblem */
  handle(request: PracticeRequest): PracticeReply {
    const { mountPoint, agent, management } = this.#routes;
    const path = request.path.startsWith(`${mountPoint}/`) ? request.path.slice(mountPoint.length) : '';
    if (path === '/agent/enroll' || path === '/agent/enroll/challenge') return this.#enrol(request, path) ?? notFound;
    switch (`${request.method} ${path}`) {
      case 'POST /agent/heartbeat':
        return agent.heartbeat(request);
      case 'GET /agent/config':
        return agent.config(request);
      case 'POST /device-request':
        return agent.verifyRequest(request);
    }
    if (path !== '/devices' && !path.startsWith('/devices/')) return notFound;
    return management.handle(request, path.split('/').slice(2).map(decodeURIComponent)) ?? notFound;
  }

  #enrol(request: PracticeRequest, path: string): PracticeReply | undefined {
    const { limit, enrolment, scheme } = this.#routes;
    if (!limit.allows(request)) return refuse(request, 'retry', 'Too many enrollment requests, retry later', new PracticeProblem(429, 'Too many enrollment requests'));
    switch (`${request.method} ${path}`) {
      case 'GET /agent/enroll/challenge':
        // Never in an envelope.
        return { status: 200, json: enrolment.issueChallenge() };
      case 'POST /agent/enroll':
        return success(request, enrolment.enrol(jsonOf(request), `${scheme}://${request.headers.host ?? '127.0.0.1'}`), 201);
      default:
        return undefined;
    }
  }
}

const notFound: PracticeReply = { status: 404, text: '404 Not Found' };
