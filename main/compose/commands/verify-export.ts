import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { exitCodes, ImprintError } from '../../domain/errors';
import { ExportSession, type ExportCheck } from '../export-session';
import { stationFolder } from '../station-folder';
import { text, usage, type Command, type CommandContext } from './arguments';

/** `verify-export PATH [--key TEXT] [--anchor FILE …]`: exit code 8 where anything is wrong with an export. Needs no record. */
export const verifyExportCommand: Command = async (context) => {
  const [path, ...more] = context.positionals;
  if (path === undefined || more.length > 0) throw usage('This command needs the folder or zip of one export.', 'verify-export PATH');
  const key = text(context, 'key');
  const session = new ExportSession(stationFolder(context.dataFolder, false).record);
  try {
    const check = await session.check(resolve(path), key, anchorsOf(context), context.signal);
    const sentence = sentenceOf(check);
    context.output.emit({ event: 'result', ...check, sentence });
    for (const line of check.findings) context.output.print(line);
    context.output.print(sentence);
    if (check.total > 0) return exitCodes.record;
    if (key === undefined) context.output.emit({ event: 'notice', sentence: 'The key came with the export: compare it with the one that the station showed you, or give it with --key.' });
    if (check.signature === undefined) context.output.emit({ event: 'notice', sentence: 'This export has no CMS signature.' });
    return 0;
  } finally {
    await session.close();
  }
};

function anchorsOf({ values }: CommandContext): string[] {
  const files = values['anchor'];
  if (!Array.isArray(files)) return [];
  return (files as readonly string[]).map((file) => {
    try {
      return readFileSync(file, 'utf8');
    } catch (thrown) {
      throw new ImprintError('export-unreadable', `The anchor ${file} cannot be read.`, { field: '--anchor', expected: 'a file of checkpoints that you kept', cause: thrown });
    }
  });
}

function sentenceOf({ total, devices, entries, files, anchors, origin, key, signature }: ExportCheck): string {
  if (total > 0) return `${total} findings: this export cannot be relied on.`;
  const signed = signature === undefined ? '' : `, manifest by ${signature.subject} (certificate ${signature.fingerprint})`;
  return `Nothing is wrong: ${devices ?? 0} devices, ${entries} entries, ${files} files, ${anchors} anchors of ${origin ?? ''}, signed by ${key ?? ''}${signed}.`;
}
