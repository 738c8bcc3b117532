import type { Identity } from './identity';

/** A certificate as it was issued for a device; all of it is public. */
export interface CertificateFacts {
  /** Serial number, lower-case hexadecimal without leading zeros (RFC 5280, 4.1.2.2). */
  readonly serial: string;
  /** Distinguished name of the issuer (RFC 4514). */
  readonly issuer: string;
  /** ISO 8601 UTC. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** SHA-256 over the DER, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  readonly pem: string;
}

/**
 * issued: on the card, or meant for it. superseded: a newer one took its place. revoked: taken back at its authority. lost: issued
 * for a card that did not become one.
 */
export const certificateStates = ['issued', 'superseded', 'revoked', 'lost'] as const;
export type CertificateState = (typeof certificateStates)[number];

export interface CertificateRow extends CertificateFacts {
  readonly deviceId: string;
  readonly identity: Identity;
  readonly batch?: string | undefined;
  readonly state: CertificateState;
  readonly recordedAt: string;
  /** ISO 8601 UTC. */
  readonly revokedAt?: string | undefined;
  readonly revocationReason?: string | undefined;
}

export interface CertificateQuery {
  readonly deviceId?: string | undefined;
  readonly state?: CertificateState | undefined;
  /** Only those that end before this moment. */
  readonly endBefore?: string | undefined;
  /** A part of the issuer's name, in any letter case. */
  readonly issuer?: string | undefined;
  /** A part of an identity value or of the issuer's name, or the beginning of a serial number. */
  readonly text?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

export interface CertificatePage {
  /** By the end of their validity, soonest first. */
  readonly certificates: readonly CertificateRow[];
  /** How many the query has in all. */
  readonly total: number;
  /** By state, for the same query without its state. */
  readonly counts: Readonly<Record<CertificateState, number>>;
}

/** A time span as people write it: `30d`, `12h`, `2w`. @returns milliseconds, or undefined where it is none */
export function readSpan(text: string): number | undefined {
  const [, count = '', unit = ''] = /^([1-9]\d{0,4})([hdw])$/.exec(text.trim()) ?? [];
  const hours = { h: 1, d: 24, w: 168 }[unit];
  return hours === undefined ? undefined : Number(count) * hours * 3_600_000;
}

/** The certificate's state with what its end makes of it: one that is issued and has ended is `expired`. */
export function stateAt({ state, notAfter }: Pick<CertificateRow, 'state' | 'notAfter'>, moment: string): CertificateState | 'expired' {
  return state === 'issued' && notAfter <= moment ? 'expired' : state;
}
