/** From package.json, put in by the build: in a source checkout Electron would give its own. */
declare const IMPRINT_VERSION: string;

export const stationVersion: string = IMPRINT_VERSION;
