import { ImprintError } from '../../domain/errors';
import { iotBridgePractice } from './iot-bridge';
import { menderPractice } from './mender';
import { openMdmPractice, openMdmSecretPractice } from './openmdm';
import type { PracticeKind } from './practice-kind';

/** Every way to practise; the first is the usual one. Another one is a file beside these and a word here. */
export const practiceKinds: readonly [PracticeKind, ...PracticeKind[]] = [menderPractice, iotBridgePractice, openMdmPractice, openMdmSecretPractice];

/** @throws ImprintError usage */
export function practiceKindOf(name: string | undefined): PracticeKind {
  const kind = name === undefined ? practiceKinds[0] : practiceKinds.find((candidate) => candidate.name === name);
  if (kind !== undefined) return kind;
  throw new ImprintError('usage', `There is no practice server "${name ?? ''}".`, { field: '--server', expected: practiceKinds.map((each) => each.name).join(', ') });
}

export type { PracticeKind, RunningPractice } from './practice-kind';
