import { resolve } from 'node:path';
import { allCommandCodes, commandCodeText } from '../../domain/command-codes';
import { putCommandSheet } from '../command-sheet-file';
import { required, usage, type Command } from './arguments';

/** `command-codes -o FILE.pdf`: the barcodes by which a scanner works the bench. Needs no station. */
export const commandCodesCommand: Command = async (context) => {
  const [more] = context.positionals;
  if (more !== undefined) throw usage(`"${more}" is no option of this command.`, 'command-codes -o FILE.pdf');
  const path = resolve(required(context, 'output'));
  await putCommandSheet(path);
  const codes = allCommandCodes().map(commandCodeText);
  context.output.emit({ event: 'result', path, codes });
  context.output.print(`${path} has ${String(codes.length)} command codes: print it at 100 %.`);
  return 0;
};
