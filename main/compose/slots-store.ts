import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readSlotsFile, slotsFileText, type SlotBindings } from '../contract/slots-file';
import { ImprintError } from '../domain/errors';

/** The slots that were bound on this station: `slots.json` in its folder. */
export class SlotsStore {
  readonly #path: string;

  constructor(stationRoot: string) {
    this.#path = join(stationRoot, 'slots.json');
  }

  /** @throws ImprintError record-corrupt, record-unavailable */
  read(): SlotBindings {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (thrown) {
      if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return [];
      throw new ImprintError('record-unavailable', `The file ${this.#path} cannot be read.`, { field: 'slots.json', cause: thrown });
    }
    return readSlotsFile(text);
  }

  /** @throws ImprintError usage, record-unavailable: the slots from before are still there */
  write(slots: SlotBindings): void {
    const text = slotsFileText(slots);
    const next = `${this.#path}.new`;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      // CRASH: the old file stays until the new one is whole and on the disk.
      const file = openSync(next, 'w', 0o600);
      try {
        writeSync(file, text);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(next, this.#path);
    } catch (thrown) {
      rmSync(next, { force: true });
      throw new ImprintError('record-unavailable', `The file ${this.#path} cannot be written.`, { field: 'slots.json', cause: thrown });
    }
  }
}
