import { sign } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { ImprintError } from '../../main/domain/errors';
import type { ErrorCode } from '../../main/domain/errors';
import { addCosignature, checkpointText, openCheckpoint, parseCheckpointText, signCheckpoint } from '../../main/ledger/checkpoint';
import { firstLogKey, renewLogKey, trustedAfter } from '../../main/ledger/log-key';
import { appendLeaf, consistencyProof, inclusionProof, leafHash, rootOf } from '../../main/ledger/merkle';
import { formatNote, parseNote, parseVerifierKey, signatureTypes, signNote, verifierKey, verifierKeyText, verifyNote } from '../../main/ledger/note';
import type { NoteSigner } from '../../main/ledger/note';
import { formatConsistency, formatProof, parseConsistency, parseProof, verifyCheckpoints, verifyReceipt } from '../../main/ledger/tlog-proof';
import { ed25519, keyNamed, logSigner, MemoryHashes } from '../support/log';

function code(work: () => unknown): ErrorCode {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ImprintError);
    return (thrown as ImprintError).code;
  }
  throw new Error('nothing was refused');
}

/** golang.org/x/mod/sumdb/note, example_test.go: the implementation that the format comes from. */
const peter = {
  key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  /** A byte for the type, and the seed. */
  privateKey: 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  text: 'If you think cryptography is the answer to your problem,\nthen you don\'t know what your problem is.\n',
  line: '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
};
const peterNote = `${peter.text}\n${peter.line}`;

/** A checkpoint of a public log as it was published: its own signature, one of another type, and those of four witnesses. */
const published = `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

\u2014 arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
\u2014 arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
\u2014 transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
\u2014 witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
\u2014 remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
\u2014 witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
`;
const publishedKey = parseVerifierKey('arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f');
const publishedWitnesses = [
  'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
  'witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv',
  'transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM',
  'witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO',
].map(parseVerifierKey);

describe('a signed note', () => {
  it('is read, verified and written as its first implementation does', async () => {
    const key = parseVerifierKey(peter.key);
    expect(key).toMatchObject({ name: 'PeterNeumann', id: 0xc74f20a3, type: 1 });
    expect(verifierKeyText(key)).toBe(peter.key);
    const note = parseNote(peterNote);
    expect(note.text).toBe(peter.text);
    expect(verifyNote(note, [key])).toEqual([{ key }]);
    const { sign: signature } = ed25519(Buffer.from(peter.privateKey, 'base64').subarray(1));
    expect(formatNote(await signNote({ text: peter.text, signatures: [] }, { key, sign: signature }))).toBe(peterNote);
  });

  it('is the one of the specification', () => {
    const key = parseVerifierKey('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k');
    const note = 'This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
    expect(verifyNote(parseNote(note), [key])).toEqual([{ key }]);
  });

  it('may have empty lines in its text, and several signatures, of which unknown ones count for nothing', async () => {
    const [one, two, three] = [logSigner('one', 'a.example'), logSigner('two', 'a.example'), logSigner('three', 'b.example')];
    let note = await signNote({ text: 'One.\n\n\nTwo.\n', signatures: [] }, one);
    note = await signNote(note, two);
    note = await signNote(note, three);
    expect(parseNote(formatNote(note))).toEqual(note);
    expect(verifyNote(note, [three.key, one.key]).map(({ key }) => key.name)).toEqual(['b.example', 'a.example']);
    // The same name with another key, and the same key under another name.
    for (const stranger of [logSigner('four', 'a.example'), logSigner('one', 'c.example')]) expect(code(() => verifyNote(note, [stranger.key]))).toBe('log-checkpoint-invalid');
  });

  it('is refused as a whole where one trusted signature is false', async () => {
    const [one, two] = [logSigner('one', 'a.example'), logSigner('two', 'b.example')];
    const note = await signNote(await signNote({ text: 'Text.\n', signatures: [] }, one), two);
    expect(code(() => verifyNote({ ...note, text: 'Other.\n' }, [one.key, two.key]))).toBe('log-checkpoint-invalid');
    const broken = { ...note, signatures: note.signatures.map((each, at) => (at === 1 ? { ...each, bytes: Buffer.alloc(64) } : each)) };
    expect(code(() => verifyNote(broken, [one.key, two.key]))).toBe('log-checkpoint-invalid');
    expect(verifyNote(broken, [one.key])).toHaveLength(1);
  });

  it.each([
    ['', 'nothing'],
    ['Text.\n', 'no signature'],
    ['Text.\n\n', 'an empty line and nothing'],
    [peterNote.slice(0, -1), 'no last line end'],
    [`${peterNote}\n`, 'an empty line at the end'],
    [peterNote.replace('\u2014', '-'), 'a hyphen for the dash'],
    [peterNote.replace('\u2014 PeterNeumann', '\u2014 Peter+Neumann'), 'a plus sign in a name'],
    [peterNote.replace('\u2014 PeterNeumann', '\u2014 Peter\u00a0Neumann'), 'a blank in a name'],
    [peterNote.replace('\u2014 PeterNeumann', '\u2014  PeterNeumann'), 'two blanks'],
    [peterNote.replace('JnAM=', 'JnAN='), 'base64 with bits to spare'],
    [peterNote.replace('JnAM=', 'JnAM'), 'base64 without padding'],
    [peterNote.replace('If you', 'If\tyou'), 'a control character'],
    [peterNote.replace('If you', 'If\ud83dyou'), 'half a character'],
    [`Text.\n\n${'\u2014 a AAAAAAA=\n'.repeat(65)}`, 'too many signatures'],
    ['Text.\n\n\u2014 a AAAA\n', 'a signature shorter than an id'],
  ])('%j is none: %s', (note) => {
    expect(code(() => parseNote(note))).toBe('log-checkpoint-invalid');
  });

  it.each([
    'PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'PeterNeuman+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'PeterNeumann+c74f20a3+AhpcwQcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy',
    '+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    'PeterNeumann',
    '',
  ])('%j is no public key', (text) => {
    expect(code(() => parseVerifierKey(text))).toBe('log-checkpoint-invalid');
  });

  it('is not made where the signature is false', async () => {
    const { key } = logSigner('one', 'a.example');
    await expect(signNote({ text: 'Text.\n', signatures: [] }, { key, sign: keyNamed('two').sign })).rejects.toMatchObject({ code: 'log-checkpoint-invalid' });
  });
});

