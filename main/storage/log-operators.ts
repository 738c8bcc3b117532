import { createHash } from 'node:crypto';

import { z } from 'zod';

import type { LogCheck } from '../domain/record-log';
import type { EntryOf } from '../ledger/entry';
import type { LogStore } from './log-store';
import { parse } from './rows';
import type { RecordSession } from './session';

/** An operator as the log has it. */
interface LoggedAccount {
  readonly name: string;
  readonly role: string;
  readonly enabled: boolean;
  /** Over the kept hashes. */
  readonly pinSha256: string | undefined;
  readonly badgeSha256: string | undefined;
  /** The last entry about it. */
  readonly entry: number;
}

/** An operator as the table has it. */
export interface KeptAccount {
  readonly name: string;
  readonly role: string;
  readonly enabled: number;
  readonly pin_hash: string;
  readonly badge_hash: string | null;
}

/** Over the text of a salted hash: who has the log alone can try no PIN against it. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** All operators, from the entries about them in their order. */
export function loggedAccounts(entries: readonly EntryOf<'operator-changed'>[]): ReadonlyMap<string, LoggedAccount> {
  const accounts = new Map<string, LoggedAccount>();
  for (const { seq: entry, data } of entries) {
    const { change, operator: name, value, pinSha256, badgeSha256 } = data;
    if (name === undefined) continue;
    const before = accounts.get(name);
    if (change === 'added') accounts.set(name, { name, role: value ?? '', enabled: true, pinSha256, badgeSha256, entry });
    if (before === undefined) continue;
    if (change === 'role') accounts.set(name, { ...before, role: value ?? '', entry });
    if (change === 'enabled') accounts.set(name, { ...before, enabled: value === 'enabled', entry });
    if (change === 'pin') accounts.set(name, { ...before, pinSha256, entry });
    if (change === 'badge') accounts.set(name, { ...before, badgeSha256, entry });
  }
  return accounts;
}

/** What is wrong with the row of an operator, one sentence; undefined where the log says the same. */
export function wrongAccount(row: KeptAccount, accounts: ReadonlyMap<string, LoggedAccount>): string | undefined {
  const logged = accounts.get(row.name);
  if (logged === undefined) return broken(`operator ${row.name} is in the record, and no entry made them`);
  const differs = (what: string): string => broken(`${what} of operator ${row.name} is another one than after entry ${String(logged.entry)}`);
  if (logged.role !== row.role) return differs(`the role (${row.role})`);
  if (logged.enabled !== (row.enabled === 1)) return broken(`operator ${row.name} is ${row.enabled === 1 ? 'enabled' : 'disabled'} in the record, and not so after entry ${String(logged.entry)}`);
  if (logged.pinSha256 !== sha256(row.pin_hash)) return differs('the PIN');
  if (logged.badgeSha256 !== (row.badge_hash === null ? undefined : sha256(row.badge_hash))) return differs('the badge');
  return undefined;
}

/**
 * Compares the operators of the record with what the log says of them: who gives themselves rights in the file is found here.
 *
 * @throws ImprintError record-*
 */
export function checkOperators(session: RecordSession, log: LogStore): Promise<{ readonly sound: true } | Extract<LogCheck, { sound: false }>> {
  return session.read(() => {
    const accounts = loggedAccounts(log.entriesOf('operator-changed'));
    const rows = session.all('SELECT name, role, enabled, pin_hash, badge_hash FROM operator_accounts ORDER BY sequence').map((row) => parse(accountSchema, row, 'operator', session.path));
    const wrong = rows.map((row) => wrongAccount(row, accounts)).find((problem) => problem !== undefined);
    if (wrong !== undefined) return { sound: false, sentence: wrong };
    const gone = [...accounts.keys()].find((name) => !rows.some((row) => row.name === name));
    if (gone !== undefined) return { sound: false, sentence: broken(`operator ${gone} is in the log, and not in the record`) };
    const mode = session.text(`SELECT value AS value FROM station_settings WHERE name = 'access-mode'`);
    if (accounts.size > 0 && mode !== 'operators') return { sound: false, sentence: broken('this station has operators, and the record lets anybody in') };
    return { sound: true };
  });
}

function broken(what: string): string {
  return `The record does not agree with its log: ${what}.`;
}

const accountSchema = z.object({ name: z.string(), role: z.string(), enabled: z.int(), pin_hash: z.string(), badge_hash: z.string().nullable() });
