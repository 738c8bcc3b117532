/** Which update files are trusted, and that a damaged, forged or strange one is named and leaves nothing behind. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { updateRefusals, type UpdateSituation } from '../../main/domain/update';
import { asImprintError, type ImprintError } from '../../main/domain/errors';
import { developmentKey } from '../../main/update/keys';
import { UpdateFile } from '../../main/update/update-file';
import { developmentSigner, keyText, manifestOf, newSigner, packageFiles, writeUpdate, type UpdateFileOptions } from '../support/update-files';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-update-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const keys = [developmentKey];
const file = (): string => join(folder, 'new.update');

async function refusal(work: () => Promise<unknown>): Promise<ImprintError> {
  try {
    await work();
  } catch (thrown) {
    return asImprintError(thrown);
  }
  throw new Error('It was taken.');
}

async function checked(options: UpdateFileOptions, trusted: readonly string[] = keys): Promise<void> {
  await writeUpdate(file(), '0.2.0', options);
  const update = await UpdateFile.open(file(), trusted);
  try {
    await update.check(never);
    await update.unpack(join(folder, 'out'), never);
  } finally {
    update.close();
  }
}

describe('an update file', () => {
  it('signed by a trusted key is unpacked as it was signed', async () => {
    await checked({});
    for (const [path, content] of packageFiles('0.2.0')) expect(readFileSync(join(folder, 'out', path)).equals(content)).toBe(true);
    expect(statSync(join(folder, 'out/imprint')).mode & 0o777).toBe(0o755);
    expect(statSync(join(folder, 'out/resources/app.asar')).mode & 0o777).toBe(0o644);
  });

  it('is signed by the key that checkouts trust, and by any other that is named', async () => {
    expect(keyText(developmentSigner())).toBe(developmentKey);
    const publisher = newSigner('imprint-updates');
    await checked({ signer: publisher }, [developmentKey, keyText(publisher)]);
  });

  const forged: readonly (readonly [string, UpdateFileOptions, RegExp])[] = [
    ['signed by somebody else', { signer: newSigner('imprint-development-updates') }, /not signed by a publisher/],
    ['signed by somebody else under another name', { signer: newSigner('somebody') }, /not signed by a publisher/],
    ['changed in its manifest', { note: (note) => note.replace('"version":"0.2.0"', '"version":"0.3.0"') }, /was changed afterwards/],
    ['without a signature', { note: (note) => note.slice(0, note.indexOf('\n\n') + 1) }, /not signed/],
    ['with a false signature', { note: (note) => note.replace(/[A-Za-z](?=[A-Za-z0-9+/]{20}={0,2}\n$)/, (letter) => (letter === 'A' ? 'B' : 'A')) }, /not signed/],
    ['of another format', { manifest: { format: 2 as never } }, /not as agreed at format/],
    ['with a path that leads out', { manifest: { files: [{ path: '../evil', bytes: 1, sha256: 'ab'.repeat(32), executable: true }] } }, /not as agreed at files\.0\.path/],
    ['with an absolute path', { manifest: { files: [{ path: '/etc/passwd', bytes: 1, sha256: 'ab'.repeat(32), executable: true }] } }, /not as agreed/],
    ['with a program that is not in it', { manifest: { program: 'other' } }, /not as agreed/],
    ['with two names of one file', { manifest: { files: [...manifestOf('0.2.0', packageFiles('0.2.0')).files, { path: 'IMPRINT', bytes: 1, sha256: 'ab'.repeat(32), executable: false }] } }, /not as agreed at files/],
    ['with a member that nobody knows', { manifest: { extra: true } as never }, /not as agreed/],
    ['whose manifest is no JSON', { text: 'hello\n' }, /no JSON/],
    ['with a changed file', { contents: (files) => files.set('resources/app.asar', Buffer.alloc(70_000, '0.2.1')) }, /resources\/app\.asar is damaged: it is not what was signed/],
    ['with a shorter file', { contents: (files) => files.set('resources/app.asar', Buffer.alloc(69_999, '0.2.0')) }, /resources\/app\.asar has another length/],
    ['without one of its files', { contents: (files) => new Map([...files].slice(1)) }, /imprint is missing/],
    ['with one file more', { contents: (files) => files.set('resources/more.js', Buffer.from('evil')) }, /knows no file "package\/resources\/more\.js"/],
  ];
  it.each(forged)('%s is refused, and nothing of it is left', async (_, options, sentence) => {
    const error = await refusal(() => checked(options));
    expect([error.code, error.exitCode, error.field]).toEqual(['update-invalid', 3, 'FILE']);
    expect(error.message).toMatch(sentence);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('that the disk has no place for is not called damaged', async () => {
    // A name that no filesystem takes, as a disk that is full takes no byte.
    const path = 'a'.repeat(260);
    const content = Buffer.from('word');
    const files = new Map([...packageFiles('0.2.0'), [path, content]]);
    const error = await refusal(() => checked({ manifest: { files: manifestOf('0.2.0', files).files }, contents: () => files }));
    expect([error.code, error.field, error.message]).toEqual(['update-refused', 'installation', `The version cannot be written into ${join(folder, 'out')} (ENAMETOOLONG); nothing was changed.`]);
  });

  it('that is cut off, no zip, or not there is refused', async () => {
    await writeUpdate(file(), '0.2.0');
    truncateSync(file(), 40_000);
    expect((await refusal(() => UpdateFile.open(file(), keys))).code).toBe('update-invalid');
    writeFileSync(file(), 'no zip');
    expect((await refusal(() => UpdateFile.open(file(), keys))).code).toBe('update-invalid');
    rmSync(file());
    expect((await refusal(() => UpdateFile.open(file(), keys))).code).toBe('update-invalid');
  });

  it('is taken by nobody who knows no publisher', async () => {
    await writeUpdate(file(), '0.2.0');
    expect((await refusal(() => UpdateFile.open(file(), []))).message).toMatch(/knows no publisher/);
  });
});

describe('whether an update fits', () => {
  const files = packageFiles('0.2.0');
  const here: UpdateSituation = { installed: '0.1.0', platform: process.platform, architecture: process.arch, recordSchema: 8, used: [], rollBack: false };
  const refused = (version: string, manifest: Parameters<typeof manifestOf>[2], change: Partial<UpdateSituation>): unknown[] => updateRefusals(manifestOf(version, files, manifest), { ...here, ...change }).map(({ code, field }) => [code, field]);

  it.each([
    ['a newer one', '0.2.0', {}, {}, []],
    ['the first one', '0.2.0', {}, { installed: undefined }, []],
    ['the same', '0.1.0', {}, {}, [['update-refused', 'version']]],
    ['an older one', '0.0.9', {}, {}, [['update-refused', 'version']]],
    ['an older one that is meant', '0.0.9', {}, { rollBack: true }, []],
    ['one that follows a later version', '0.2.0', { from: '0.1.5' }, {}, [['update-refused', 'from']]],
    ['one for another architecture', '0.2.0', { target: { platform: 'linux', architecture: 'riscv64' } }, {}, [['update-refused', 'target']]],
    ['one for another system', '0.2.0', { target: { platform: 'win32', architecture: process.arch } }, {}, [['update-refused', 'target']]],
    ['one above the bound of the named profile', '0.2.0', {}, { profile: { name: 'A', station: { atMost: '0.1' } } }, [['station-version', 'station.atMost']]],
    ['one above the bound of a profile in use', '0.2.0', {}, { used: [{ name: 'A', station: { atMost: '0.1' } }, { name: 'B' }] }, [['station-version', 'station.atMost']]],
    ['the same on an admin\'s word', '0.2.0', {}, { used: [{ name: 'A', station: { atMost: '0.1' } }], override: 'line A is gone' }, []],
    ['one above the bound of the named profile, on an admin\'s word', '0.2.0', {}, { profile: { name: 'A', station: { atMost: '0.1' } }, override: 'yes' }, [['station-version', 'station.atMost']]],
    ['one below the bound', '0.0.9', {}, { rollBack: true, used: [{ name: 'A', station: { atLeast: '0.1' } }] }, [['station-version', 'station.atLeast']]],
    ['one that cannot read the record', '0.0.9', { recordSchema: 7 }, { rollBack: true }, [['update-refused', 'recordSchema']]],
    ['one that there is no room for', '0.2.0', {}, { freeBytes: 70_000 }, [['update-refused', 'installation']]],
    ['one that there is just room for', '0.2.0', {}, { freeBytes: 80_000 }, []],
    ['the same on an admin\'s word ', '0.0.9', { recordSchema: 7 }, { rollBack: true, override: 'yes' }, []],
    ['one that cannot read the record, where there is none', '0.0.9', { recordSchema: 7 }, { rollBack: true, recordSchema: undefined }, []],
  ] as const)('%s', (_, version, manifest, change, expected) => {
    expect(refused(version, manifest, change)).toEqual(expected);
  });
});
