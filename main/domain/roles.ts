import { ImprintError } from './errors';

/** Who is at the station. `lab`: the one person of a station without sign-in, who may do everything. */
export const roles = ['technician', 'qa', 'auditor', 'admin', 'lab'] as const;
export type Role = (typeof roles)[number];

/** What not everybody may do. Looking is no right: whoever is let in may look. */
export const rights = ['provision', 'sign-off', 'reject', 'decommission', 'replace-key', 'import', 'manage-batches', 'ask-server', 'give-secrets', 'open-profile', 'manage-operators', 'export-key', 'keep-log', 'renew-log-key', 'restore', 'update', 'integrate'] as const;
export type Right = (typeof rights)[number];

const rightsOf: Readonly<Record<Role, readonly Right[]>> = {
  technician: ['provision', 'ask-server', 'give-secrets', 'open-profile', 'keep-log'],
  qa: ['sign-off', 'manage-batches', 'reject', 'ask-server', 'give-secrets', 'open-profile', 'keep-log'],
  // SECURITY: an auditor changes nothing; nothing is ever added here.
  auditor: [],
  admin: rights,
  lab: rights,
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
  'manage-batches': 'make, pause, resume or close a batch',
  'export-key': 'replace the key that signs exports',
  'keep-log': 'sign, anchor or back up the log',
  'renew-log-key': 'renew the key of the log',
  'restore': 'put the record back',
  'update': 'put another version of Imprint here',
  'ask-server': 'let the server be asked about all devices',
  'give-secrets': 'give the station a secret',
  'open-profile': 'open another profile',
  'integrate': 'change what other systems are told',
  'manage-operators': 'manage the operators',
};

/** @throws ImprintError not-allowed */
export function assertMay(role: Role, right: Right): void {
  if (may(role, right)) return;
  const able = roles.filter((each) => may(each, right)).join(' or ');
  throw new ImprintError('not-allowed', `A ${role} may not ${deeds[right]}: ask somebody whose role is ${able}.`, { field: 'role', expected: able });
}
