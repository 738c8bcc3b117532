import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImprintError } from '../../domain/errors';
import { assertMay } from '../../domain/roles';
import { ExportKeys } from '../export-keys';
import { stationFolder } from '../station-folder';
import { Keyring } from '../secrets';
import { usage, type Command, type CommandContext } from './arguments';
import { readHidden } from './hidden-input';

/** `export-key import FILE.p12`: signs exports with a key that an authority gave out, from now on. */
export const exportKeyCommand: Command = async (context) => {
  const [verb, path, ...more] = context.positionals;
  if (verb !== 'import' || path === undefined || more.length > 0) throw usage('This command takes one PKCS#12 file.', 'export-key import FILE.p12');
  assertMay(context.who.role, 'export-key');
  const file = readFile(path);
  const password = await passwordOf(context);
  const folder = join(stationFolder(context.dataFolder, context.values['practice'] === true).root, 'keyring');
  const keys = new ExportKeys(new Keyring(folder), folder);
  const { certificate } = await keys.import(file, password, new Date());
  const { subject, validTo, fingerprint256 } = new X509Certificate(certificate);
  const warning = keys.warning();
  if (warning !== undefined) context.output.emit({ event: 'warning', sentence: warning });
  const facts = { subject: subject.replaceAll('\n', ', '), fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(), validUntil: new Date(validTo).toISOString() };
  const sentence = `Exports are signed as ${facts.subject} from now on, until ${facts.validUntil}; certificate ${facts.fingerprint}.`;
  context.output.emit({ event: 'result', ...facts, sentence });
  context.output.print(sentence);
  return 0;
};

function readFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (thrown) {
    throw new ImprintError('export-key-invalid', `The file ${path} cannot be read.`, { field: 'FILE', expected: 'a PKCS#12 file', cause: thrown });
  }
}

/** Hidden at a terminal; else the first line of standard input, for a script. */
async function passwordOf({ signal }: CommandContext): Promise<string> {
  if (process.stdin.isTTY) return (await readHidden('Password of the file', process.stdin, process.stderr, signal)) ?? '';
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8').split(/\r?\n/)[0] ?? '';
}
