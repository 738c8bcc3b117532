import { exitCodes } from '../../domain/errors';
import { describeIdentity } from '../../domain/identity';
import { compareWithServer } from '../../station/audit';
import { usage, type Command } from './arguments';
import { profileOf, withStation } from './context';
import { csvRow } from './table';

/** `audit --profile P.json [--csv|--json]`: the record against the server, both ways. Exit code 4 where they differ. */
export const auditCommand: Command = async (context) => {
  const { profile } = profileOf(context);
  const csv = context.values['csv'] === true;
  const { output } = context;
  if (csv && output.json) throw usage('The findings are either JSON or CSV.', '--json or --csv');
  return withStation(context, async ({ station }) => {
    if (csv) output.print(csvRow(['finding', 'identity', 'device', 'server_device', 'sentence']));
    const report = await compareWithServer(
      station,
      profile,
      (finding) => {
        output.emit({ event: 'result', ...finding });
        const { kind, identity, deviceId = '', serverDeviceId = '', sentence } = finding;
        output.print(csv ? csvRow([kind, JSON.stringify(identity), deviceId, serverDeviceId, sentence]) : `${kind.padEnd(19)} ${describeIdentity(identity)}  ${sentence}`);
      },
      () => undefined,
      context.signal,
    );
    const summary = `${String(report.recorded)} devices recorded, ${String(report.atServer)} at the server, ${String(report.matching)} the same, ${String(report.findings)} findings${report.complete ? '' : '; stopped before the end'}.`;
    output.emit({ event: 'result', ...report, sentence: summary });
    // With --csv the table alone is on standard output.
    if (csv) output.emit({ event: 'notice', sentence: summary });
    else output.print(summary);
    if (!report.complete) return exitCodes.cancelled;
    return report.findings === 0 ? 0 : exitCodes.conflict;
  });
};
