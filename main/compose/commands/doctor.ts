import type { HealthFinding, HealthState } from '../../domain/health';
import { loadProfile } from '../load-profile';
import { stationFolder } from '../station-folder';
import { healthReport, stationHealth } from '../health/station-health';
import { text, usage, type Command } from './arguments';

/** `doctor [--profile P.json]`: whether cards can be made here, and what mends what is not as it should be. Exits with 1 where something stops. */
export const doctorCommand: Command = async (context) => {
  const { dataFolder, output, positionals, values, signal } = context;
  if (positionals.length > 0) throw usage(`"${positionals.join(' ')}" is one word too many.`, 'imprint doctor [--profile P.json]');
  const path = text(context, 'profile');
  const profile = path === undefined ? undefined : loadProfile(path).profile;
  const folder = stationFolder(dataFolder, values['practice'] === true);
  const report = await healthReport(stationHealth({ folder, profile }, signal), new Date());
  output.emit({ event: 'result', ...report });
  output.print(report.findings.map(lines).join('\n'));
  output.print(summary(report.state, report.findings));
  return report.state === 'stop' ? 1 : 0;
};

function lines({ state, check, sentence, command }: HealthFinding): string {
  const line = `${state.padEnd(7)}  ${check.padEnd(15)}  ${sentence}`;
  return command === undefined ? line : `${line}\n${' '.repeat(26)}${command}`;
}

function summary(state: HealthState, findings: readonly HealthFinding[]): string {
  const count = (wanted: HealthState): number => findings.filter((each) => each.state === wanted).length;
  if (state === 'ok') return 'Everything is as it should be.';
  if (state === 'warning') return `${String(count('warning'))} to look at; cards can be made.`;
  return `${String(count('stop'))} must be mended before cards are made, ${String(count('warning'))} to look at.`;
}
