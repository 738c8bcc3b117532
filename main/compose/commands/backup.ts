import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { asImprintError } from '../../domain/errors';
import { assertMay } from '../../domain/roles';
import { describeBytes } from '../../domain/targets';
import { openStation } from '../open-station';
import { stationFolder } from '../station-folder';
import { restoreRecord } from '../restore';
import { Keyring, stationSecrets } from '../secrets';
import { required, text, usage, type Command } from './arguments';
import { withStation } from './context';
import { base64 } from './log';

/** `backup --to FOLDER_OR_FILE`: a copy of the record while it is in use, read once more before it counts. */
export const backupCommand: Command = async (context) => {
  const to = resolve(required(context, 'to'));
  return withStation(context, async ({ station, keeper }) => {
    assertMay(station.role, 'keep-log');
    // Signed first, so that the copy has a head that its reader can check.
    const signed = await keeper.checkpoint().then(
      () => undefined,
      (thrown: unknown) => {
        const error = asImprintError(thrown);
        if (error.code !== 'credential-missing') throw error;
        return error.message;
      },
    );
    if (signed !== undefined) context.output.emit({ event: 'warning', sentence: signed });
    const now = station.clock.now();
    const path = isFolder(to) ? join(to, `imprint-record-${now.toISOString().replace(/[-:]|\.\d+/g, '')}.sqlite`) : to;
    const receipt = await station.log.backup(path, () => undefined, context.signal);
    const { size, sha256, bytes } = receipt;
    const root = base64(receipt.root);
    await station.log.log({ event: 'backup', by: station.operator, at: station.clock.now().toISOString(), data: { size, root, path, sha256 } });
    keeper.changed();
    const sentence = `The record with ${String(size)} entries of its log is backed up to ${path} (${describeBytes(bytes)}), and the copy is sound.`;
    context.output.emit({ event: 'result', path, size, root, sha256, bytes, sentence });
    context.output.print(sentence);
    context.output.print(`SHA-256 ${sha256}`);
    return 0;
  });
};

/** `restore --from FILE [--override REASON]`: puts a backup in the place of the record. */
export const restoreCommand: Command = async (context) => {
  const from = required(context, 'from');
  const override = text(context, 'override')?.trim();
  if (override === '') throw usage('An override needs its reason.', '--override "why an older log must do"');
  const { who } = context;
  assertMay(who.role, 'restore');
  const folder = stationFolder(context.dataFolder, context.values['practice'] === true);
  const restored = await restoreRecord(folder, { from, by: who.operator, now: new Date(), override }, context.signal);
  const secrets = stationSecrets(new Keyring(folder.keyring), () => Promise.resolve(undefined));
  const open = openStation(folder, secrets, () => who);
  try {
    open.keeper.forgetSigned();
    await open.keeper.checkpoint();
  } catch (thrown) {
    // It is put back all the same; its head is signed at the station that has the key.
    context.output.emit({ event: 'warning', sentence: asImprintError(thrown).message });
  } finally {
    await open.close();
  }
  const kept = restored.replaced === undefined ? '' : ` The record that was there lies in ${restored.replaced}.`;
  const sentence = `The record is put back from ${resolve(from)}: ${String(restored.size)} entries, ${String(restored.devices)} devices.${kept}`;
  context.output.emit({ event: 'result', ...restored, sentence });
  context.output.print(sentence);
  return 0;
};

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
