import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ImprintError } from '../../domain/errors';
import { importForeignDevices } from '../../station/foreign-import';
import { required, type Command } from './arguments';
import { withStation } from './context';

/** `import --file DEVICES.csv`: devices that another tool preauthorized. */
export const importCommand: Command = async (context) => {
  const path = required(context, 'file');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (thrown) {
    throw new ImprintError('import-invalid', `Nothing was imported: ${path} cannot be read as UTF-8 text.`, { field: '--file', expected: 'a CSV file', cause: thrown });
  }
  return withStation(context, async ({ station }) => {
    const { added, known } = await importForeignDevices(station, text, basename(path));
    const sentence = `${String(added)} devices of ${basename(path)} were imported${known === 0 ? '' : `, ${String(known)} were known already`}.`;
    context.output.emit({ event: 'result', added, known, sentence });
    context.output.print(sentence);
    return 0;
  });
};
