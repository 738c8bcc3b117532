/**
 * Keys whose updates this program takes, as `name+id+base64` (https://c2sp.org/signed-note). They are part of the program, so
 * whoever can change them can change the program. `npm run update:key` makes a pair and prints the line that belongs here.
 */
export const releaseKeys: readonly string[] = [];

/**
 * For source checkouts, smoke packages and tests. Its private half is made from a text that everybody can read
 * (scripts/update/keys.mjs), so it proves nothing; a release never takes it.
 */
export const developmentKey = 'imprint-development-updates+6b60b039+ASqHiJW4XHAGg2gztHsPD9L7wkotdINJh8kqRRA63o4H';
