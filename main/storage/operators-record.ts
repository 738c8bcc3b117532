import { z } from 'zod';

import { ImprintError } from '../domain/errors';
import {
  admitTry,
  assertAdminRemains,
  foldedName,
  operatorRoles,
  signInPaused,
  signInRefused,
  usualIdleMinutes,
  type AccessMode,
  type AccessSettings,
  type Attempts,
  type Claim,
  type NewOperator,
  type Operator,
  type OperatorChange,
  type OperatorStore,
} from '../domain/operators';
import type { EventData } from '../ledger/events';
import { timestamp } from './checks';
import type { LogEvents } from './log-events';
import { loggedAccounts, sha256, wrongAccount } from './log-operators';
import type { LogStore } from './log-store';
import { hashSecret, isHashOf, newSalt } from './operators-hash';
import { parse } from './rows';
import type { RecordSession } from './session';

const moment = z.iso.datetime({ precision: 3 });

const accountSchema = z.object({
  name: z.string().min(1),
  role: z.enum(operatorRoles),
  enabled: z.union([z.literal(0), z.literal(1)]),
  pin_hash: z.string(),
  badge_hash: z.string().nullable(),
  failures: z.int(),
  paused_until: moment.nullable(),
  created_by: z.string(),
  created_at: moment,
});
type Account = z.output<typeof accountSchema>;

const columns = Object.keys(accountSchema.shape).join(', ');

/** The operators in the record's file. Hashing is done between transactions: it takes as long as a hundred of them. */
export class OperatorRecord implements OperatorStore {
  readonly #session: RecordSession;
  readonly #events: LogEvents;
  readonly #log: LogStore;
  /** What an unknown person's PIN is compared with, so that it takes the same time. */
  #decoy: Promise<string> | undefined;

  readonly #logCost: number | undefined;

  /** @param logCost of new hashes, as a power of two; the usual one unless told */
  constructor(session: RecordSession, log: LogStore, events: LogEvents, logCost?: number) {
    this.#session = session;
    this.#log = log;
    this.#events = events;
    this.#logCost = logCost;
  }

