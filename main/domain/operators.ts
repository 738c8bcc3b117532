import { ImprintError } from './errors';
import type { Role } from './roles';

/** Roles that a person can have who signs in. `lab` is nobody's role: it is the station without sign-in. */
export const operatorRoles = ['technician', 'qa', 'auditor', 'admin'] as const satisfies readonly Role[];
export type OperatorRole = (typeof operatorRoles)[number];

/** undecided: nobody was asked yet, and the station works as for a single person. */
export type AccessMode = 'undecided' | 'single-person' | 'operators';

/** A person who may sign in. Never deleted: what they did stays in the record under their name. */
export interface Operator {
  readonly name: string;
  readonly role: OperatorRole;
  readonly enabled: boolean;
  readonly hasBadge: boolean;
  readonly createdBy: string;
  /** ISO 8601 UTC. */
  readonly createdAt: string;
}

export interface AccessSettings {
  readonly mode: AccessMode;
  /** Minutes without a key or the mouse after which the window locks itself. */
  readonly idleMinutes: number;
  /** Whether the record has devices: such a station is at work already and asks nobody. */
  readonly used: boolean;
}

export const usualIdleMinutes = 10;
export const mostIdleMinutes = 240;

/** Who somebody says they are: by the code of a badge, or by a name that was chosen. */
export type Claim = { readonly badge: string } | { readonly name: string };

export interface NewOperator {
  readonly name: string;
  readonly role: OperatorRole;
  readonly pin: string;
  readonly badge?: string | undefined;
}

/** One thing about an operator that is different from now on; `badge` undefined takes the badge away. */
export type OperatorChange =
  | { readonly what: 'role'; readonly role: OperatorRole }
  | { readonly what: 'pin'; readonly pin: string }
  | { readonly what: 'badge'; readonly badge?: string | undefined }
  | { readonly what: 'enabled'; readonly enabled: boolean };

/** What may become different about who works at a station; each is an entry of the record's log. */
export const accessChanges = ['added', 'role', 'pin', 'badge', 'enabled', 'single-person', 'idle-minutes'] as const;
export type AccessChange = (typeof accessChanges)[number];

/**
 * The operators of one station. Every method is durable when it returns and atomic, and what it does is in the record's log
 * in the same transaction. No method returns a PIN, a badge or a hash of one.
 * @throws ImprintError record-*, no-such-operator, operator-exists, last-admin
 */
export interface OperatorStore {
  accessSettings(): Promise<AccessSettings>;
  /** All of them, by name. */
  operators(): Promise<readonly Operator[]>;
  operator(name: string): Promise<Operator | undefined>;
  /** @throws operator-exists where operators exist already */
  chooseSinglePerson(at: string): Promise<void>;
  /** The first one is an admin, made by itself, and makes the station one of operators. @throws operator-exists, last-admin */
  addOperator(operator: NewOperator, by: string, at: string): Promise<void>;
  changeOperator(name: string, change: OperatorChange, by: string, at: string): Promise<void>;
  setIdleMinutes(minutes: number, by: string, at: string): Promise<void>;
  /**
   * Lets this person in, and logs it. Each try counts before it is looked at.
   * @throws sign-in-refused, sign-in-paused; log-broken where the record's file has other rights for this person than its log
   */
  signIn(claim: Claim, pin: string, at: string): Promise<Operator>;
  /**
   * Another PIN for whoever has the one before. That one is counted and looked at as at a sign-in, and the new one takes its
   * place only where it is still the person's.
   * @throws sign-in-refused, sign-in-paused, log-broken as signIn
   */
  changeOwnPin(name: string, pin: string, newPin: string, at: string): Promise<void>;
}

// ------------------------------------------------------------------------------------------------- what people type

const controlCharacter = /\p{Cc}/u;

/** @throws ImprintError operator-invalid */
export function readOperatorName(text: string): string {
  const name = text.normalize('NFC').trim().replace(/\s+/g, ' ');
  if (name !== '' && name.length <= 60 && !controlCharacter.test(name)) return name;
  throw new ImprintError('operator-invalid', 'An operator has a name of 1 to 60 characters.', { field: 'name', expected: '1 to 60 characters' });
}

/** Names that differ only in the case of their letters are one name. */
export function foldedName(name: string): string {
  return name.normalize('NFC').toLowerCase();
}

/** @throws ImprintError operator-invalid; the sentence never has the PIN in it */
export function readPin(text: string): string {
  return pinOf(text, 'pin');
}

/** The PIN that takes the place of one's own. @throws ImprintError operator-invalid, as readPin */
export function readNewPin(text: string, before: string): string {
  const pin = pinOf(text, 'newPin');
  if (pin === before) throw invalidPin('newPin', 'That is the PIN that you have: take another one.');
  return pin;
}

