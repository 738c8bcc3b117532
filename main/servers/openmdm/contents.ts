import { ImprintError } from '../../domain/errors';
import type { DeliveredContent, Deliverable } from '../../domain/ports';
import type { CardFile } from '../../domain/profile';
import { privateKeyContent } from '../../domain/profile';
import type { MdmOptions } from './options';
import type { MdmEnrolment } from './replies';

/** What an enrolment gives a device besides its key. Texts stand in their files alone, without a line end. */
export const mdmDeliverables: readonly Deliverable[] = [
  { content: 'device-id', required: true, secret: false, mostBytes: 255 },
  { content: 'enrollment-id', required: false, secret: false, mostBytes: 1024 },
  // SECURITY: its bearer speaks for the device for a year.
  { content: 'token', required: true, secret: true, mostBytes: 4096 },
  { content: 'server-url', required: false, secret: false, mostBytes: 2048 },
  { content: 'policy', required: false, secret: false, mostBytes: 12 * 1024 },
  { content: 'push-config', required: false, secret: false, mostBytes: 4096 },
];

const file = (content: string, name: string, mode: number): CardFile => ({ content, partition: { number: 4 }, path: `/openmdm/${name}`, mode, uid: 0, gid: 0, createFolders: true });

export const usualMdmFiles: readonly CardFile[] = [
  file(privateKeyContent, 'device-key.pem', 0o600),
  file('device-id', 'device-id', 0o644),
  file('enrollment-id', 'enrollment-id', 0o644),
  file('token', 'token', 0o600),
  file('server-url', 'server-url', 0o644),
  file('policy', 'policy.json', 0o644),
  file('push-config', 'push-config.json', 0o644),
];

/**
 * What the server's reply becomes on the card.
 *
 * @param url the profile's server URL: the reply names scheme and host alone, without the path at which OpenMDM is mounted
 * @throws ImprintError server-reply-invalid where something is larger than a file of a card may be
 */
export function contentsOf(enrolment: MdmEnrolment, { cardServerUrl }: MdmOptions, url: string): readonly DeliveredContent[] {
  const texts: Readonly<Record<string, string>> = {
    'device-id': enrolment.deviceId,
    'enrollment-id': enrolment.enrollmentId,
    'token': enrolment.token,
    'server-url': cardServerUrl === 'profile' ? url : enrolment.serverUrl,
    // A server without a default policy sends none; the file says so.
    'policy': JSON.stringify(enrolment.policy ?? null),
    'push-config': JSON.stringify(enrolment.pushConfig),
  };
  return mdmDeliverables.map(({ content, mostBytes }) => {
    const bytes = Buffer.from(texts[content] ?? '', 'utf8');
    if (bytes.length === 0 || bytes.length > mostBytes) {
      throw new ImprintError('server-reply-invalid', `The server's ${content} has ${String(bytes.length)} bytes; a card takes 1 to ${String(mostBytes)}. The device is enrolled there and has no card yet.`, { field: 'files' });
    }
    return { content, parts: [{ bytes }] };
  });
}

/** The text of one content that main itself has made or got. */
export function textOf(contents: readonly DeliveredContent[], content: string): string | undefined {
  const found = contents.find((each) => each.content === content);
  if (found === undefined) return undefined;
  return Buffer.concat(found.parts.map((part) => ('bytes' in part ? part.bytes : new Uint8Array()))).toString('utf8');
}
