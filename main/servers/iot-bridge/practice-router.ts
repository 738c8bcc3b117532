import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { PracticeProblem } from '../practice/practice-http';
import type { PracticeEnrolment } from './practice-enrolment';

/** The paths of the bridge below its base path. */
export class BridgeRouter {
  readonly #enrolment: PracticeEnrolment;
  readonly #basePath: string;

  constructor(enrolment: PracticeEnrolment, basePath: string) {
    this.#enrolment = enrolment;
    this.#basePath = basePath;
  }

  /** @throws PracticeProblem */
  async handle(request: PracticeRequest): Promise<PracticeReply> {
    // Decoded before it is matched, as the framework does: an id with a slash in it reaches no route.
    const path = decodeURIComponent(request.path);
    if (!path.startsWith(`${this.#basePath}/`)) throw new PracticeProblem(404, 'Not Found');
    const rest = path.slice(this.#basePath.length);
    const id = /^\/devices\/([^/]+)\/enroll$/.exec(rest)?.[1];
    if (id === undefined && rest !== '/webhooks/thingsboard') throw new PracticeProblem(404, 'Not Found');
    if (request.method !== 'POST') throw new PracticeProblem(405, 'Method Not Allowed', { Allow: 'POST' });
    return id === undefined ? this.#enrolment.deviceEvent(request) : this.#enrolment.enrol(id, request);
  }
}
