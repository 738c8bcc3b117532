import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodePem, encodePrivateKeyPem, privateKeyLabel, privateKeyPemLength } from '../../main/keys/pem';

// Keys of a test only: they may be strings here.
const openssl = (input: Buffer, ...options: string[]): Buffer => execFileSync('openssl', options, { input, stdio: ['pipe', 'pipe', 'pipe'] });

function encode(der: Buffer): Buffer {
  const pem = Buffer.alloc(privateKeyPemLength(der.length));
  expect(encodePrivateKeyPem(der, pem)).toBe(pem.length);
  return pem;
}

function decode(pem: Buffer | string, room = 8192): Buffer | undefined {
  const into = Buffer.alloc(room);
  const length = decodePem(Buffer.from(pem), into);
  return length === undefined ? undefined : into.subarray(0, length);
}

describe.each([
  ['RSA', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'], 'rsa'],
  ['RSA-3072', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:3072'], 'rsa'],
  ['EC', ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'], 'ec'],
  ['ED25519', ['-algorithm', 'ED25519'], undefined],
] as const)('a key of openssl: %s', (_, options, traditional) => {
  const theirs = openssl(Buffer.alloc(0), 'genpkey', ...options);
  const der = openssl(theirs, 'pkey', '-outform', 'DER');
  const pkcs8 = openssl(theirs, 'pkcs8', '-topk8', '-nocrypt', '-outform', 'DER');

  it('is encoded as openssl does it', () => {
    expect(encode(pkcs8).equals(theirs)).toBe(true);
    expect(openssl(encode(pkcs8), 'pkey', '-pubout').equals(openssl(theirs, 'pkey', '-pubout'))).toBe(true);
  });

  it('is decoded as openssl asn1parse does it', () => {
    expect(decode(theirs)?.equals(pkcs8)).toBe(true);
    expect(privateKeyLabel(theirs)).toBe('PRIVATE KEY');
  });

  if (traditional === undefined) return;
  it('is decoded in its traditional form', () => {
    const pem = traditional === 'rsa' ? openssl(theirs, 'rsa', '-traditional') : openssl(theirs, 'ec');
    expect(privateKeyLabel(pem)).toBe(traditional === 'rsa' ? 'RSA PRIVATE KEY' : 'EC PRIVATE KEY');
    expect(decode(pem)?.equals(der)).toBe(true);
  });
});

describe('lengths around the ends of groups and lines', () => {
  // 48 bytes are a line of 64 characters.
  it.each([1, 2, 3, 4, 45, 46, 47, 48, 49, 50, 51, 95, 96, 97, 143, 144, 145, 1218, 2374, 2375, 2376])('%d bytes', (length) => {
    const der = randomBytes(length);
    const pem = encode(der);
    const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
    expect(pem.toString()).toBe(`-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`);
    expect(decode(pem)?.equals(der)).toBe(true);
  });

  it('writes nothing where there is no room for everything', () => {
    const into = Buffer.alloc(privateKeyPemLength(100) - 1);
    expect(() => encodePrivateKeyPem(randomBytes(100), into)).toThrow(RangeError);
    expect(into.every((byte) => byte === 0)).toBe(true);
  });

  it('decodes into exactly as much room as it needs, and not into less', () => {
    const der = randomBytes(100);
    expect(decode(encode(der), 100)?.equals(der)).toBe(true);
    expect(decode(encode(der), 99)).toBeUndefined();
  });
});

describe('what openssl does not read is not read here', () => {
  const key = generateKeyPairSync('ed25519').privateKey;
  const good = key.export({ type: 'pkcs8', format: 'pem' }) as string;
  const encrypted = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' }) as string;
  const body = good.split('\n')[1] ?? '';
  const opensslReads = (text: string): boolean => {
    try {
      openssl(Buffer.from(text), 'pkey', '-noout', '-passin', 'pass:');
      return true;
    } catch {
      return false;
    }
  };

  it.each<[string, string]>([
    ['an empty file', ''],
    ['zeros', '\0'.repeat(200)],
    ['another label', good.replaceAll('PRIVATE KEY', 'CERTIFICATE')],
    ['an encrypted key', encrypted],
    ['no footer', good.slice(0, good.indexOf('-----END'))],
    ['a footer that was cut off', good.trimEnd().slice(0, -3)],
    ['the footer of another label', good.replace('END PRIVATE KEY', 'END RSA PRIVATE KEY')],
    ['a body that was cut off', good.replace(body, body.slice(0, -2))],
    ['padding inside', good.replace(body, `${body.slice(0, 10)}=${body.slice(11)}`)],
    ['text after the header', good.replace('KEY-----\n', 'KEY----- x\n')],
    ['the header alone', '-----BEGIN PRIVATE KEY-----'],
    ['the footer in the middle of a line', good.replace(`${body}\n`, body)],
    ['a foreign character', good.replace(body, `${body.slice(0, 10)}*${body.slice(11)}`)],
    ['a headers block, as encrypted RSA keys have it', good.replace('KEY-----\n', 'KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n')],
    ['no body', good.replace(`${body}\n`, '')],
  ])('%s', (_, text) => {
    expect(opensslReads(text)).toBe(false);
    expect(decode(text)).toBeUndefined();
  });

  it.each<[string, string]>([
    ['CRLF', good.replaceAll('\n', '\r\n')],
    ['blanks at the ends of lines', good.replaceAll('\n', '  \n')],
    ['no newline at the end', good.trimEnd()],
    ['text after the footer', `${good}what else\n`],
  ])('reads %s', (_, text) => {
    expect(opensslReads(text)).toBe(true);
    expect(decode(text)?.toString('base64')).toBe(body);
  });
});