describe('a checkpoint', () => {
  const head = { origin: 'line-a.example/log', size: 3, root: Buffer.alloc(32, 7) };

  it('of a public log verifies, with the cosignatures of its witnesses', () => {
    const opened = openCheckpoint(published, [publishedKey], publishedWitnesses);
    expect(opened.checkpoint).toMatchObject({ origin: publishedKey.name, size: 1_432_088_532 });
    expect(opened.signedBy).toEqual(publishedKey);
    expect(opened.cosignatures).toEqual(publishedWitnesses.map(({ name }) => ({ name, time: 0x6a122120 })));
    expect(formatNote(parseNote(published))).toBe(published);
  });

  it('of a public log does not verify with anything changed', () => {
    const time = published.replace('2net5wAAAABqEiEg', '2net5wAAAABqEiEh');
    expect(openCheckpoint(time, [publishedKey]).cosignatures).toEqual([]);
    expect(code(() => openCheckpoint(time, [publishedKey], publishedWitnesses))).toBe('log-checkpoint-invalid');
    expect(code(() => openCheckpoint(published.replace('1432088532', '1432088533'), [publishedKey]))).toBe('log-checkpoint-invalid');
    // A witness is no log.
    expect(code(() => openCheckpoint(published, [], publishedWitnesses))).toBe('log-checkpoint-invalid');
  });

  it('is three lines, and what is behind them', async () => {
    const text = `line-a.example/log\n3\n${Buffer.alloc(32, 7).toString('base64')}\n`;
    expect(checkpointText(head)).toBe(text);
    expect(parseCheckpointText(text)).toEqual(head);
    expect(parseCheckpointText(`${text}more\n`)).toEqual({ ...head, extensions: ['more'] });
    const signer = logSigner('one', head.origin);
    expect(openCheckpoint(await signCheckpoint({ ...head, extensions: ['more'] }, signer), [signer.key]).checkpoint.extensions).toEqual(['more']);
  });

  const rootLine = Buffer.alloc(32).toString('base64');
  it.each([
    `a\n03\n${rootLine}\n`,
    `a\n-3\n${rootLine}\n`,
    `a\n3.0\n${rootLine}\n`,
    `a\n9007199254740992\n${rootLine}\n`,
    `a\n\n${rootLine}\n`,
    `\n3\n${rootLine}\n`,
    `a\n3\n${Buffer.alloc(31).toString('base64')}\n`,
    `a\n3\n`,
    `a\n3\n${rootLine}`,
    `a\n3\n${rootLine}\n\n`,
    `a\n3\n${rootLine}\nmore\n\n`,
  ])('%j is none', (text) => {
    expect(code(() => parseCheckpointText(text))).toBe('log-checkpoint-invalid');
  });

  it('is signed only by a key of its own log', async () => {
    await expect(signCheckpoint(head, logSigner('one', 'other.example'))).rejects.toMatchObject({ code: 'log-checkpoint-invalid' });
    await expect(signCheckpoint({ ...head, origin: 'two\nlines' }, logSigner('one', 'a'))).rejects.toMatchObject({ code: 'log-checkpoint-invalid' });
    const signer = logSigner('one', head.origin);
    const foreign = await signNote({ text: checkpointText(head), signatures: [] }, logSigner('one', 'other.example'));
    expect(code(() => openCheckpoint(formatNote(foreign), [signer.key, logSigner('one', 'other.example').key]))).toBe('log-checkpoint-invalid');
  });

  it('takes the cosignature of a witness that came back, once, and no false one', async () => {
    const signer = logSigner('one', head.origin);
    const note = await signCheckpoint(head, signer);
    const witness = verifierKey('witness.example/w1', signatureTypes.cosignatureV1, keyNamed('witness').publicKey);
    const line = (text: string, seconds: number): string => {
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(BigInt(seconds));
      const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), keyNamed('witness').privateKey);
      return formatNote({ text: '', signatures: [{ name: witness.name, id: witness.id, bytes: Buffer.concat([time, signature]) }] }).trimStart();
    };
    const cosigned = addCosignature(note, line(checkpointText(head), 1_700_000_000), witness);
    expect(openCheckpoint(cosigned, [signer.key], [witness]).cosignatures).toEqual([{ name: witness.name, time: 1_700_000_000 }]);
    expect(addCosignature(cosigned, line(checkpointText(head), 1_700_000_001), witness)).toBe(cosigned);
    expect(code(() => addCosignature(note, line(checkpointText({ ...head, size: 4 }), 1), witness))).toBe('log-checkpoint-invalid');
    // Without the line before the text, a witness's key would sign for the log.
    const plain = verifierKey('witness.example/w1', signatureTypes.ed25519, witness.publicKey);
    expect(plain.id).not.toBe(witness.id);
  });
});

