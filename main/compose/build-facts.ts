/** Which program this is, as it says itself, at the prompt, in the window and in the record's log. */
import { app } from 'electron';
import { stationVersion } from './station-version';

/** Over the sources, put in by the build. */
declare const IMPRINT_BUILD: string;

export interface BuildFacts {
  readonly version: string;
  /** SHA-256 over everything that the bundles were made of; the same sources give the same one on every machine. */
  readonly build: string;
  /** Undefined for what may make cards for customers. */
  readonly warning: string | undefined;
}

/** What a package that was made with the unofficial runtime has in its version (scripts/package.mjs). */
const smoke = 'unofficial-runtime';

export function buildFacts(): BuildFacts {
  // A package's version can say more than its sources': that it is for trying the package only.
  const version = app.isPackaged ? app.getVersion() : stationVersion;
  return { version, build: IMPRINT_BUILD, warning: warningOf(version) };
}

function warningOf(version: string): string | undefined {
  if (version.includes(smoke)) return `Smoke build ${version} on an unofficial runtime: this is not a release of Imprint.`;
  return process.env['IMPRINT_UNOFFICIAL_RUNTIME'] === '1' ? 'Development runtime: this is not a release of Imprint.' : undefined;
}
