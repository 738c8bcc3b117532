import type { AccessView, LockReason } from '../contract/access-channel';
import { heardWhileLocked, methodRights, type Requirement } from '../contract/window-rights';
import type { WindowEventName, WindowMethods } from '../contract/window-channel';
import { ImprintError } from '../domain/errors';
import type { AccessMode, AccessSettings, Claim, NewOperator, Operator } from '../domain/operators';
import type { RecordLog } from '../domain/record-log';
import { assertMay, may, type Right, type Role } from '../domain/roles';
import { beSinglePerson, changeOwnPin, makeFirstAdmin, signIn, type Actor, type OperatorDoors } from '../station/operators';

export interface PresenceParts extends OperatorDoors {
  /** Of the station's record. */
  readonly log: Pick<RecordLog, 'log'>;
  /** Who is at work where nobody signs in. */
  readonly singlePerson: { readonly operator: string; readonly role: Role };
  /** Whether the station's record is there at all; where it is not, nobody was ever asked and nothing is made by asking. */
  readonly hasRecord: () => boolean;
  /** Somebody came or went, or must be asked who works here. */
  readonly changed: () => void;
}

type State = { readonly name: 'set-up' } | { readonly name: 'locked'; readonly because?: { readonly why: LockReason; readonly sentence: string } } | { readonly name: 'open'; readonly operator?: Operator };

/** Where nobody is let in: the least of all roles, so that a use case which is reached all the same refuses. */
const nobody = { operator: 'nobody', role: 'auditor' } as const;

/** What a station has that nobody decided about. */
const undecided: AccessSettings = { mode: 'undecided', idleMinutes: 10, used: false };

/**
 * Who is at the window, and what they may do there.
 *
 * SECURITY: lives in main. The page shows a lock; this is what refuses, whatever the page does.
 */
