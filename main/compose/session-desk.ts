import type { DeskView } from '../contract/desk-channel';
import { healthQuery, isSuspect } from '../domain/slot-health';
import type { SlotLayout } from '../domain/slot-layout';
import type { Bench } from '../station/bench';
import type { Station } from '../station/station';
import type { SlotsStore } from './slots-store';

/** What the window shows of the desk besides the slots' own words. */
export class SessionDesk {
  readonly #station: Station;
  readonly #bench: Bench;
  readonly #store: SlotsStore;

  constructor(station: Station, bench: Bench, store: SlotsStore) {
    this.#station = station;
    this.#bench = bench;
    this.#store = store;
  }

  async view(): Promise<DeskView> {
    const { slots, lots } = await this.#station.record.benchHealth(healthQuery(this.#station.clock.now(), this.#bench.slots.map(({ name }) => name)));
    return {
      layout: this.#layout(),
      failures: slots.filter(({ recent }) => recent.failed > 0).map(({ slot, recent }) => ({ slot, recent, suspect: isSuspect(recent) })),
      // One slot alone says more about its port than about the cards.
      badLots: lots.filter(({ month, slots: count }) => count > 1 && isSuspect(month)).map(({ lot, month }) => ({ lot, month })),
    };
  }

  /** @throws ImprintError record-corrupt, record-unavailable: it stays as it was */
  setLayout(layout: SlotLayout | undefined): void {
    this.#store.writeLayout(layout);
  }

  #layout(): SlotLayout | undefined {
    try {
      return this.#store.layout();
    } catch {
      // Told when the bench was opened.
      return undefined;
    }
  }
}
