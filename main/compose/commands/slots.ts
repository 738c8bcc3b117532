import { arrivedCards, canBeSlot, cardAtPort, describeCard, describePort, driveName, type Drive } from '../../domain/drives';
import { cancelled } from '../../domain/errors';
import { healthQuery, isSuspect, type FailureCount } from '../../domain/slot-health';
import { mostColumns, slotOrders, type SlotOrder } from '../../domain/slot-layout';
import { watchDrives } from '../../flash/drive-watch';
import { listDrives } from '../../flash/drives';
import { stationFolder } from '../station-folder';
import { SlotsStore } from '../slots-store';
import { required, text, usage, wrongOption, type Command, type CommandContext } from './arguments';
import { withStation } from './context';

const forms = 'slots list, slots bind --name NAME, slots clear, slots layout --columns N, or slots health';

/** The slots that profiles without slots of their own use, how they stand on the desk, and how many cards failed in each. */
export const slotsCommand: Command = async (context) => {
  const practice = context.values['practice'] === true;
  const store = new SlotsStore(stationFolder(context.dataFolder, practice).root);
  const [what = 'list', ...more] = context.positionals;
  if (more.length > 0) throw usage(`"${more.join(' ')}" is one word too many.`, forms);
  // SECURITY: with --practice nobody is asked who they are, so nothing but the practice folder may be touched.
  if (practice && (what === 'bind' || what === 'clear')) throw usage('The practice bench has slots of its own: none is bound.', 'this command without --practice');
  switch (what) {
    case 'layout':
      return layout(context, store);
    case 'health':
      return health(context);
    case 'list':
      return list(context, store);
    case 'bind':
      return bind(context, store, required(context, 'name').trim());
    case 'clear':
      store.write([]);
      context.output.print('No slot is bound.');
      return 0;
    default:
      throw usage(`There is no command "slots ${what}".`, forms);
  }
};

async function list({ output }: CommandContext, store: SlotsStore): Promise<number> {
  const drives = await listDrives();
  const slots = store.read();
  for (const { name, port } of slots) {
    const card = cardAtPort(drives, port);
    output.emit({ event: 'result', slot: name, port, path: card?.path, bytes: card?.bytes });
    output.print(`${name}: ${describePort(port)} (${port}), ${card === undefined ? 'no card' : `${describeCard(card)} at ${card.path}`}`);
  }
  if (slots.length === 0) output.print('No slot is bound.');
  return 0;
}

/** Says how the slots stand; with --columns, sets it. `--columns auto`: as the window thinks fit. */
function layout(context: CommandContext, store: SlotsStore): number {
  const { output } = context;
  const [columns, order] = [text(context, 'columns'), text(context, 'order')];
  if (columns === undefined && order !== undefined) throw usage('--order needs --columns.', '--columns N');
  if (columns === 'auto') store.writeLayout(undefined);
  else if (columns !== undefined) store.writeLayout({ columns: columnsOf(columns), order: orderOf(order ?? 'rows') });
  const kept = store.layout();
  output.emit({ event: 'result', columns: kept?.columns, order: kept?.order });
  output.print(kept === undefined ? 'The window places the slots as it thinks fit.' : `${String(kept.columns)} ${kept.columns === 1 ? 'column' : 'columns'}, counted by ${kept.order}.`);
  return 0;
}

function columnsOf(given: string): number {
  const columns = /^\d{1,2}$/.test(given) ? Number(given) : 0;
  if (columns < 1 || columns > mostColumns) throw wrongOption('columns', `${given} is no number of columns.`, `1 to ${String(mostColumns)}, or auto`);
  return columns;
}

function orderOf(given: string): SlotOrder {
  const order = slotOrders.find((known) => known === given);
  if (order === undefined) throw wrongOption('order', `Slots cannot be counted by "${given}".`, slotOrders.join(', '));
  return order;
}

/** How many cards failed in each slot, and of which lot and card. Exit code 0 also where some are suspect. */
function health(context: CommandContext): Promise<number> {
  const { output } = context;
  return withStation(context, async ({ station }) => {
    const { slots, lots, cards } = await station.record.benchHealth(healthQuery(station.clock.now()));
    for (const { slot, recent, week, month, sentence } of slots) {
      const suspect = isSuspect(recent);
      output.emit({ event: 'result', slot, recent, week, month, suspect, sentence });
      output.print(`${slot}: ${counted(recent)} of the last ${String(recent.of)}, ${counted(week)} in 7 days (${String(week.of)}), ${counted(month)} in 30 days (${String(month.of)}).${suspect ? ' Look at its port, its cable and its reader.' : ''}`);
    }
    for (const { lot, card, month, slots: count } of [...lots, ...cards]) {
      const suspect = count > 1 && isSuspect(month);
      output.emit({ event: 'result', lot, card, month, slots: count, suspect });
      output.print(`${card === undefined ? `Lot ${lot}` : `Card ${card}`}: ${counted(month)} of ${String(month.of)} in 30 days, in ${String(count)} ${count === 1 ? 'slot' : 'slots'}.${suspect ? ' Set these cards aside.' : ''}`);
    }
    if (slots.length === 0) output.print('No card was written yet.');
    return 0;
  });
}

const counted = ({ failed }: FailureCount): string => `${String(failed)} failed`;

/** A name or a port that is bound already is bound anew: the reader was moved, or its slots were counted differently. */
async function bind({ output, signal }: CommandContext, store: SlotsStore, name: string): Promise<number> {
  // A file that cannot be read is told now rather than after somebody has walked to the reader.
  const before = store.read();
  const drive = await nextCard(signal, () => {
    output.emit({ event: 'notice', sentence: `Plug a card into ${name}. One that is in already: take it out and put it in again.` });
  });
  if (!canBeSlot(drive)) {
    const reason = drive.systemDisk ? 'this computer runs from it' : drive.portPath === undefined ? 'where it is plugged in is not known' : 'it is a fixed disk and no card reader';
    throw usage(`${drive.path} (${driveName(drive)}) is no slot: ${reason}.`, 'a card in a reader');
  }
  const { portPath: port } = drive;
  const slot = { name, port };
  const kept = before.filter((other) => other.port !== port || other.name === name);
  store.write(kept.some((other) => other.name === name) ? kept.map((other) => (other.name === name ? slot : other)) : [...kept, slot]);
  output.emit({ event: 'result', slot: name, port, path: drive.path, bytes: drive.bytes });
  output.print(`${name} is ${describePort(port)} (${port}).`);
  return 0;
}

/** The next card that is plugged in after `ready` was called. @throws ImprintError cancelled */
function nextCard(signal: AbortSignal, ready: () => void): Promise<Drive> {
  return new Promise((resolve, reject) => {
    let before: readonly Drive[] | undefined;
    const watch = watchDrives((drives) => {
      if (before === undefined) ready();
      const [card] = before === undefined ? [] : arrivedCards(before, drives);
      before = drives;
      if (card === undefined) return;
      watch.close();
      resolve(card);
    });
    const stop = (): void => {
      watch.close();
      reject(cancelled());
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
}
