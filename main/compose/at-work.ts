import { ImprintError } from '../domain/errors';
import { roles, type Role } from '../domain/roles';
import type { AtWork } from './open-station';

/** @throws ImprintError usage */
export function readRole(text: string, field: string): Role {
  const role = roles.find((each) => each === text);
  if (role !== undefined) return role;
  throw new ImprintError('usage', `There is no role "${text}".`, { field, expected: roles.join(', ') });
}

/** For the window, as long as nobody signs in at the station. @throws ImprintError usage */
export function atWorkOfEnvironment(): AtWork {
  const role = process.env['IMPRINT_ROLE'];
  return role === undefined || role === '' ? {} : { role: readRole(role, 'IMPRINT_ROLE') };
}