describe('a log of nine entries', () => {
  const origin = 'line-a.example/log';
  const signer = logSigner('one', origin);
  const entries = Array.from({ length: 9 }, (_, number) => Buffer.from(`entry ${number}`));
  const store = new MemoryHashes();
  entries.forEach((entry, size) => appendLeaf(store, size, leafHash(entry)));
  const checkpoint = (size: number, by: NoteSigner = signer, hashes = store): Promise<string> => signCheckpoint({ origin: by.key.name, size, root: rootOf(hashes, size) }, by);

  it('gives every entry a receipt that verifies by itself, and not for another', async () => {
    const note = await checkpoint(9);
    for (const [index, entry] of entries.entries()) {
      const text = formatProof({ index, hashes: inclusionProof(store, index, 9), checkpoint: note, extra: entry });
      expect(verifyReceipt(text, [signer.key])).toMatchObject({ index, checkpoint: { size: 9 } });
      expect(Buffer.from(verifyReceipt(text, [signer.key]).entry)).toEqual(entry);
      expect(formatProof(parseProof(text))).toBe(text);
      expect(code(() => verifyReceipt(text, [signer.key], [], Buffer.from('other')))).toBe('log-proof-invalid');
      expect(code(() => verifyReceipt(text, [logSigner('two', origin).key]))).toBe('log-checkpoint-invalid');
      const bare = formatProof({ index, hashes: inclusionProof(store, index, 9), checkpoint: note });
      expect(verifyReceipt(bare, [signer.key], [], entry).index).toBe(index);
      expect(code(() => verifyReceipt(bare, [signer.key]))).toBe('log-proof-invalid');
    }
  });

  it('writes a receipt as the specification has it', () => {
    const hash = Buffer.alloc(32, 1);
    expect(formatProof({ index: 5, hashes: [hash, hash], checkpoint: 'C\n', extra: Buffer.from('extra information') })).toBe(
      `c2sp.org/tlog-proof@v1\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 5\n${hash.toString('base64')}\n${hash.toString('base64')}\n\nC\n`,
    );
    expect(formatProof({ index: 0, hashes: [], checkpoint: 'C\n' })).toBe('c2sp.org/tlog-proof@v1\nindex 0\n\nC\n');
    expect(parseProof('c2sp.org/tlog-proof@v1\nindex 0\n\nC\n')).toEqual({ index: 0, hashes: [], checkpoint: 'C\n' });
  });

  it.each([
    ['another header', 'c2sp.org/tlog-proof@v2\nindex 0\n\nC\n'],
    ['no index', 'c2sp.org/tlog-proof@v1\nextra AA==\n\nC\n'],
    ['a zero before the index', 'c2sp.org/tlog-proof@v1\nindex 05\n\nC\n'],
    ['extra data behind the index', 'c2sp.org/tlog-proof@v1\nindex 5\nextra AA==\n\nC\n'],
    ['extra data that is no base64', 'c2sp.org/tlog-proof@v1\nextra !\nindex 5\n\nC\n'],
    ['a short hash', 'c2sp.org/tlog-proof@v1\nindex 5\nAAAA\n\nC\n'],
    ['no empty line', 'c2sp.org/tlog-proof@v1\nindex 5\nC\n'],
    ['too many hashes', `c2sp.org/tlog-proof@v1\nindex 5\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(65)}\nC\n`],
  ])('does not read a receipt with %s', (_, text) => {
    expect(code(() => parseProof(text))).toBe('log-proof-invalid');
  });

  it('proves that each checkpoint continues each older one', async () => {
    const notes = await Promise.all(Array.from({ length: 10 }, (_, size) => checkpoint(size)));
    for (const [newer, newerNote] of notes.entries()) {
      for (const [older, olderNote] of notes.slice(0, newer + 1).entries()) {
        const text = formatConsistency({ oldSize: older, hashes: consistencyProof(store, older, newer), checkpoint: newerNote });
        const parsed = parseConsistency(text);
        expect(parsed.oldSize).toBe(older);
        expect(verifyCheckpoints(olderNote, parsed.checkpoint, parsed.hashes, [signer.key]).newer.checkpoint.size).toBe(newer);
        if (older < newer) expect(code(() => verifyCheckpoints(newerNote, olderNote, parsed.hashes, [signer.key]))).toBe('log-proof-invalid');
      }
    }
  });

  it('shows a history that was changed and signed again', async () => {
    const rewritten = new MemoryHashes();
    entries.forEach((entry, size) => appendLeaf(rewritten, size, leafHash(size === 3 ? Buffer.from('forged') : entry)));
    const [older, newer] = [await checkpoint(6), await checkpoint(9, signer, rewritten)];
    expect(code(() => verifyCheckpoints(older, newer, consistencyProof(rewritten, 6, 9), [signer.key]))).toBe('log-proof-invalid');
    expect(code(() => verifyCheckpoints(older, newer, consistencyProof(store, 6, 9), [signer.key]))).toBe('log-proof-invalid');
    // Before the change both histories are the same.
    expect(verifyCheckpoints(await checkpoint(3), newer, consistencyProof(rewritten, 3, 9), [signer.key]).older.checkpoint.size).toBe(3);
  });

  it('is not continued by another log', async () => {
    const other = logSigner('one', 'line-b.example/log');
    expect(code(() => verifyCheckpoints('x', 'x', [], [signer.key]))).toBe('log-checkpoint-invalid');
    const [older, newer] = [await checkpoint(6), await checkpoint(9, other)];
    expect(code(() => verifyCheckpoints(older, newer, consistencyProof(store, 6, 9), [signer.key, other.key]))).toBe('log-proof-invalid');
  });
});

