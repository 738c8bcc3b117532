import { ImprintError } from './errors';

/** Who is at the station. Without sign-in it is said at the start; `lab`: one person who may do everything. */
export const roles = ['technician', 'qa', 'auditor', 'admin', 'lab'] as const;
export type Role = (typeof roles)[number];

/** What not everybody may do. */
export type Right = 'provision' | 'sign-off' | 'reject' | 'decommission' | 'replace-key' | 'import' | 'export-key' | 'keep-log' | 'renew-log-key' | 'restore';

const rightsOf: Readonly<Record<Role, readonly Right[]>> = {
  technician: ['provision', 'keep-log'],
  qa: ['sign-off', 'reject', 'keep-log'],
  auditor: [],
  admin: ['provision', 'sign-off', 'reject', 'decommission', 'replace-key', 'import', 'export-key', 'keep-log', 'renew-log-key', 'restore'],
  lab: ['provision', 'sign-off', 'reject', 'decommission', 'replace-key', 'import', 'export-key', 'keep-log', 'renew-log-key', 'restore'],
};

export function may(role: Role, right: Right): boolean {
  return rightsOf[role].includes(right);
}

const deeds: Readonly<Record<Right, string>> = {
  'provision': 'make devices',
  'sign-off': 'sign off a batch',
  'reject': 'reject a device',
  'decommission': 'decommission a device',
  'replace-key': 'replace the key that a server expects',
  'import': 'import devices of other tools',
  'export-key': 'replace the key that signs exports',
  'keep-log': 'sign, anchor or back up the log',
  'renew-log-key': 'renew the key of the log',
  'restore': 'put the record back',
};

/** @throws ImprintError not-allowed */
export function assertMay(role: Role, right: Right): void {
  if (may(role, right)) return;
  const able = roles.filter((each) => may(each, right)).join(' or ');
  throw new ImprintError('not-allowed', `A ${role} may not ${deeds[right]}: ask somebody whose role is ${able}.`, { field: 'role', expected: able });
}
