import { join } from 'node:path';
import { readSlotsFile, slotsFileText, type SlotBindings, type SlotsFile } from '../contract/slots-file';
import { ImprintError } from '../domain/errors';
import type { SlotLayout } from '../domain/slot-layout';
import { putFile, readIfThere } from './durable-file';

/** The slots that were bound on this station and how they stand on the desk: `slots.json` in its folder. */
export class SlotsStore {
  readonly #path: string;

  constructor(stationRoot: string) {
    this.#path = join(stationRoot, 'slots.json');
  }

  /** @throws ImprintError record-corrupt, record-unavailable */
  read(): SlotBindings {
    return this.#file().slots;
  }

  /** How they stand on the desk, where somebody said so. @throws ImprintError record-corrupt, record-unavailable */
  layout(): SlotLayout | undefined {
    return this.#file().layout;
  }

  /** @throws ImprintError usage, record-unavailable: the slots from before are still there */
  write(slots: SlotBindings): void {
    this.#put({ slots, layout: this.#layoutOrNone() });
  }

  /** @throws ImprintError record-corrupt, record-unavailable: everything is as it was */
  writeLayout(layout: SlotLayout | undefined): void {
    this.#put({ slots: this.read(), layout: layout === undefined ? undefined : { ...layout } });
  }

  /** Slots that are bound anew replace a file that cannot be read, its layout with it. */
  #layoutOrNone(): SlotsFile['layout'] {
    try {
      return this.#file().layout;
    } catch {
      return undefined;
    }
  }

  #file(): SlotsFile {
    let text: string | undefined;
    try {
      text = readIfThere(this.#path);
    } catch (thrown) {
      throw new ImprintError('record-unavailable', `The file ${this.#path} cannot be read.`, { field: 'slots.json', cause: thrown });
    }
    return text === undefined ? { slots: [] } : readSlotsFile(text);
  }

  #put(file: SlotsFile): void {
    const text = slotsFileText(file);
    try {
      putFile(this.#path, text, true);
    } catch (thrown) {
      throw new ImprintError('record-unavailable', `The file ${this.#path} cannot be written.`, { field: 'slots.json', cause: thrown });
    }
  }
}
