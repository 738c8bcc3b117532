import { ImprintError } from '../../domain/errors';
import type { Identity, IdentityAttribute } from '../../domain/identity';

/** CN has room for 64 characters (RFC 5280, upper bound ub-common-name). */
const mostCharacters = 64;
/** A label of a DNS name (RFC 1123, 2.1), which the certificate's SAN must be. */
const label = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** Which attribute is the device's id: the one that the profile names, else the only one that differs from device to device. */
export function idAttributeOf(attributes: readonly IdentityAttribute[], named: string | undefined): string | undefined {
  if (named !== undefined) return attributes.some((attribute) => attribute.name === named) ? named : undefined;
  const varying = attributes.filter(({ constant }) => constant === undefined);
  return varying.length === 1 ? varying[0]?.name : undefined;
}

/**
 * The id by which bridge, CA, hawkBit and ThingsBoard know a device.
 *
 * @throws ImprintError identity-invalid where DNS or the CA would refuse it: it becomes CN and SAN of the certificate
 */
export function deviceIdOf(identity: Identity, named: string | undefined): string {
  const names = Object.keys(identity);
  const attribute = named ?? (names.length === 1 ? names[0] : undefined);
  const value = attribute === undefined ? undefined : identity[attribute];
  if (attribute === undefined || value === undefined) {
    throw new ImprintError('identity-missing-attribute', 'This identity has no attribute that is the device\'s id at the bridge; name one in the profile (server.options.deviceId).', { field: 'server.options.deviceId' });
  }
  const fits = value.length <= mostCharacters && value.split('.').every((part) => label.test(part));
  if (fits) return value;
  throw new ImprintError('identity-invalid', `"${value}" cannot be the id of a device at this server: its certificate would be made out to it, and that must be a DNS name.`, {
    field: `identity.${attribute}`,
    expected: `up to ${String(mostCharacters)} letters, digits, hyphens and dots, such as "device-001"`,
  });
}