describe('the key of a log', () => {
  const origin = 'line-a.example/log';
  const [first, second, stranger] = ['one', 'two', 'three'].map((name) => logSigner(name, origin)) as [NoteSigner, NoteSigner, NoteSigner];

  it('hands over to the next one', async () => {
    const data = await renewLogKey(17, first, second);
    expect(trustedAfter(first.key, 17, data)).toEqual(second.key);
    // It is nothing to somebody who trusts another key.
    expect(trustedAfter(stranger.key, 17, data)).toBe(stranger.key);
    expect(trustedAfter(first.key, 0, firstLogKey(first.key))).toBe(first.key);
  });

  it('does not hand over in another entry, without both signatures, or to another log', async () => {
    const data = await renewLogKey(17, first, second);
    expect(code(() => trustedAfter(first.key, 18, data))).toBe('log-checkpoint-invalid');
    for (const name of ['signature', 'previousSignature'] as const) {
      expect(code(() => trustedAfter(first.key, 17, { ...data, [name]: Buffer.alloc(64).toString('base64') }))).toBe('log-checkpoint-invalid');
      expect(code(() => trustedAfter(first.key, 17, Object.fromEntries(Object.entries(data).filter(([each]) => each !== name)) as unknown as typeof data))).toBe('log-checkpoint-invalid');
    }
    expect(code(() => trustedAfter(first.key, 17, { ...data, key: verifierKeyText(stranger.key) }))).toBe('log-checkpoint-invalid');
    await expect(renewLogKey(17, first, logSigner('two', 'line-b.example/log'))).rejects.toMatchObject({ code: 'log-checkpoint-invalid' });
    await expect(renewLogKey(17, first, first)).rejects.toMatchObject({ code: 'log-checkpoint-invalid' });
  });
});
