import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SessionBatch } from '../../main/compose/session-batch';

describe('the batch of a bench', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'imprint-test-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = (name = 'Line A'): SessionBatch => new SessionBatch(folder, name);

  it('is none before one is set', () => {
    expect(open().current).toBeUndefined();
  });

  it('is kept over restarts, trimmed, for each profile by itself', () => {
    open().set(' WO-4711 ');
    open('Line B').set('WO-4712');
    expect(open().current).toBe('WO-4711');
    expect(open('Line B').current).toBe('WO-4712');
    expect(readdirSync(folder)).toEqual(['batches.json']);
  });

  it('can be taken back', () => {
    const batch = open();
    batch.set('WO-4711');
    batch.set(undefined);
    expect(batch.current).toBeUndefined();
    expect(open().current).toBeUndefined();
  });

  it('refuses a name with a line end and keeps the old one', () => {
    const batch = open();
    batch.set('WO-4711');
    expect(() => {
      batch.set('WO-\n4712');
    }).toThrow(expect.objectContaining({ code: 'usage', field: 'batch' }));
    expect(batch.current).toBe('WO-4711');
    expect(open().current).toBe('WO-4711');
  });

  it('is none where the file cannot be read, and can be set again', () => {
    writeFileSync(join(folder, 'batches.json'), '{"Line A": 7');
    const batch = open();
    expect(batch.current).toBeUndefined();
    batch.set('WO-4711');
    expect(open().current).toBe('WO-4711');
  });
});
