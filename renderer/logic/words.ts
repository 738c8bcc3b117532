import type { BenchView, DeviceState, JobState } from '../contract';
import { texts } from '../texts';

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
  return (serverKind === undefined ? undefined : words[serverKind]) ?? texts.deviceStates.preauthorized;
}

/** A reason as a person says it; one that the record has from elsewhere stands as it is. */
export function reasonWords(reason: string): string {
  const known: Readonly<Record<string, string>> = texts.revocationReasons;
  return known[reason] ?? reason;
}
