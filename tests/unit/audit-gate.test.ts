/** What `npm run audit` makes of the registry's answer: an exception counts until its day, for its package, with a reason. */
import { describe, expect, it } from 'vitest';
import { judge } from '../../scripts/audit.mjs';

const advisory = (id: string, name: string) => ({ name, title: `${name} is bad`, severity: 'high', url: `https://example.com/advisories/${id}` });
const locked = { 'node_modules/runs': {}, 'node_modules/through': {}, 'node_modules/tool': { dev: true } };
const report = {
  vulnerabilities: {
    runs: { nodes: ['node_modules/runs'], via: [advisory('GHSA-1', 'runs')] },
    through: { nodes: ['node_modules/through'], via: ['runs'] },
    tool: { nodes: ['node_modules/tool'], via: [advisory('GHSA-2', 'tool')] },
  },
};
const exception = { advisory: 'GHSA-1', package: 'runs', reason: 'not reached from here', until: '2026-12-31' };
const on = (day: string): Date => new Date(`${day}T12:00:00Z`);

describe('the audit', () => {
  it('refuses what is known against a package that runs, and not what only tools have', () => {
    const { refused, accepted } = judge(report, locked, [], on('2026-11-26'));
    expect(refused).toMatchObject([{ advisory: 'GHSA-1', package: 'runs', severity: 'high' }]);
    expect(accepted).toEqual([]);
  });

  it('accepts an exception to the end of its day, and says when it ended', () => {
    expect(judge(report, locked, [exception], on('2026-12-31')).refused).toEqual([]);
    expect(judge(report, locked, [exception], on('2027-01-01')).refused).toMatchObject([{ advisory: 'GHSA-1', ended: '2026-12-31' }]);
  });

  it('takes an exception for its own package and advisory only, and names one that nothing needs', () => {
    expect(judge(report, locked, [{ ...exception, package: 'through' }], on('2026-11-26'))).toMatchObject({ refused: [{ advisory: 'GHSA-1' }], unused: [{ package: 'through' }] });
  });

  it.each([{ ...exception, until: 'soon' }, { ...exception, reason: '' }, { ...exception, advisory: 'CVE-1' }])('takes no exception without a day, a reason and an advisory', (wrong) => {
    expect(() => judge(report, locked, [wrong], on('2026-11-26'))).toThrow('advisory, package, reason and until');
  });
});
