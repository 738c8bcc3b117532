import { readFileSync } from 'node:fs';
import { signRequest } from '../../station/sign-request';
import { required, text, usage, type Command, type CommandContext } from './arguments';
import { profileOf, withStation } from './context';

/** `sign-request --profile P.json --target PATH [--body TEXT | --file PATH] [--device-id ID] [--timestamp T] [--nonce N]` */
export const signRequestCommand: Command = async (context) => {
  const { profile } = profileOf(context);
  const targetPath = required(context, 'target');
  const body = bodyOf(context);
  const timestamp = text(context, 'timestamp');
  if (timestamp !== undefined && Number.isNaN(Date.parse(timestamp))) throw usage('--timestamp is not a time.', 'ISO 8601, such as 2026-04-15T12:00:00Z');
  return withStation(context, async ({ station }) => {
    const { headers, message, fingerprint } = await signRequest(station, profile, { targetPath, body, timestamp, deviceId: text(context, 'device-id'), nonce: text(context, 'nonce') });
    context.output.emit({ event: 'result', headers, message, body, fingerprint });
    for (const [name, value] of Object.entries(headers)) context.output.print(`${name}: ${value}`);
    return 0;
  });
};

/** @throws ImprintError usage */
function bodyOf(context: CommandContext): string {
  const [given, file] = [text(context, 'body'), text(context, 'file')];
  if (given !== undefined && file !== undefined) throw usage('Both --body and --file were given.', 'one of them');
  if (file === undefined) return given ?? '';
  const bytes = readBytes(file);
  const read = bytes.toString('utf8');
  // What is signed must be what is sent, byte for byte.
  if (!Buffer.from(read, 'utf8').equals(bytes)) throw usage(`${file} is no UTF-8 text.`, 'the body as it is sent');
  return read;
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    throw usage(`${path} cannot be read.`, 'a file with the body of the request');
  }
}
