import { ImprintError } from '../domain/errors';
import {
  readBadge,
  readIdleMinutes,
  readNewPin,
  readOperatorName,
  readPin,
  signInRefused,
  type Claim,
  type NewOperator,
  type Operator,
  type OperatorChange,
  type OperatorStore,
} from '../domain/operators';
import type { Clock } from '../domain/ports';
import { assertMay, type Role } from '../domain/roles';

/** What the use cases about operators work with. */
export interface OperatorDoors {
  readonly operators: OperatorStore;
  readonly clock: Clock;
}

/** Who does something about operators. */
export interface Actor {
  readonly name: string;
  readonly role: Role;
}

const now = ({ clock }: OperatorDoors): string => clock.now().toISOString();

/** The first start: one person for the whole station, or the first admin. @throws ImprintError operator-exists */
export function beSinglePerson(doors: OperatorDoors): Promise<void> {
  return doors.operators.chooseSinglePerson(now(doors));
}

/** Nobody can be asked for a right yet, so this is for a station without operators. @throws ImprintError operator-invalid, operator-exists */
export async function makeFirstAdmin(doors: OperatorDoors, admin: Omit<NewOperator, 'role'>): Promise<void> {
  const { mode } = await doors.operators.accessSettings();
  if (mode === 'operators') throw new ImprintError('operator-exists', 'This station has operators already: an admin adds others.', { field: 'name' });
  const first = readNewOperator({ ...admin, role: 'admin' });
  await doors.operators.addOperator(first, first.name, now(doors));
}

/** @throws ImprintError not-allowed, operator-invalid, operator-exists */
export async function addOperator(doors: OperatorDoors, actor: Actor, operator: NewOperator): Promise<void> {
  assertMay(actor.role, 'manage-operators');
  await doors.operators.addOperator(readNewOperator(operator), actor.name, now(doors));
}

/** @throws ImprintError not-allowed, operator-invalid, no-such-operator, last-admin, operator-exists (a badge of somebody else) */
export async function changeOperator(doors: OperatorDoors, actor: Actor, name: string, change: OperatorChange): Promise<void> {
  assertMay(actor.role, 'manage-operators');
  await doors.operators.changeOperator(readOperatorName(name), readChange(change), actor.name, now(doors));
}

/** @throws ImprintError not-allowed, operator-invalid */
export async function setIdleMinutes(doors: OperatorDoors, actor: Actor, minutes: number): Promise<void> {
  assertMay(actor.role, 'manage-operators');
  await doors.operators.setIdleMinutes(readIdleMinutes(minutes), actor.name, now(doors));
}

/** @throws ImprintError sign-in-refused, sign-in-paused, log-broken */
export async function signIn(doors: OperatorDoors, claim: Claim, pin: string): Promise<Operator> {
  return doors.operators.signIn(readClaim(claim), pin, now(doors));
}

/**
 * No right is asked for: who has the PIN may change it, in any role, and nothing else of the account. A badge is given by an admin.
 *
 * @throws ImprintError operator-invalid, sign-in-refused, sign-in-paused, log-broken
 */
export async function changeOwnPin(doors: OperatorDoors, name: string, pin: string, newPin: string): Promise<void> {
  await doors.operators.changeOwnPin(readClaimedName(name), pin, readNewPin(newPin, pin), now(doors));
}

/** What cannot be anybody's badge or name is answered as any other wrong one. */
function readClaim(claim: Claim): Claim {
  try {
    return 'badge' in claim ? { badge: readBadge(claim.badge) } : { name: readOperatorName(claim.name) };
  } catch {
    throw signInRefused();
  }
}

function readClaimedName(name: string): string {
  const claim = readClaim({ name });
  return 'name' in claim ? claim.name : name;
}

function readNewOperator({ name, role, pin, badge }: NewOperator): NewOperator {
  return { name: readOperatorName(name), role, pin: readPin(pin), badge: badge === undefined ? undefined : readBadge(badge) };
}

function readChange(change: OperatorChange): OperatorChange {
  switch (change.what) {
    case 'pin':
      return { what: 'pin', pin: readPin(change.pin) };
    case 'badge':
      return { what: 'badge', badge: change.badge === undefined ? undefined : readBadge(change.badge) };
    case 'role':
    case 'enabled':
      return change;
  }
}
