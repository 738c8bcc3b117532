import { PracticeProblem } from '../practice/practice-http';

/** A refusal of OpenMDM's core: it has a code, and sometimes details. */
export class MdmProblem extends PracticeProblem {
  constructor(
    status: number,
    readonly code: string,
    message: string,
    readonly details?: unknown,
  ) {
    super(status, message);
  }
}

/** A bad signature, a clock, a switched-off way: the real core has this one code for all of them. */
export function enrolmentProblem(message: string): MdmProblem {
  return new MdmProblem(400, 'ENROLLMENT_ERROR', message);
}

export function challengeProblem(message: string): MdmProblem {
  return new MdmProblem(400, 'CHALLENGE_INVALID', message);
}

/** The real server's answer to whatever it did not foresee, such as a body that is no JSON. */
export function internalProblem(): PracticeProblem {
  return new PracticeProblem(500, 'Internal server error');
}
