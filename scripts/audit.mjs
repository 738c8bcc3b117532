import { runs } from './package/provenance.mjs';
import { readJson } from './support/files.mjs';
import { inRoot } from './support/paths.mjs';
import { isEntryPoint, Problem, runMain } from './support/problem.mjs';
import { run } from './support/run.mjs';

const EXCEPTIONS = inRoot('packaging', 'audit-exceptions.json');

/** @typedef {{advisory: string, package: string, reason: string, until: string}} Exception */

/**
 * Sorts what npm knows against a lock file into what is accepted for now and what is not; what only development uses does not count.
 * @param {object} report of `npm audit --json`
 * @param {Record<string, {dev?: boolean, devOptional?: boolean}>} locked the packages of the lock file, by path
 * @param {Exception[]} exceptions each with a reason and a last day; afterwards it is none any more
 * @param {Date} now
 */
export function judge(report, locked, exceptions, now) {
  const day = now.toISOString().slice(0, 10);
  for (const { advisory, package: name, reason, until } of exceptions) {
    if (!/^GHSA-/.test(advisory ?? '') || !name || !reason || !/^\d{4}-\d{2}-\d{2}$/.test(until ?? '')) throw new Problem(`An exception needs advisory, package, reason and until (a day): ${JSON.stringify({ advisory, package: name, reason, until })}`);
  }
  const found = Object.values(report.vulnerabilities ?? {})
    .filter(({ nodes }) => nodes.some((path) => runs(locked[path] ?? {})))
    .flatMap(({ via }) => via.filter((each) => typeof each === 'object').map(({ url, name, title, severity }) => ({ advisory: url.split('/').at(-1), package: name, title, severity })));
  const distinct = [...new Map(found.map((each) => [`${each.advisory} ${each.package}`, each])).values()];
  const exception = ({ advisory, package: name }) => exceptions.find((each) => each.advisory === advisory && each.package === name);
  const accepted = distinct.filter((each) => (exception(each)?.until ?? '') >= day);
  return {
    refused: distinct.filter((each) => !accepted.includes(each)).map((each) => ({ ...each, ended: exception(each)?.until })),
    accepted,
    unused: exceptions.filter((each) => !distinct.some((one) => one.advisory === each.advisory && one.package === each.package)),
  };
}

/**
 * Asks the registry what is known against the packages that run.
 * @param {{require: boolean}} how `require`: not to be able to ask is a failure
 * @throws {Problem} where something is known that no exception covers
 */
export async function audit({ require }, say) {
  const { output } = await run('npm', ['audit', '--json', '--loglevel=error'], { timeoutMs: 120_000 });
  let report;
  try {
    report = JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1));
  } catch {
    report = {};
  }
  if (report.vulnerabilities === undefined) {
    const reason = (report.message ?? '').replace(/ - [A-Z]+ \S+$/, '') || 'no answer';
    const sentence = `The registry could not be asked what is known against these packages (${reason}).`;
    if (require) throw new Problem(`${sentence} That is needed here.`);
    say(`${sentence} Nothing was checked.`);
    return;
  }
  const { refused, accepted, unused } = judge(report, readJson(inRoot('package-lock.json')).packages, readJson(EXCEPTIONS).exceptions, new Date());
  for (const each of accepted) say(`Accepted for now: ${each.advisory} in ${each.package} (${each.title}).`);
  for (const each of unused) say(`No longer needed: the exception for ${each.advisory} in ${each.package}.`);
  if (refused.length > 0) throw new Problem(refused.map((each) => `${each.advisory} (${each.severity}) in ${each.package}: ${each.title}${each.ended === undefined ? '' : `; its exception ended on ${each.ended}`}`).join('\n'));
  say('Nothing is known against the packages that run, besides what is accepted.');
}

if (isEntryPoint(import.meta.url)) {
  await runMain(() => audit({ require: process.argv.includes('--require') }, (text) => process.stdout.write(`${text}\n`)));
}
