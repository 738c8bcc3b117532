import { access, constants } from 'node:fs/promises';
import { canBeSlot, driveName, type Drive } from '../../domain/drives';
import { describeBytes } from '../../domain/targets';
import { listDrives } from '../../flash/drives';
import { rightsAdvice } from '../../flash/rights';
import { stationFolder } from '../open-station';
import { SlotsStore } from '../slots-store';
import type { Command } from './arguments';

/** `drives [--json]`: every drive of this computer, and whether a card in it could be written. */
export const drivesCommand: Command = async ({ dataFolder, output }) => {
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
};

function mayOpen(drive: Drive): Promise<boolean> {
  return access(drive.path, constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}
