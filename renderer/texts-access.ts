import type { Role } from './contract';

/** What the lock, the first start and the header say about who is at the station. Part of `texts`. */
export const accessTexts = {
  title: 'Sign in',
  scanBadge: 'Scan your badge',
  scanHint: 'The scanner may be used at once. Without a badge, choose your name with ↓ and Enter.',
  people: 'Or choose your name',
  pin: 'PIN',
  pinOf: (name: string) => `PIN of ${name}`,
  pinOfBadge: 'PIN for this badge',
  badgeRead: 'The badge was read.',
  pinHint: 'Then Enter. Esc: somebody else.',
  signIn: 'Sign in',
  checking: 'Checking…',
  other: 'Somebody else',
  running: 'Cards that are being written',
  runningHint: 'They go on. Sign in to start others.',
  lock: 'Lock',
  signedIn: (name: string, role: string) => `${name}, ${role}: signed in`,
  singlePerson: 'Single person',
  singlePersonMeaning: 'Nobody signs in at this station: whoever is at it may do everything.',
  singlePersonAs: (role: string) => `Single person, as ${role}`,
  setUp: {
    title: 'Who works at this station?',
    once: 'This is asked once. A station with operators does not become a single person’s again.',
    operators: 'Several people sign in',
    operatorsMeaning: 'Each has a name, a role and a PIN, and a badge if you like. You are the first admin. What is done is recorded with who did it.',
    single: 'One person works here',
    singleMeaning: 'For a lab: nobody signs in, and whoever is at this computer may do everything. You can change to operators later.',
    adminTitle: 'The first admin',
    name: 'Your name',
    pin: 'PIN, 6 to 12 digits',
    again: 'The PIN once more',
    badge: 'Scan your badge (not needed)',
    make: 'Make the admin',
    back: 'Back',
    differs: 'The two PINs are not the same.',
  },
} as const;

export function roleAndMode(role: string, single: boolean, rawRole: Role): string {
  if (!single) return role;
  return rawRole === 'lab' ? accessTexts.singlePerson : accessTexts.singlePersonAs(role);
}
