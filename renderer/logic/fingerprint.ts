/** Hexadecimal digits in groups of four, so that two people can read them to each other. */
export function groupsOfFour(fingerprint: string): readonly string[] {
  return fingerprint.match(/.{1,4}/g) ?? [];
}

/** The first groups, for a list; the whole stands on the device's page. */
export function shortFingerprint(fingerprint: string): string {
  return groupsOfFour(fingerprint.slice(0, 16)).join(' ');
}
