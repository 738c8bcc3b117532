import { Problem } from '../support/problem.mjs';

const OLDEST_MAJOR = 20;

export function requireNodeVersion(version = process.versions.node) {
  if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return;
  throw new Problem(`Imprint's scripts need Node ${OLDEST_MAJOR} or newer, and this is Node ${version}.`);
}
