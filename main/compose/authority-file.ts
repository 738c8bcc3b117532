import { readFileSync } from 'node:fs';
import { ImprintError } from '../domain/errors';

/**
 * The PEM certificates that the station's settings name for one of the addresses in them.
 *
 * @param of whose they are: `a webhook`. @throws ImprintError profile-invalid naming the field
 */
export function authorityFile(path: string, field: string, of: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ImprintError('profile-invalid', `The certificates ${path} of ${of} cannot be read.`, { field, cause });
  }
  // Node's TLS takes a text without any silently, and then trusts nobody.
  if (!text.includes('-----BEGIN CERTIFICATE-----')) throw new ImprintError('profile-invalid', `The file ${path} holds no certificate.`, { field, expected: 'one or more PEM blocks CERTIFICATE' });
  return text;
}
