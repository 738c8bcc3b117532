import { ImprintError } from '../domain/errors';
import { putFile } from './durable-file';

export const commandSheetName = 'imprint-command-codes.pdf';

/** @throws ImprintError export-unwritable; what was there stays then */
export async function putCommandSheet(path: string): Promise<void> {
  const { commandSheet } = await import('../export/command-sheet');
  const sheet = await commandSheet();
  try {
    putFile(path, sheet, true);
  } catch (thrown) {
    throw new ImprintError('export-unwritable', `The file ${path} cannot be written.`, { field: '--output', expected: 'a file in a folder that this user may write', cause: thrown });
  }
}
