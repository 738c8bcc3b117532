import { resolve } from 'node:path';
import { ExportKeys } from '../export-keys';
import { ExportSession, type ExportWish } from '../export-session';
import { LogKeys } from '../log-keys';
import { stationFolder } from '../station-folder';
import { Keyring } from '../secrets';
import { required, usage, type Command, type CommandContext } from './arguments';
import { selectionOf } from './export-options';

/** `export --to PATH [--zip] …`: the record for auditors. Every role may; the record is opened for reading only. */
export const exportCommand: Command = async (context) => {
  const wish = wishOf(context);
  const { output, signal } = context;
  const { record, keyring: folder } = stationFolder(context.dataFolder, context.values['practice'] === true);
  const keyring = new Keyring(folder);
  const [exportKeys, logKeys] = [new ExportKeys(keyring, folder), new LogKeys(keyring, folder)];
  const session = new ExportSession(record);
  try {
    const outcome = await session.make(
      wish,
      { log: (key) => logKeys.signer(key), manifest: (station) => exportKeys.open(station, new Date()) },
      { signal, onProgress: (progress) => output.emit({ event: 'progress', ...progress }) },
    );
    const warning = exportKeys.warning();
    if (warning !== undefined) output.emit({ event: 'warning', sentence: warning });
    const sentence = `${outcome.devices} devices and ${outcome.entries} entries of ${outcome.origin} were exported to ${outcome.to}.`;
    output.emit({ event: 'result', ...outcome, sentence });
    output.print(sentence);
    output.print(`Log key      ${outcome.logKey}`);
    output.print(`Certificate  ${outcome.certificateSha256}`);
    output.print(`Manifest     ${outcome.manifestSha256}`);
    return 0;
  } finally {
    await session.close();
  }
};

function wishOf(context: CommandContext): ExportWish {
  const { values, positionals } = context;
  const is = (name: string): boolean => values[name] === true;
  if (positionals.length > 0) throw usage(`"${positionals[0] ?? ''}" is no option of this command.`, 'export --to PATH');
  if (is('pdf') && is('no-pdf')) throw usage('A summary is wanted or not.', '--pdf or --no-pdf');
  const to = resolve(required(context, 'to'));
  return {
    to,
    zip: is('zip'),
    selection: selectionOf(context),
    summary: !is('no-pdf'),
    publicKeys: is('public-keys'),
    receipts: is('receipts'),
    madeAt: new Date().toISOString(),
    madeBy: context.who.operator,
  };
}
