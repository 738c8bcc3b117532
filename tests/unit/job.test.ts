import { describe, expect, it } from 'vitest';
import { decideRecovery, stepNames, type Step, type StepName, type StepState } from '../../main/domain/job';

const step = (name: StepName, state: StepState): Step => ({ name, state, startedAt: '2026-01-01T00:00:00.000Z' });
/** The journal of a station that was killed in or after its last line. */
const journal = (last: StepName, state: StepState): Step[] => [
  ...stepNames.slice(0, stepNames.indexOf(last)).map((name) => step(name, 'done')),
  step(last, state),
];

describe('decideRecovery', () => {
  it.each<[StepName, StepState, string]>([
    ['reserve', 'started', 'release'],
    ['reserve', 'done', 'release'],
    ['check', 'started', 'release'],
    ['check', 'done', 'release'],
    ['check', 'failed', 'release'],
    ['generate', 'started', 'release'],
    ['generate', 'done', 'release'],
    ['write', 'started', 'release'],
    ['write', 'failed', 'release'],
    ['write', 'done', 'release'],
    ['verify', 'started', 'release'],
    ['verify', 'failed', 'release'],
    ['verify', 'done', 'resume-enrol'],
    ['enrol', 'started', 'resume-enrol'],
    ['enrol', 'failed', 'resume-enrol'],
    ['enrol', 'done', 'finish'],
    ['destroy', 'started', 'finish'],
    ['destroy', 'failed', 'finish'],
    ['destroy', 'done', 'finish'],
    ['record', 'started', 'finish'],
    ['record', 'done', 'finish'],
  ])('after %s %s: %s', (last, state, action) => {
    expect(decideRecovery(journal(last, state)).action).toBe(action);
  });

  it('releases a job without a journal', () => {
    expect(decideRecovery([]).action).toBe('release');
  });

  it('says whether a card was touched', () => {
    expect(decideRecovery(journal('generate', 'done')).sentence).toContain('before the card was touched');
    expect(decideRecovery(journal('write', 'started')).sentence).toContain('write this card again');
  });

  // A server kind that enrols before the write: its word alone proves nothing about the card.
  it.each<[StepState]>([['started'], ['done']])('never calls a card finished that was not verified (enrol %s before write)', (state) => {
    const early = [step('reserve', 'done'), step('check', 'done'), step('generate', 'done'), step('enrol', state)];
    for (const steps of [early, [...early, step('write', 'started')], [...early, step('write', 'done'), step('verify', 'started')]]) {
      const decision = decideRecovery(steps);
      expect(decision.action).toBe('release');
      expect(decision.sentence).not.toContain('knows nothing');
    }
  });
});
