import { deviceStates, type DeviceState } from '../../domain/job';
import type { ExportWish } from '../export-session';
import { text, usage, type CommandContext } from './arguments';
import { batchOf } from './context';

const day = 24 * 60 * 60 * 1000;

/** What the options of `export` select. @throws ImprintError usage */
export function selectionOf(context: CommandContext): ExportWish['selection'] {
  const from = momentOf(context, 'from', 0);
  const before = momentOf(context, 'until', day);
  if (from !== undefined && before !== undefined && from >= before) throw usage('--from is not before --until.', 'an earlier --from');
  return { from, before, batch: batchOf(context), profile: nameOf(context), states: statesOf(context) };
}

/** A day is meant as a whole, in UTC; a moment as it is. @param wholeDay what is added to a day */
function momentOf(context: CommandContext, name: 'from' | 'until', wholeDay: number): string | undefined {
  const given = text(context, name);
  if (given === undefined) return undefined;
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(given);
  const isMoment = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/.test(given);
  const milliseconds = Date.parse(given);
  // The 30th of February would become a day of March.
  const exists = !Number.isNaN(milliseconds) && (!isDay || new Date(milliseconds).toISOString().startsWith(given));
  if (!(isDay || isMoment) || !exists) throw usage(`"${given}" is no date.`, `--${name} 2026-11-22 or --${name} 2026-11-22T08:00:00Z`);
  return new Date(milliseconds + (isDay ? wholeDay : 0)).toISOString();
}

function nameOf(context: CommandContext): string | undefined {
  const name = text(context, 'profile');
  if (name === '') throw usage('--profile is the name of a profile here.', '--profile NAME');
  return name;
}

function statesOf(context: CommandContext): DeviceState[] | undefined {
  const given = context.values['state'];
  if (!Array.isArray(given)) return undefined;
  return (given as readonly string[]).map((name) => {
    const state = deviceStates.find((each) => each === name);
    if (state === undefined) throw usage(`There is no state "${name}".`, deviceStates.join(', '));
    return state;
  });
}
