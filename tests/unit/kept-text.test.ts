import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { KeptText } from '../../main/compose/kept-text';
import { putFile } from '../../main/compose/durable-file';
import { stationSecrets } from '../../main/compose/secrets';
import type { Keyring } from '../../main/compose/secrets';
import { ImprintError } from '../../main/domain/errors';

// Outside of a window there is no Electron to ask for a keyring.
vi.mock('electron', () => ({ safeStorage: {} }));

let root: string;
let folder: string;
let there: boolean;
let secrets: Map<string, string>;

const keyring = {
  available: () => Promise.resolve(there),
  has: (name: string) => secrets.has(name),
  read: (name: string) => (there ? Promise.resolve(secrets.get(name) ?? '') : Promise.reject(new ImprintError('credential-missing', 'There is no keyring.'))),
  store: (name: string, value: string, replace = true) => {
    if (replace || !secrets.has(name)) secrets.set(name, value);
    return Promise.resolve();
  },
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'imprint-kept-'));
  folder = join(root, 'keyring');
  there = true;
  secrets = new Map();
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

const kept = (): KeptText => new KeptText(keyring, folder, 'export-key');
const file = (): string => join(folder, 'export-key.pem');

describe('a secret of the station', () => {
  it('is in the keyring, made once, and in no file', async () => {
    expect(await kept().read()).toBeUndefined();
    expect(await kept().readOrMake(() => Promise.resolve('one'))).toBe('one');
    expect(await kept().readOrMake(() => Promise.reject(new Error('It is there already.')))).toBe('one');
    expect(secrets).toEqual(new Map([['imprint/export-key', 'one']]));
    expect(kept().file()).toBeUndefined();
    expect(existsSync(folder)).toBe(false);
    await kept().replace('two');
    expect(await kept().read()).toBe('two');
  });

  it('is in a file for this user alone where there is no keyring, and stays there until it is replaced', async () => {
    there = false;
    expect(await kept().readOrMake(() => Promise.resolve('one'))).toBe('one');
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(kept().file()).toBe(file());
    there = true;
    expect(await kept().readOrMake(() => Promise.reject(new Error('It is there already.')))).toBe('one');
    expect(kept().file()).toBe(file());
    await kept().replace('two');
    expect(existsSync(file())).toBe(false);
    expect(await kept().read()).toBe('two');
  });

  it('is not made anew where the keyring that has it is away', async () => {
    await kept().readOrMake(() => Promise.resolve('one'));
    there = false;
    await expect(kept().readOrMake(() => Promise.resolve('two'))).rejects.toMatchObject({ code: 'credential-missing' });
    expect(existsSync(folder)).toBe(false);
  });

  it.each([true, false])('is the same for two that make it together (keyring: %s)', async (available) => {
    there = available;
    const made = await Promise.all(['one', 'two'].map((text) => kept().readOrMake(() => Promise.resolve(text))));
    expect(made[1]).toBe(made[0]);
    expect(await kept().read()).toBe(made[0]);
  });
});

describe('a profile', () => {
  it('cannot send a key of the station to a server', async () => {
    const read = vi.fn(() => Promise.resolve('a key'));
    const station = stationSecrets({ available: () => Promise.resolve(true), read } as unknown as Keyring, () => Promise.resolve(undefined));
    await expect(station.resolve({ from: 'keyring', name: 'imprint/export-key' })).rejects.toMatchObject({ code: 'credential-missing', message: expect.stringContaining("the station's own") });
    expect(read).not.toHaveBeenCalled();
    expect(await station.resolve({ from: 'keyring', name: 'line' })).toBe('a key');
  });
});

describe('a secret file', () => {
  it('is replaced only where that was meant, and leaves nothing beside it', () => {
    putFile(file(), 'one', false);
    putFile(file(), 'two', false);
    expect(readFileSync(file(), 'utf8')).toBe('one');
    writeFileSync(`${file()}.${process.pid}.new`, 'left over');
    chmodSync(`${file()}.${process.pid}.new`, 0o644);
    putFile(file(), 'three', true);
    expect(readFileSync(file(), 'utf8')).toBe('three');
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['export-key.pem']);
  });
});