function pinOf(text: string, field: 'pin' | 'newPin'): string {
  if (!/^[0-9]{6,12}$/.test(text)) throw invalidPin(field, 'A PIN has 6 to 12 digits.');
  if (isRun(text)) throw invalidPin(field, 'That PIN is a row of digits that anybody tries first: take another one.');
  return text;
}

function invalidPin(field: 'pin' | 'newPin', sentence: string): ImprintError {
  return new ImprintError('operator-invalid', sentence, { field, expected: '6 to 12 digits, not all the same and not in a row' });
}

/** 111111, 123456, 987654: one and the same step from each digit to the next, by at most one. */
function isRun(pin: string): boolean {
  const steps = Array.from(pin.slice(1), (digit, index) => Number(digit) - Number(pin[index]));
  const [first = 0] = steps;
  return Math.abs(first) <= 1 && steps.every((step) => step === first);
}

/** The code of a badge as the scanner types it. @throws ImprintError operator-invalid */
export function readBadge(text: string): string {
  const badge = text.trim();
  if (badge.length >= 4 && badge.length <= 200 && !controlCharacter.test(badge)) return badge;
  throw new ImprintError('operator-invalid', 'The code of a badge has 4 to 200 characters.', { field: 'badge', expected: '4 to 200 characters' });
}

/** @throws ImprintError operator-invalid */
export function readOperatorRole(text: string): OperatorRole {
  const role = operatorRoles.find((each) => each === text);
  if (role !== undefined) return role;
  throw new ImprintError('operator-invalid', `There is no role "${text}" for an operator.`, { field: 'role', expected: operatorRoles.join(', ') });
}

/** @throws ImprintError operator-invalid */
export function readIdleMinutes(minutes: number): number {
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= mostIdleMinutes) return minutes;
  throw new ImprintError('operator-invalid', `The window locks after 1 to ${String(mostIdleMinutes)} minutes.`, { field: 'minutes', expected: `1 to ${String(mostIdleMinutes)}` });
}

// ---------------------------------------------------------------------------------------------------------- rules

/** Somebody must be able to let others in. @throws ImprintError last-admin */
export function assertAdminRemains(operators: readonly Pick<Operator, 'role' | 'enabled'>[]): void {
  if (operators.some((operator) => operator.enabled && operator.role === 'admin')) return;
  throw new ImprintError('last-admin', 'The station would be without an admin, and nobody could let others in: make another admin first.', { field: 'name', expected: 'an admin who stays' });
}

/** Wrong PINs in a row, and until when no other is looked at. */
export interface Attempts {
  readonly failures: number;
  /** Milliseconds since 1970. */
  readonly pausedUntil?: number | undefined;
}

export const noAttempts: Attempts = { failures: 0 };

const freeFailures = 5;
const firstPause = 30_000;
const longestPause = 15 * 60_000;

/** How long nobody is let in after so many wrong PINs in a row: nothing up to the fourth, then 30 s, doubled up to 15 min. */
export function pauseAfter(failures: number): number {
  if (failures < freeFailures) return 0;
  return Math.min(longestPause, firstPause * 2 ** (failures - freeFailures));
}

/** What a try is answered with before its PIN is looked at. */
export type Admission = { readonly admitted: true; readonly attempts: Attempts } | { readonly admitted: false; readonly attempts: Attempts; readonly milliseconds: number };

/**
 * Counts a try as a wrong one; the right PIN takes that back.
 *
 * SECURITY: counted before the PIN is looked at, so that neither many tries at once nor a station that is killed in between
 * have any for nothing.
 */
export function admitTry({ failures, pausedUntil = 0 }: Attempts, now: number): Admission {
  // A clock that was set back must not keep a person out for longer than the pause is.
  const until = Math.min(pausedUntil, now + pauseAfter(failures));
  if (until > now) return { admitted: false, attempts: { failures, pausedUntil: until }, milliseconds: until - now };
  const counted = failures + 1;
  const pause = pauseAfter(counted);
  return { admitted: true, attempts: pause === 0 ? { failures: counted } : { failures: counted, pausedUntil: now + pause } };
}

export function signInRefused(sentence = 'The badge, the name or the PIN is not right.'): ImprintError {
  return new ImprintError('sign-in-refused', sentence, { field: 'pin' });
}

export function signInPaused(milliseconds: number): ImprintError {
  const seconds = Math.ceil(milliseconds / 1000);
  const time = seconds < 120 ? `${String(seconds)} seconds` : `${String(Math.ceil(seconds / 60))} minutes`;
  return new ImprintError('sign-in-paused', `Too many wrong PINs for this person: wait ${time}, then try again.`, { field: 'pin', expected: `a try in ${time}` });
}
