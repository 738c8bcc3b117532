import type { BenchView, DeviceState, JobState, Role } from '../contract';
import { texts } from '../texts';
import { formatBytes } from './format';

type Words = Pick<BenchView, 'expectedWords'>;

/** The state of a device in the word of its kind of server. */
export function deviceWord({ expectedWords }: Words, serverKind: string | undefined, state: DeviceState): string {
  return state === 'preauthorized' ? expectedWord(expectedWords, serverKind) : texts.deviceStates[state];
}

/** How a job ended, in the word of its kind of server. */
export function jobWord({ expectedWords }: Words, serverKind: string, state: JobState): string {
  return state === 'done' ? expectedWord(expectedWords, serverKind) : texts.day.words[state];
}

/** A kind that this version does not know any more keeps the usual word. */
function expectedWord(words: Words['expectedWords'], serverKind: string | undefined): string {
  const word = serverKind === undefined ? undefined : words[serverKind];
  return word === undefined ? texts.deviceStates.preauthorized : texts.slotWords[word];
}

/** A reason as a person says it; one that the record has from elsewhere stands as it is. */
export function reasonWords(reason: string): string {
  const known: Readonly<Record<string, string>> = texts.revocationReasons;
  return known[reason] ?? reason;
}

/** The role of who is here, where nobody signs in with that beside it. */
export function roleAndMode(role: Role, single: boolean): string {
  if (!single) return texts.roles[role];
  return role === 'lab' ? texts.access.singlePerson : texts.access.singlePersonAs(texts.roles[role]);
}

/** How a server calls the state of a device or key, in this language where it has such a word. */
export function serverWord(status: string): string {
  return texts.serverStates[status] ?? status;
}

/** What a slot or a drive has in it; in English it is main's own words. */
export function cardWords({ description, bytes }: { readonly description: string; readonly bytes?: number | undefined }): string {
  if (texts.ofMain === undefined) return description;
  return bytes === undefined ? texts.drive.noCard : texts.drive.card(formatBytes(bytes));
}
