/** Which program this is, as it says itself, at the prompt, in the window and in the record's log. */
import { smokeSuffix } from '../domain/version';
import { madeFor, stationVersion } from './station-version';

/** Over the sources, put in by the build. */
declare const IMPRINT_BUILD: string;

export interface BuildFacts {
  /** A smoke package's says that it is for trying out packages only. */
  readonly version: string;
  /** SHA-256 over everything that the bundles were made of; the same sources give the same one on every machine. */
  readonly build: string;
  /** Undefined for what may make cards for customers. */
  readonly warning: string | undefined;
}

export function buildFacts(): BuildFacts {
  const version = madeFor === 'smoke' ? `${stationVersion}${smokeSuffix}` : stationVersion;
  return { version, build: IMPRINT_BUILD, warning: warningOf(version) };
}

/** Whether no card for anybody may be made with what this runs on. */
export const isUnofficial = (): boolean => madeFor === 'smoke' || process.env['IMPRINT_UNOFFICIAL_RUNTIME'] === '1';

function warningOf(version: string): string | undefined {
  if (madeFor === 'smoke') return `Smoke build ${version} on an unofficial runtime: this is not a release of Imprint.`;
  return isUnofficial() ? 'Development runtime: this is not a release of Imprint.' : undefined;
}
