import type { Acceptance, AcceptanceState, WatchedDevice } from '../../domain/acceptance';
import { asImprintError, ImprintError } from '../../domain/errors';
import { describeIdentity } from '../../domain/identity';
import type { AcceptancePage, AcceptanceQuery, AcceptanceRow, RecordStore } from '../../domain/ports';
import { untilAborted } from '../../station/pauses';
import { isUndecided } from '../../station/station';
import { AcceptanceWatch, watchOnce, type WatchReport } from '../../station/watch';
import { text, usage, type Command, type CommandContext } from './arguments';
import { batchOf, profileOf, withStation } from './context';
import { table } from './table';

/** The urgent ones first. */
const order: readonly AcceptanceState[] = ['stuck', 'missing', 'waiting', 'unchecked', 'accepted'];

/** `watch --once --profile P.json [--everything]`: one round; without --once as `status --watch`. */
export const watchCommand: Command = async (context) => {
  if (context.values['once'] !== true) return watchStatus(context);
  const { profile } = profileOf(context);
  return withStation(context, async ({ station }) => {
    const report = await watchOnce(station, profile, { everything: context.values['everything'] === true }, context.signal);
    context.output.emit({ event: 'result', ...report });
    context.output.print(describeReport(report));
    return 0;
  });
};

function describeReport({ checked, changed, accepted, waiting, stuck, missing }: WatchReport): string {
  return `${String(checked)} devices asked for, ${String(changed)} changed: ${String(accepted)} accepted, ${String(waiting)} waiting, ${String(stuck)} stuck, ${String(missing)} missing.`;
}

/**
 * `status --watch --profile P.json [--batch B] [--until-accepted] [--interval SECONDS]`: on a terminal a table that is kept
 * up to date, else a line for each change. Ends with an interrupt, or when every device is accepted.
 */
export async function watchStatus(context: CommandContext): Promise<number> {
  const { profile } = profileOf(context);
  const batch = batchOf(context);
  const interval = intervalOf(context);
  const untilAccepted = context.values['until-accepted'] === true;
  const { output, signal } = context;
  return withStation(context, async ({ station }) => {
    const { record } = station;
    await refuseUnknown(record, batch);
    const query = { batch, profileName: profile.name };
    const screen = output.json || !process.stdout.isTTY ? undefined : new Screen();
    const changes: { device: WatchedDevice; acceptance: Acceptance }[] = [];
    let tell = Promise.resolve();
    const complete = new AbortController();
    const afterRound = async (report: WatchReport): Promise<void> => {
      for (const change of changes.splice(0)) {
        if (batch !== undefined && (await record.device(change.device.deviceId))?.batch !== batch) continue;
        tellChange(context, change.device, change.acceptance, screen !== undefined);
      }
      if (screen !== undefined) screen.show(await draw(record, query, report));
      if (untilAccepted && (await allAccepted(record, query))) complete.abort();
    };
    const watch = new AcceptanceWatch(
      station,
      profile,
      {
        changed: (report) => {
          tell = tell.then(() => afterRound(report)).catch((thrown: unknown) => {
            output.emit({ event: 'warning', sentence: asImprintError(thrown).message });
          });
        },
        trouble: (sentence, nextTryAt) => {
          output.emit({ event: 'warning', sentence: `${sentence} The next try is at ${nextTryAt}.` });
        },
        device: (device, acceptance) => changes.push({ device, acceptance }),
      },
      { interval },
    );
    try {
      await firstRound(watch);
      await tell;
      const end = AbortSignal.any([signal, complete.signal]);
      if (!end.aborted) watch.start();
      await untilAborted(end);
    } finally {
      await watch.close();
      await tell;
    }
    if (complete.signal.aborted) output.emit({ event: 'notice', sentence: 'Every device is accepted.' });
    else if (untilAccepted) throw new ImprintError('cancelled', 'Stopped before every device was accepted.');
    return 0;
  });
}

/** What a person must put right ends the command at once; a server that is away does not. */
async function firstRound(watch: AcceptanceWatch): Promise<void> {
  try {
    await watch.askNow();
  } catch (thrown) {
    const error = asImprintError(thrown);
    if (!isUndecided(error)) throw error;
  }
}

function intervalOf(context: CommandContext): number {
  const given = text(context, 'interval');
  if (given === undefined) return 60_000;
  const seconds = Number(given);
  if (!Number.isFinite(seconds) || seconds < 1 || seconds > 3600) throw usage(`--interval ${given} is no interval.`, 'seconds, 1 to 3600');
  return seconds * 1000;
}

async function refuseUnknown(record: RecordStore, batch: string | undefined): Promise<void> {
  if (batch === undefined || (await record.list({ batch, limit: 1, offset: 0 })).total > 0) return;
  throw new ImprintError('no-such-device', `The record has no device of batch ${batch}.`, { field: 'batch', expected: 'a batch of this record' });
}

type Query = Pick<AcceptanceQuery, 'batch' | 'profileName'>;

async function allAccepted(record: RecordStore, query: Query): Promise<boolean> {
  const { total, counts } = await record.acceptancePage({ ...query, limit: 1, offset: 0 });
  return total > 0 && counts.accepted === total;
}

function tellChange({ output }: CommandContext, device: WatchedDevice, acceptance: Acceptance, hasTable: boolean): void {
  output.emit({ event: 'result', ...acceptance, identity: device.identity, before: device.acceptance });
  if (!hasTable) output.print(`${acceptance.checkedAt}  ${acceptance.state.padEnd(9)} ${describeIdentity(device.identity)}  ${acceptance.sentence}`);
}

/** Lines of a screenful, without the last one. */
async function draw(record: RecordStore, query: Query, report: WatchReport): Promise<readonly string[]> {
  const room = Math.max(3, (process.stdout.rows || 24) - 4);
  const rows: AcceptanceRow[] = [];
  let page: AcceptancePage | undefined;
  for (const state of order) {
    if (rows.length >= room) break;
    page = await record.acceptancePage({ ...query, state, limit: room - rows.length, offset: 0 });
    rows.push(...page.rows);
  }
  const { counts } = page ?? { counts: { unchecked: 0, waiting: 0, accepted: 0, stuck: 0, missing: 0 } };
  const total = order.reduce((sum, state) => sum + counts[state], 0);
  const summary = `${order.map((state) => `${String(counts[state])} ${state}`).join(', ')} (${report.at})`;
  const cells = rows.map((row) => [row.acceptance, describeIdentity(row.identity), row.batch ?? '', row.acceptedAt ?? row.preauthorizedAt ?? '', row.sentence ?? '']);
  const more = total > rows.length ? [`… and ${String(total - rows.length)} more`] : [];
  return [summary, ...table([['STATE', 'IDENTITY', 'BATCH', 'SINCE', 'WHAT TO DO'], ...cells]).split('\n'), ...more];
}

/** Redraws its lines in place; what stood above them stays. */
class Screen {
  #lines = 0;

  show(lines: readonly string[]): void {
    const width = process.stdout.columns || 80;
    // SECURITY: what came from a server or a label must not steer the terminal.
    const cut = lines.map((line) => line.replace(/\p{Cc}/gu, '·').slice(0, width - 1));
    const back = this.#lines === 0 ? '' : `\u001b[${String(this.#lines)}A\u001b[J`;
    process.stdout.write(`${back}${cut.join('\n')}\n`);
    this.#lines = cut.length;
  }
}
