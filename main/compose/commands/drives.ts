import { existsSync } from 'node:fs';
import { access, constants } from 'node:fs/promises';
import { canBeSlot, describePort, driveName, type Drive } from '../../domain/drives';
import { ImprintError } from '../../domain/errors';
import { describeBytes } from '../../domain/targets';
import { listDrives, systemDrives } from '../../flash/drives';
import { isUsbPort, resetReader } from '../../flash/reader-reset';
import { rightsAdvice } from '../../flash/rights';
import { writtenTargets } from '../../station/written-targets';
import { stationFolder } from '../station-folder';
import { SlotsStore } from '../slots-store';
import { required, text, usage, type Command, type CommandContext } from './arguments';
import { withStation } from './context';
import { table } from './table';

/** `drives [--json]`: every drive of this computer, and whether a card in it could be written; `drives --reset PORT`. */
export const drivesCommand: Command = (context) => (text(context, 'reset') === undefined ? list(context) : reset(context));

async function list({ dataFolder, output }: CommandContext): Promise<number> {
  const slots = new SlotsStore(stationFolder(dataFolder, false).root).read();
  const drives = await listDrives();
  const rows = await Promise.all(
    drives.map(async (drive) => ({
      ...drive,
      slot: slots.find((slot) => slot.port === drive.portPath)?.name,
      permitted: await mayOpen(drive),
    })),
  );
  for (const row of rows) output.emit({ event: 'result', ...row });
  // An empty loop device stands for nothing.
  const shown = rows.filter((row) => row.mediaPresent || row.bus !== 'loop');
  const cells = shown.map((row) => [
    row.path,
    row.mediaPresent ? describeBytes(row.bytes) : 'no card',
    driveName(row),
    row.serial ?? '',
    row.bus,
    row.portPath ?? '',
    row.systemDisk ? 'this computer' : row.usedBy.join(' '),
    row.slot ?? '',
  ]);
  output.print(table([['PATH', 'SIZE', 'MODEL', 'SERIAL', 'BUS', 'PORT', 'IN USE BY', 'SLOT'], ...cells]));
  const closed = rows.filter((row) => !row.permitted && row.bus !== 'loop' && canBeSlot(row));
  if (closed.length > 0) output.emit({ event: 'warning', sentence: `This user may not write ${closed.map((row) => row.path).join(', ')}: ${rightsAdvice}.` });
  return 0;
}

/** Resets the reader of a port or of a slot that is bound on this station. */
async function reset(context: CommandContext): Promise<number> {
  const { dataFolder, output, positionals, signal } = context;
  const wanted = required(context, 'reset').trim();
  if (positionals.length > 0) throw usage(`"${positionals.join(' ')}" is one word too many.`, '--reset PORT, or --reset with the name of a slot in quotes');
  const port = new SlotsStore(stationFolder(dataFolder, false).root).read().find((slot) => slot.name === wanted)?.port ?? wanted;
  if (!isUsbPort(port) && !(await listDrives()).some((drive) => drive.portPath === port)) {
    throw new ImprintError('no-such-slot', `There is no slot and no port "${wanted}": "imprint drives" prints both.`, { field: '--reset', expected: 'a port or the name of a slot' });
  }
  output.emit({ event: 'notice', sentence: `Resetting the reader of ${describePort(port)}; one that hangs may take a minute.` });
  const { path, driverRestarted } = await resetReader(port, { beingWritten: () => pathsBeingWritten(context), signal });
  output.emit({ event: 'result', port, path, driverRestarted });
  output.print(`The reader of ${describePort(port)} answers again, at ${path}.`);
  return 0;
}

/** Drives that a job of a living process is at, in the window too. */
async function pathsBeingWritten(context: CommandContext): Promise<readonly string[]> {
  if (!existsSync(stationFolder(context.dataFolder, false).record)) return [];
  const targets = await withStation(context, ({ station }) => writtenTargets(station));
  return Promise.all(targets.map(async (target) => (await systemDrives.realPath(target)) ?? target));
}

function mayOpen(drive: Drive): Promise<boolean> {
  return access(drive.path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}
