import type { KeyType } from '../../domain/keys';

const rsaAndEc: readonly KeyType[] = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'ec-p256'];
/** P-384 is left out: no client was tried with it, and one that cannot read its key makes another over it. */
const known: readonly KeyType[] = [...rsaAndEc, 'ed25519'];

/**
 * Which of the station's keys (PKCS#8 PEM) a version of the Mender client loads and signs with.
 *
 * From the client's sources:
 * - up to 2.3 (store/keystore.go): Go's x509.ParsePKCS1PrivateKey alone. It reads no PKCS#8 file of any type, and makes
 *   itself a new key instead, so nothing that the station writes would be used.
 * - 2.4 to 2.6 (store/keystore.go, vendor/github.com/mendersoftware/openssl): PEM_read_bio_PrivateKey, any type; Ed25519
 *   only where it was built with OpenSSL 1.1.1 or later (X_ED25519_SUPPORT), which boards of those years often have not.
 * - 3.x: the same code; every system that it is built for has OpenSSL 1.1.1.
 * - from 4.0 (src/common/crypto/platform/openssl/crypto.cpp): OpenSSL's decoder and its own branch for Ed25519.
 *
 * @param clientVersion `major.minor`; undefined where nobody said, then every type is offered that some client is known to read
 */
export function readableKeyTypes(clientVersion: string | undefined): readonly KeyType[] {
  if (clientVersion === undefined) return known;
  const found = /^\s*v?(\d+)(?:\.(\d+))?/.exec(clientVersion);
  if (found === null) return known;
  const major = Number(found[1]);
  // A bare "2" may be any 2.x: the oldest decides.
  const minor = Number(found[2] ?? 0);
  if (major >= 3) return known;
  if (major === 2 && minor >= 4) return rsaAndEc;
  return [];
}
