/** How the next enrolment goes wrong. What a connection does wrong (cut, slow, lost reply) is the listener's: PracticeFaults. */
export const enrolmentBreakages = [
  /** Leaf and chain of an authority with other keys under the very same names. */
  'foreign-chain',
  /** The right leaf with the chain of that other authority. */
  'mixed-chain',
  /** A leaf for a key that is not the request's. */
  'another-key',
  /** A leaf for another device. */
  'wrong-name',
  /** A leaf that is for another device as well. */
  'extra-name',
  'expired',
  'not-yet-valid',
  /** A leaf for servers only. */
  'without-client-auth',
  /** A VPN server that has not made its key yet. */
  'server-key-placeholder',
  /** 200 with the whole length of a body that ends in the middle. */
  'truncated-body',
  /** 503 before anything was signed. */
  'ca-unreachable',
  /** 503 after the certificate was signed. */
  'hawkbit-unreachable',
  /** 502 after the certificate was signed. */
  'hawkbit-failure',
  /** 500 in plain text after everything was done. */
  'internal-error',
] as const;
export type EnrolmentBreakage = (typeof enrolmentBreakages)[number];

/** Breakages that wait for their enrolment, one each. Kept in memory only: a new start is a whole server. */
export class PracticeBreakages {
  readonly #waiting: EnrolmentBreakage[] = [];

  add(breakage: EnrolmentBreakage): void {
    this.#waiting.push(breakage);
  }

  take(): EnrolmentBreakage | undefined {
    return this.#waiting.shift();
  }
}
