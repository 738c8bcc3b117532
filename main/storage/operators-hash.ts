import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

import { z } from 'zod';

/**
 * PINs and badges as they are kept: `$scrypt$ln=15,r=8,p=1$SALT$HASH`, base64 (RFC 7914; the form is the one of the PHC).
 * The cost stands in each hash, so that another one can come without a migration.
 */
export const usualLogCost = 15;
const blockSize = 8;
const parallel = 1;
const hashBytes = 32;
const saltBytes = 16;

export function newSalt(): Buffer {
  return randomBytes(saltBytes);
}

/** @returns the text that is kept; the same for the same secret and salt */
export async function hashSecret(secret: string, salt: Buffer, logCost = usualLogCost): Promise<string> {
  const hash = await derive(secret, salt, logCost, blockSize, parallel);
  return `$scrypt$ln=${logCost},r=${blockSize},p=${parallel}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

const keptSchema = z
  .string()
  .regex(/^\$scrypt\$ln=(?:1[0-9]|20),r=[1-9]\d?,p=[1-9]\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+$/)
  .transform((text) => {
    const [, , cost = '', salt = '', hash = ''] = text.split('$');
    const [ln = 0, r = 0, p = 0] = cost.split(',').map((part) => Number(part.split('=')[1]));
    return { ln, r, p, salt: Buffer.from(salt, 'base64'), hash: Buffer.from(hash, 'base64') };
  });

/** Whether `kept` was made of this secret. What is no hash was made of none. */
export async function isHashOf(kept: string, secret: string): Promise<boolean> {
  const parsed = keptSchema.safeParse(kept);
  if (!parsed.success) return false;
  const { ln, r, p, salt, hash } = parsed.data;
  const found = await derive(secret, salt, ln, r, p, hash.length);
  // SECURITY: the same time whichever byte differs.
  return found.length === hash.length && timingSafeEqual(found, hash);
}

function derive(secret: string, salt: Buffer, ln: number, r: number, p: number, bytes = hashBytes): Promise<Buffer> {
  const N = 2 ** ln;
  return new Promise((resolve, reject) => {
    // Twice of what it needs: Node's own bound is just below the need of this cost.
    scrypt(secret, salt, bytes, { N, r, p, maxmem: 256 * N * r }, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}