export class Presence {
  readonly #parts: PresenceParts;
  #settings = undecided;
  /** Locked until `begin` has said otherwise. */
  #state: State = { name: 'locked' };
  #lastTouch: number;
  /** Since when whose work it is; the same person's next sign-in after an idle lock is no new begin. */
  #came: { readonly name: string; readonly at: string } | undefined;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
    this.#lastTouch = this.#now();
  }

  /** @param real a profile is opened, no practice bench: then a new station asks who works there */
  async begin(real: boolean): Promise<void> {
    await this.#readSettings();
    if (this.#settings.mode === 'operators') this.#become({ name: 'locked' });
    else if (real && this.#settings.mode === 'undecided' && !this.#settings.used) this.#become({ name: 'set-up' });
    else {
      if (real) await this.#logEntry();
      this.#become({ name: 'open' });
    }
  }

  /** Where nobody signs in, the log has who began to work all the same. */
  async #logEntry(): Promise<void> {
    const { log, clock, singlePerson } = this.#parts;
    const method = this.#settings.mode === 'single-person' ? 'single-person' : 'system-user';
    await log.log({ event: 'operator-signed-in', by: singlePerson.operator, at: clock.now().toISOString(), data: { ...singlePerson, method } });
  }

  get mode(): AccessMode {
    return this.#settings.mode;
  }

  get who(): { readonly operator: string; readonly role: Role } {
    if (this.#state.name !== 'open') return nobody;
    const { operator } = this.#state;
    return operator === undefined ? this.#parts.singlePerson : { operator: operator.name, role: operator.role };
  }

  /** Whoever is here, as the use cases about operators ask. */
  get actor(): Actor {
    const { operator: name, role } = this.who;
    return { name, role };
  }

  /** When this person came to work, ISO 8601 UTC; undefined where nobody signs in. */
  get cameAt(): string | undefined {
    return this.#state.name === 'open' && this.#state.operator !== undefined && this.#came?.name === this.#state.operator.name ? this.#came.at : undefined;
  }

  async view(running: AccessView['running']): Promise<AccessView> {
    const state = this.#state;
    const { mode } = this.#settings;
    if (state.name === 'open') return { state: 'open', mode, ...this.who, running: [] };
    if (state.name === 'set-up') return { state: 'set-up', mode, running };
    const people = mode === 'operators' ? (await this.#parts.operators.operators()).filter(({ enabled }) => enabled) : [];
    return { state: 'locked', mode, people: people.map(({ name, role }) => ({ name, role })), running, ...state.because };
  }

  /** What the gateway asks before each call. @throws ImprintError sign-in-needed, not-allowed */
  async admit(method: keyof WindowMethods): Promise<void> {
    const requirement: Requirement = methodRights[method];
    if (requirement === 'anybody') return;
    this.tick();
    if (this.#state.name !== 'open') throw signInNeeded();
    if (requirement === 'look') return;
    await this.#confirm();
    if (requirement !== 'own-account') assertMay(this.who.role, requirement);
  }

  mayHear(event: WindowEventName): boolean {
    return this.#state.name === 'open' || heardWhileLocked.has(event);
  }

  may(right: Right): boolean {
    return may(this.who.role, right);
  }

  /** @throws ImprintError sign-in-refused, sign-in-paused */
  async signIn(claim: Claim, pin: string): Promise<void> {
    if (this.#settings.mode !== 'operators') throw new ImprintError('sign-in-refused', 'Nobody signs in at this station.');
    const operator = await signIn(this.#parts, claim, pin);
    // An admin may have set other minutes meanwhile.
    await this.#readSettings();
    this.#lastTouch = this.#now();
    if (this.#came?.name !== operator.name) this.#came = { name: operator.name, at: this.#parts.clock.now().toISOString() };
    this.#become({ name: 'open', operator });
  }

  /** Nothing where nobody could be let in again. */
  lock(why?: LockReason, sentence = ''): void {
    if (this.#settings.mode !== 'operators' || this.#state.name !== 'open') return;
    this.#become({ name: 'locked', ...(why === undefined ? {} : { because: { why, sentence } }) });
  }

  /** @throws ImprintError operator-exists, operator-invalid */
  async setUp(admin: Omit<NewOperator, 'role'> | undefined): Promise<void> {
    if (this.#state.name !== 'set-up') throw new ImprintError('operator-exists', 'It was decided already who works at this station.');
    if (admin !== undefined) return this.beginOperators(admin);
    await beSinglePerson(this.#parts);
    await this.begin(true);
  }

  /** From now on people sign in, and this admin is the first. @throws ImprintError operator-exists, operator-invalid */
  async beginOperators(admin: Omit<NewOperator, 'role'>): Promise<void> {
    await makeFirstAdmin(this.#parts, admin);
    await this.begin(true);
    // Whoever made the PIN a moment ago has shown that they know it.
    await this.signIn({ name: admin.name }, admin.pin);
  }

  /** @throws ImprintError operator-invalid, sign-in-refused, sign-in-paused; no-such-operator where nobody signs in */
  async changeMyPin(pin: string, newPin: string): Promise<void> {
    const { operator } = this.#state.name === 'open' ? this.#state : {};
    if (operator === undefined) throw new ImprintError('no-such-operator', 'Nobody signs in at this station, so there is no PIN.');
    await changeOwnPin(this.#parts, operator.name, pin, newPin);
  }

  /** An admin at this window has set other minutes. */
  async reread(): Promise<void> {
    await this.#readSettings();
  }

  /** A key or the mouse: somebody is there. */
  touch(): void {
    this.tick();
    this.#lastTouch = this.#now();
  }

  /** Looks at the clock; called every few seconds, and before anything is done. */
  tick(): void {
    const { idleMinutes } = this.#settings;
    if (this.#now() - this.#lastTouch < idleMinutes * 60_000) return;
    this.lock('idle', `Nobody was here for ${idleMinutes === 1 ? 'a minute' : `${String(idleMinutes)} minutes`}.`);
  }

  /** SECURITY: another window or a command may have disabled this person, or made operators, since the sign-in. */
  async #confirm(): Promise<void> {
    const state = this.#state;
    if (state.name !== 'open') throw signInNeeded();
    if (state.operator === undefined) {
      await this.#readSettings();
      if (this.#settings.mode !== 'operators') return;
      this.lock();
      throw signInNeeded();
    }
    const now = await this.#parts.operators.operator(state.operator.name);
    if (now?.enabled !== true || now.role !== state.operator.role) {
      this.lock('rights-changed', 'Your rights have changed.');
      throw signInNeeded();
    }
    // Locked while it was asked.
    if (this.#state !== state) throw signInNeeded();
  }

  async #readSettings(): Promise<void> {
    this.#settings = this.#parts.hasRecord() ? await this.#parts.operators.accessSettings() : undecided;
  }

  #become(state: State): void {
    this.#state = state;
    this.#parts.changed();
  }

  #now(): number {
    return this.#parts.clock.now().getTime();
  }
}

function signInNeeded(): ImprintError {
  return new ImprintError('sign-in-needed', 'Sign in first: scan your badge, or choose your name.', { field: 'operator' });
}

