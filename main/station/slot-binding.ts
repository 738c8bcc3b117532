import { arrivedCards, canBeSlot, describePort, driveName, type Drive } from '../domain/drives';

export interface BoundSlot {
  readonly name: string;
  readonly port: string;
}

const mostSlots = 16;

/**
 * Binds slots to the ports of a reader: a person plugs a card into one after the other. Cards that are in already do not
 * count until they are taken out and put in again.
 */
export class SlotBinding {
  readonly #bound: BoundSlot[] = [];
  #drives: readonly Drive[];
  #sentence: string;

  constructor(drives: readonly Drive[]) {
    this.#drives = drives;
    this.#sentence = 'Plug a card into the first slot of your reader.';
  }

  get bound(): readonly BoundSlot[] {
    return this.#bound;
  }

  get next(): string {
    return `Slot ${String(this.#bound.length + 1)}`;
  }

  /** What the person does next, and what became of the last card. */
  get sentence(): string {
    return this.#sentence;
  }

  /** The drives as they are now. @returns whether there is something new to say */
  see(drives: readonly Drive[]): boolean {
    const arrived = arrivedCards(this.#drives, drives);
    this.#drives = drives;
    for (const drive of arrived) this.#sentence = this.#take(drive, arrived.length);
    return arrived.length > 0;
  }

  #take(drive: Drive, count: number): string {
    // Which of two cards is in the next slot is only known to the person.
    if (count > 1) return 'Two cards came at once: take them out and plug in one at a time.';
    if (drive.systemDisk) return `${drive.path} is the disk that this computer runs from; it is no slot.`;
    if (drive.portPath === undefined) return `Where ${drive.path} is plugged in is not known: use another reader.`;
    if (!canBeSlot(drive)) return `${driveName(drive)} is a fixed disk and no card reader; it is no slot.`;
    const port = drive.portPath;
    const known = this.#bound.find((slot) => slot.port === port);
    if (known !== undefined) return `That is ${known.name} already. Plug the card into another slot for ${this.next}.`;
    if (this.#bound.length === mostSlots) return `${String(mostSlots)} slots are the most that a bench has.`;
    const name = this.next;
    this.#bound.push({ name, port });
    return `${name} is ${describePort(port)}. Plug a card into the next slot, or finish.`;
  }
}