  accessSettings(): Promise<AccessSettings> {
    return this.#session.read(() => ({
      mode: this.#mode(),
      idleMinutes: Number(this.#setting('idle-minutes') ?? usualIdleMinutes),
      used: this.#session.get('SELECT 1 FROM devices LIMIT 1') !== undefined,
    }));
  }

  operators(): Promise<readonly Operator[]> {
    return this.#session.read(() => this.#accounts().map(operatorOf));
  }

  operator(name: string): Promise<Operator | undefined> {
    return this.#session.read(() => {
      const account = this.#byName(name);
      return account === undefined ? undefined : operatorOf(account);
    });
  }

  chooseSinglePerson(at: string): Promise<void> {
    return this.#session.write(() => {
      if (this.#accounts().length > 0) throw new ImprintError('operator-exists', 'This station has operators already: it does not become a single person’s again.', { field: 'mode' });
      if (this.#mode() === 'single-person') return;
      this.#set('access-mode', 'single-person');
      this.#note({ change: 'single-person' }, 'single person', at);
    });
  }

  async addOperator({ name, role, pin, badge }: NewOperator, by: string, at: string): Promise<void> {
    const pinHash = await this.#hash(pin);
    const badgeHash = badge === undefined ? null : await this.#badgeHash(badge);
    await this.#session.write(() => {
      if (this.#byName(name) !== undefined) throw new ImprintError('operator-exists', `There is an operator ${name} already.`, { field: 'name', expected: 'another name' });
      // SECURITY: only the first one is let in by nobody else; two first starts at once make one of them.
      if (by === name && this.#accounts().length > 0) throw new ImprintError('operator-exists', 'This station has operators already: an admin adds others.', { field: 'name' });
      this.#refuseTakenBadge(badgeHash, name);
      assertAdminRemains([...this.#accounts().map(operatorOf), { role, enabled: true }]);
      this.#session.run(
        `INSERT INTO operator_accounts (name, folded_name, role, enabled, pin_hash, badge_hash, failures, created_by, created_at) VALUES (?, ?, ?, 1, ?, ?, 0, ?, ?)`,
        name,
        foldedName(name),
        role,
        pinHash,
        badgeHash,
        by,
        timestamp(at),
      );
      this.#set('access-mode', 'operators');
      this.#note({ change: 'added', operator: name, value: role, pinSha256: sha256(pinHash), ...(badgeHash === null ? {} : { badgeSha256: sha256(badgeHash) }) }, by, at);
    });
  }

  async changeOperator(name: string, change: OperatorChange, by: string, at: string): Promise<void> {
    const hash = change.what === 'pin' ? await this.#hash(change.pin) : change.what === 'badge' && change.badge !== undefined ? await this.#badgeHash(change.badge) : null;
    await this.#session.write(() => {
      const account = this.#byName(name);
      if (account === undefined) throw new ImprintError('no-such-operator', `There is no operator ${name}.`, { field: 'name' });
      switch (change.what) {
        case 'role':
          this.#session.run('UPDATE operator_accounts SET role = ? WHERE name = ?', change.role, account.name);
          break;
        case 'enabled':
          this.#session.run('UPDATE operator_accounts SET enabled = ? WHERE name = ?', change.enabled ? 1 : 0, account.name);
          break;
        case 'pin':
          // An admin who gives a new PIN lets the person in at once.
          this.#session.run('UPDATE operator_accounts SET pin_hash = ?, failures = 0, paused_until = NULL WHERE name = ?', hash, account.name);
          break;
        case 'badge':
          this.#refuseTakenBadge(hash, account.name);
          this.#session.run('UPDATE operator_accounts SET badge_hash = ? WHERE name = ?', hash, account.name);
          break;
      }
      // Of what is there afterwards; what it throws undoes the change.
      assertAdminRemains(this.#accounts().map(operatorOf));
      this.#note({ change: change.what, operator: account.name, ...valueOf(change, hash) }, by, at);
    });
  }

  setIdleMinutes(minutes: number, by: string, at: string): Promise<void> {
    return this.#session.write(() => {
      this.#set('idle-minutes', String(minutes));
      this.#note({ change: 'idle-minutes', value: String(minutes) }, by, at);
    });
  }

  async signIn(claim: Claim, pin: string, at: string): Promise<Operator> {
    const badgeHash = 'badge' in claim ? await this.#badgeHash(claim.badge) : undefined;
    const checked = await this.#check(() => (badgeHash === undefined && 'name' in claim ? this.#byName(claim.name) : this.#byBadge(badgeHash)), pin, at);
    if (checked === undefined) throw signInRefused();
    return this.#session.write(() => {
      const account = this.#stillChecked(checked) ?? refuse(signInRefused());
      this.#session.run('UPDATE operator_accounts SET failures = 0, paused_until = NULL WHERE name = ?', account.name);
      this.#events.signedIn({ operator: account.name, role: account.role, method: badgeHash === undefined ? 'pin' : 'badge-and-pin' }, at);
      return operatorOf(account);
    });
  }

  async changeOwnPin(name: string, pin: string, newPin: string, at: string): Promise<void> {
    const refused = (): ImprintError => signInRefused('That is not your PIN: nothing was changed.');
    const checked = await this.#check(() => this.#byName(name), pin, at);
    if (checked === undefined) throw refused();
    const hash = await this.#hash(newPin);
    await this.#session.write(() => {
      const account = this.#stillChecked(checked) ?? refuse(refused());
      this.#session.run('UPDATE operator_accounts SET pin_hash = ?, failures = 0, paused_until = NULL WHERE name = ?', hash, account.name);
      this.#note({ change: 'pin', operator: account.name, ...valueOf({ what: 'pin', pin: newPin }, hash) }, account.name, at);
    });
  }

  /** @returns the account that has this PIN, as it was when it was counted. @throws ImprintError sign-in-paused */
  async #check(find: () => Account | undefined, pin: string, at: string): Promise<Account | undefined> {
    const found = await this.#session.write(() => this.#count(find(), at));
    if (found?.paused !== undefined) throw signInPaused(found.paused);
    const right = await isHashOf(found?.account.pin_hash ?? (await this.#decoyHash()), pin);
    return right ? found?.account : undefined;
  }

  /**
   * The account as it is now, where it still has the PIN that was checked: another call may have changed it while that was hashed.
   *
   * SECURITY: rights that somebody wrote into the file let nobody in: they are not in the log.
   * @throws ImprintError log-broken
   */
  #stillChecked({ name, pin_hash }: Account): Account | undefined {
    const account = this.#byName(name);
    if (account?.enabled !== 1 || account.pin_hash !== pin_hash) return undefined;
    const problem = wrongAccount(account, loggedAccounts(this.#log.entriesOf('operator-changed')));
    if (problem !== undefined) throw new ImprintError('log-broken', `${problem} Nobody is let in by such rights; nothing was repaired.`, { field: 'operator' });
    return account;
  }

  /** CRASH: durable before the PIN is looked at, so no try is for nothing. A person who is disabled is nobody. */
  #count(account: Account | undefined, at: string): { readonly account: Account; readonly paused?: number } | undefined {
    if (account?.enabled !== 1) return undefined;
    const now = Date.parse(timestamp(at));
    const before: Attempts = { failures: account.failures, pausedUntil: account.paused_until === null ? undefined : Date.parse(account.paused_until) };
    const admission = admitTry(before, now);
    const { failures, pausedUntil } = admission.attempts;
    this.#session.run(
      'UPDATE operator_accounts SET failures = ?, paused_until = ? WHERE name = ?',
      failures,
      pausedUntil === undefined ? null : new Date(pausedUntil).toISOString(),
      account.name,
    );
    return admission.admitted ? { account } : { account, paused: admission.milliseconds };
  }

  /** One salt for all badges of the station: the hash of a scanned one must be found among them. */
  async #badgeHash(badge: string): Promise<string> {
    const salt = await this.#session.write(() => {
      const kept = this.#setting('badge-salt');
      if (kept !== undefined) return kept;
      const made = newSalt().toString('base64');
      this.#set('badge-salt', made);
      return made;
    });
    return this.#hash(badge, Buffer.from(salt, 'base64'));
  }

  #hash(secret: string, salt = newSalt()): Promise<string> {
    return hashSecret(secret, salt, this.#logCost);
  }

  #decoyHash(): Promise<string> {
    return (this.#decoy ??= this.#hash(''));
  }

  #refuseTakenBadge(badgeHash: string | null, name: string): void {
    const holder = badgeHash === null ? undefined : this.#byBadge(badgeHash);
    if (holder === undefined || holder.name === name) return;
    throw new ImprintError('operator-exists', `That badge is the one of ${holder.name}.`, { field: 'badge', expected: 'a badge that nobody has' });
  }

  #accounts(): readonly Account[] {
    return this.#session.all(`SELECT ${columns} FROM operator_accounts ORDER BY folded_name`).map((row) => this.#account(row));
  }

  #byName(name: string): Account | undefined {
    const row = this.#session.get(`SELECT ${columns} FROM operator_accounts WHERE folded_name = ?`, foldedName(name));
    return row === undefined ? undefined : this.#account(row);
  }

  #byBadge(badgeHash: string | undefined): Account | undefined {
    const row = badgeHash === undefined ? undefined : this.#session.get(`SELECT ${columns} FROM operator_accounts WHERE badge_hash = ?`, badgeHash);
    return row === undefined ? undefined : this.#account(row);
  }

  #account(row: unknown): Account {
    return parse(accountSchema, row, 'operator', this.#session.path);
  }

  #mode(): AccessMode {
    const mode = this.#setting('access-mode');
    return mode === 'operators' || mode === 'single-person' ? mode : 'undecided';
  }

  #setting(name: 'access-mode' | 'idle-minutes' | 'badge-salt'): string | undefined {
    return this.#session.text('SELECT value AS value FROM station_settings WHERE name = ?', name);
  }

  #set(name: 'access-mode' | 'idle-minutes' | 'badge-salt', value: string): void {
    this.#session.run('INSERT INTO station_settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value', name, value);
  }

  /** SECURITY: of a PIN and a badge it is noted that they changed, and the hash of their salted hash; not what they are. */
  #note({ change, operator, value, ...hashes }: AccessNote, by: string, at: string): void {
    this.#session.run('INSERT INTO operator_changes (name, what, value, changed_by, changed_at) VALUES (?, ?, ?, ?, ?)', operator ?? '', change, value ?? '', by, timestamp(at));
    this.#events.accessChanged({ change, ...(operator === undefined ? {} : { operator }), ...(value === undefined ? {} : { value }), ...hashes }, by, at);
  }
}

type AccessNote = EventData<'operator-changed'>;

function valueOf(change: OperatorChange, hash: string | null): Partial<AccessNote> {
  switch (change.what) {
    case 'role':
      return { value: change.role };
    case 'enabled':
      return { value: change.enabled ? 'enabled' : 'disabled' };
    case 'badge':
      return hash === null ? { value: 'taken away' } : { value: 'given', badgeSha256: sha256(hash) };
    case 'pin':
      return hash === null ? {} : { value: 'given', pinSha256: sha256(hash) };
  }
}

function refuse(error: ImprintError): never {
  throw error;
}

function operatorOf({ name, role, enabled, badge_hash, created_by, created_at }: Account): Operator {
  return { name, role, enabled: enabled === 1, hasBadge: badge_hash !== null, createdBy: created_by, createdAt: created_at };
}
