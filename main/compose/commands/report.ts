import { resolve } from 'node:path';
import type { ReportWish } from '../../contract/report-channel';
import { percent, type Named, type ShiftReport, type Yield } from '../../domain/shift-report';
import type { Dashboard } from '../../domain/dashboard';
import { ReportDesk } from '../report-desk';
import { required, text, usage, wrongOption, type Command, type CommandContext } from './arguments';
import { batchOf, withStation } from './context';

/** `report [--from MOMENT] [--until MOMENT] [--batch B] [--made-by NAME] [-o FILE.pdf] [--anchor]` */
export const reportCommand: Command = (context) => {
  const wish = wishOf(context);
  const path = text(context, 'output');
  const isAnchor = context.values['anchor'] === true;
  if (isAnchor && path === undefined) throw usage('An anchor on paper needs the paper.', '-o FILE.pdf');
  return withStation(context, async (open) => {
    const desk = new ReportDesk(open);
    const { output } = context;
    if (path === undefined) {
      const report = await desk.report(wish);
      output.emit({ event: 'result', ...report });
      for (const line of linesOf(report)) output.print(line);
      return 0;
    }
    const to = resolve(required(context, 'output'));
    const { report, sentence, place } = await (isAnchor ? desk.anchor(wish, to) : desk.save(wish, to));
    output.emit({ event: 'result', path: to, sentence, anchor: place, ...report });
    output.print(sentence);
    return 0;
  });
};

/** `dashboard [--json]`: today and the last thirty days. */
export const dashboardCommand: Command = (context) => {
  const [other] = context.positionals;
  if (other !== undefined) throw usage(`"${other}" is no option of this command.`, 'dashboard [--json]');
  return withStation(context, async (open) => {
    const dashboard = await new ReportDesk(open).dashboard();
    context.output.emit({ event: 'result', ...dashboard });
    for (const line of dayLines(dashboard)) context.output.print(line);
    return 0;
  });
};

function wishOf(context: CommandContext): ReportWish {
  const { positionals } = context;
  if (positionals.length > 0) throw usage(`"${positionals[0] ?? ''}" is no option of this command.`, 'report [--from MOMENT] [--until MOMENT]');
  const [from, until] = [momentOf(context, 'from', 0), momentOf(context, 'until', 1)];
  if (from !== undefined && until !== undefined && from >= until) throw wrongOption('until', '--until is not after --from.', 'a later --until');
  const [batch, operator] = [batchOf(context), text(context, 'made-by')];
  if (operator === '') throw wrongOption('made-by', '--made-by names nobody.', '--made-by NAME');
  return {
    which: from === undefined && until === undefined ? 'shift' : 'span',
    ...(from === undefined ? {} : { from }),
    ...(until === undefined ? {} : { until }),
    ...(batch === undefined ? {} : { batch }),
    ...(operator === undefined ? {} : { operator }),
  };
}

/** A day or a moment by this computer's clock, as shifts are; with a zone, that zone's. A day as the end is meant as a whole. */
function momentOf(context: CommandContext, name: 'from' | 'until', wholeDay: number): string | undefined {
  const given = text(context, name);
  if (given === undefined) return undefined;
  const parts = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2}))?(Z|[+-]\d{2}:\d{2})?)?$/.exec(given);
  const expected = `--${name} 2026-11-25, --${name} "2026-11-25 06:00" or --${name} 2026-11-25T06:00:00Z`;
  if (parts === null) throw wrongOption(name, `"${given}" is no moment.`, expected);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1, 7).map((part: string | undefined) => Number(part ?? 0));
  // The 30th of February, and 25 o'clock, would become other moments.
  const named = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const wanted = [year, month, day, hour, minute, second].join();
  const found = [named.getUTCFullYear(), named.getUTCMonth() + 1, named.getUTCDate(), named.getUTCHours(), named.getUTCMinutes(), named.getUTCSeconds()].join();
  if (wanted !== found) throw wrongOption(name, `"${given}" is no moment.`, expected);
  if (parts[7] !== undefined) {
    const moment = new Date(given.replace(' ', 'T'));
    if (Number.isNaN(moment.getTime())) throw wrongOption(name, `"${given}" is no moment.`, expected);
    return moment.toISOString();
  }
  const later = parts[4] === undefined ? wholeDay : 0;
  return new Date(year, month - 1, day + later, hour, minute, second).toISOString();
}

function linesOf({ query, counts, firstPass, finalYield, perHour, causes, slots, operators, batches, images, profiles, log }: ShiftReport): readonly string[] {
  return [
    `Shift      ${query.from} to ${query.until}`,
    `Cards      ${String(counts.started)} started, ${String(counts.done)} done, ${String(counts.accepted)} accepted, ${String(counts.failed)} failed, ${String(counts.cancelled)} cancelled, ${String(counts.waiting)} waiting`,
    `Yield      first pass ${share(firstPass)}, final ${share(finalYield)}`,
    `An hour    ${perHour.toFixed(1)} done`,
    ...causes.map(({ word, cause, jobs }) => `Failed     ${String(jobs)} × ${word} (${cause})`),
    ...slots.map((row) => named('Slot', row)),
    ...operators.map((row) => named('Operator', row)),
    ...batches.map((row) => named('Batch', row)),
    ...images.map(({ sha256, jobs }) => `Image      ${sha256}, ${String(jobs)} cards`),
    ...profiles.map(({ name, sha256, jobs }) => `Profile    ${name} ${sha256}, ${String(jobs)} cards`),
    `Log        ${log.last === undefined ? 'no signed head yet' : `${String(log.first?.size ?? 0)} entries at its begin, ${String(log.last.size)} at its end, root ${log.last.root}`}`,
  ];
}

function named(what: string, { name, done, failed, cancelled }: Named): string {
  return `${what.padEnd(10)} ${name === '' ? '(none)' : name}: ${String(done)} done, ${String(failed)} failed, ${String(cancelled)} cancelled`;
}

function dayLines({ days, total, causes, waiting, running }: Dashboard): readonly string[] {
  return [
    ...days.filter(({ started, done, failed }) => started + done + failed > 0).map(({ day, done, accepted, failed, firstPass }) => `${day}  ${String(done)} done, ${String(accepted)} accepted, ${String(failed)} failed, first pass ${share(firstPass)}`),
    `All        ${String(total.done)} done, ${String(total.failed)} failed, first pass ${share(total.firstPass)}, final ${share(total.finalYield)}; ${String(waiting)} waiting, ${String(running)} at work`,
    ...causes.map(({ word, cause, jobs, today }) => `Failed     ${String(jobs)} × ${word} (${cause}), ${String(today)} today`),
  ];
}

function share(value: Yield): string {
  const found = percent(value);
  return found === undefined ? '–' : `${found.toFixed(1)} % (${String(value.good)} of ${String(value.of)})`;
}
