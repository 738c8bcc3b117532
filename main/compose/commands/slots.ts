import { arrivedCards, canBeSlot, cardAtPort, describeCard, describePort, driveName, type Drive } from '../../domain/drives';
import { cancelled } from '../../domain/errors';
import { watchDrives } from '../../flash/drive-watch';
import { listDrives } from '../../flash/drives';
import { stationFolder } from '../open-station';
import { SlotsStore } from '../slots-store';
import { required, usage, type Command, type CommandContext } from './arguments';

/** `slots [list]`, `slots bind --name NAME`, `slots clear`: the slots that profiles without slots of their own use. */
export const slotsCommand: Command = async (context) => {
  const store = new SlotsStore(stationFolder(context.dataFolder, false).root);
  const [what = 'list', ...more] = context.positionals;
  if (more.length > 0) throw usage(`"${more.join(' ')}" is one word too many.`, 'slots list, slots bind --name NAME, or slots clear');
  switch (what) {
    case 'list':
      return list(context, store);
    case 'bind':
      return bind(context, store, required(context, 'name').trim());
    case 'clear':
      store.write([]);
      context.output.print('No slot is bound.');
      return 0;
    default:
      throw usage(`There is no command "slots ${what}".`, 'slots list, slots bind --name NAME, or slots clear');
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
