/** From package.json, put in by the build: in a source checkout Electron would give its own. */
declare const IMPRINT_VERSION: string;

export const stationVersion: string = IMPRINT_VERSION;

/**
 * What the bundle was made for, put in by the build.
 * SECURITY: decides whose updates are taken, so neither the environment nor a file beside the program may say it.
 */
declare const IMPRINT_MADE_FOR: 'checkout' | 'smoke' | 'release';

export const madeFor: 'checkout' | 'smoke' | 'release' = IMPRINT_MADE_FOR;
