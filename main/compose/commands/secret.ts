import { join } from 'node:path';
import { stationFolder } from '../station-folder';
import { assertCredential, Keyring } from '../secrets';
import { usage, type Command } from './arguments';

/** `secret NAME`: reads a secret from standard input and keeps it in the desktop's keyring for profiles to refer to. */
export const secretCommand: Command = async (context) => {
  const name = context.positionals[0];
  if (name === undefined) throw usage('This command needs the name of the secret.', 'secret NAME < FILE');
  assertCredential(name);
  const keyring = new Keyring(join(stationFolder(context.dataFolder, false).root, 'keyring'));
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  const value = Buffer.concat(chunks).toString('utf8').replace(/\r?\n$/, '');
  if (value === '') throw usage('The secret on standard input is empty.', 'secret NAME < FILE');
  await keyring.store(name, value);
  context.output.print(`The secret "${name}" is in the keyring.`);
  return 0;
};
