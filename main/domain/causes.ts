import type { ErrorCode } from './errors';

/** Why a card stopped, in the two or three words of a plot. `interrupted`: the station ended while it was made. */
const words: Partial<Readonly<Record<ErrorCode, string>>> = {
  'unexpected': 'Unexpected',
  'credential-missing': 'No credential',
  'identity-recorded': 'Identity taken',
  'identity-at-server': 'At the server already',
  'outbox-full': 'Outbox full',
  'public-key-recorded': 'Key taken',
  'image-unreadable': 'Image not readable',
  'image-hash-differs': 'Wrong image',
  'image-changed': 'Image changed',
  'image-truncated': 'Image cut off',
  'image-partition-full': 'Image partition full',
  'target-not-found': 'No card',
  'target-not-a-card': 'No card',
  'target-not-permitted': 'No right to the card',
  'target-read-only': 'Card read-only',
  'target-mounted': 'Card mounted',
  'target-busy': 'Card in use',
  'target-too-small': 'Card too small',
  'target-out-of-range': 'Card out of range',
  'target-system-disk': 'System disk',
  'target-not-removable': 'Not removable',
  'target-changed': 'Card swapped or pulled',
  'target-counterfeit': 'Card counterfeit',
  'target-write-failed': 'Card did not take it',
  'target-read-failed': 'Card not readable',
  'verify-content-differs': 'Read back differs',
  'verify-file-missing': 'Key file missing',
  'verify-file-attributes': 'Key file attributes',
  'verify-key-unreadable': 'Key not readable',
  'verify-key-differs': 'Another key read',
  'verify-key-unknown': 'Unknown key read',
  'server-unreachable': 'Server away',
  'server-untrusted': 'Server not trusted',
  'server-sign-in-refused': 'Sign-in refused',
  'server-refused': 'Server refused',
  'server-busy': 'Server busy',
  'server-challenge-invalid': 'Server challenge',
  'server-reply-invalid': 'Server reply',
  'device-not-accepted': 'Not accepted',
  'record-full-disk': 'Disk full',
  'record-unavailable': 'Record away',
  'record-corrupt': 'Record damaged',
  'custody-unavailable': 'Custody ended',
  'custody-no-such-key': 'Key gone',
  'custody-key-failed': 'No key made',
};

/** Of a station that was killed, and that nobody wrote down: records from before causes were kept. */
export const interrupted = 'interrupted';
export const notKept = 'not-kept';

/** @param cause an error's code, `interrupted` or `not-kept` */
export function causeWord(cause: string): string {
  if (cause === interrupted) return 'Station ended';
  if (cause === notKept) return 'Cause not kept';
  const known = (words as Readonly<Record<string, string | undefined>>)[cause];
  return known ?? `${cause.slice(0, 1).toUpperCase()}${cause.slice(1).replaceAll('-', ' ')}`;
}
