/** Keys as custody has them, of node:crypto: for adapters that sign before there is a card. */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { DeviceKey } from '../../main/domain/ports';

/** EC on P-256, with its X25519 pair made at the first call. */
export function newDeviceKey(): DeviceKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  let agreement: Uint8Array | undefined;
  return {
    publicKey: { type: 'ec-p256', spki, fingerprint: createHash('sha256').update(spki).digest('hex') },
    sign: (payload) => Promise.resolve(sign('sha256', payload, privateKey)),
    agreementKey: () => {
      // The last 32 bytes of its SPKI are the key itself (RFC 8410, 4).
      agreement ??= generateKeyPairSync('x25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
      return Promise.resolve(agreement);
    },
  };
}
