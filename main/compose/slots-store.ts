import { join } from 'node:path';
import { readSlotsFile, slotsFileText, type SlotBindings } from '../contract/slots-file';
import { ImprintError } from '../domain/errors';
import { putFile, readIfThere } from './durable-file';

/** The slots that were bound on this station: `slots.json` in its folder. */
export class SlotsStore {
  readonly #path: string;

  constructor(stationRoot: string) {
    this.#path = join(stationRoot, 'slots.json');
  }

  /** @throws ImprintError record-corrupt, record-unavailable */
  read(): SlotBindings {
    let text: string | undefined;
    try {
      text = readIfThere(this.#path);
    } catch (thrown) {
      throw new ImprintError('record-unavailable', `The file ${this.#path} cannot be read.`, { field: 'slots.json', cause: thrown });
    }
    return text === undefined ? [] : readSlotsFile(text);
  }

  /** @throws ImprintError usage, record-unavailable: the slots from before are still there */
  write(slots: SlotBindings): void {
    const text = slotsFileText(slots);
    try {
      putFile(this.#path, text, true);
    } catch (thrown) {
      throw new ImprintError('record-unavailable', `The file ${this.#path} cannot be written.`, { field: 'slots.json', cause: thrown });
    }
  }
}
