import type { TargetFacts } from './targets';

/** How many cards of one slot or lot ended, and how many of them failed while they were written or read back. */
export interface FailureCount {
  readonly failed: number;
  /** Cards that were written to an end; cancelled ones tell nothing. */
  readonly of: number;
}

/** A slot by its last cards: many failures in one slot point at its port, at its cable, or at the reader. */
export interface SlotHealth {
  readonly slot: string;
  readonly recent: FailureCount;
  readonly week: FailureCount;
  readonly month: FailureCount;
  /** What the last failed card of this slot said. */
  readonly sentence?: string | undefined;
}

/** Cards of one lot, or one card: many failures in several slots point at the cards. */
export interface CardHealth {
  readonly lot: string;
  /** Absent for a whole lot. */
  readonly card?: string | undefined;
  readonly month: FailureCount;
  /** How many slots they failed in. */
  readonly slots: number;
}

export interface BenchHealth {
  readonly slots: readonly SlotHealth[];
  readonly lots: readonly CardHealth[];
  readonly cards: readonly CardHealth[];
}

export interface HealthQuery {
  /** Those that are asked about; undefined: all that the record knows. */
  readonly slots?: readonly string[] | undefined;
  /** Beginnings of the two spans, ISO 8601 UTC. */
  readonly weekFrom: string;
  readonly monthFrom: string;
}

/** The cards that `recent` looks at. */
export const recentCards = 20;

/** One failure is chance, two are bad luck; three in twenty are looked into. */
export function isSuspect({ failed, of }: FailureCount): boolean {
  return failed >= 3 && failed * 100 >= of * 15;
}

const day = 24 * 60 * 60_000;

export function healthQuery(now: Date, slots?: readonly string[]): HealthQuery {
  const before = (days: number): string => new Date(now.getTime() - days * day).toISOString();
  return { slots, weekFrom: before(7), monthFrom: before(30) };
}

/** What tells one card, and one lot of cards, from the others. */
export interface CardNames {
  readonly lot: string;
  /** The single card; absent where the reader does not tell. */
  readonly card?: string | undefined;
}

/**
 * The names of a card from what the system says of it; undefined where nothing is known. A reader on USB tells its own model and
 * hides the card's register, so there a lot is all cards of one size in one kind of reader.
 */
export function namesOfCard({ model, serial, bytes }: Pick<TargetFacts, 'model' | 'serial' | 'bytes'>): CardNames | undefined {
  if (serial !== undefined && /^[0-9a-f]{32}$/i.test(serial)) return { lot: lotOf(serial.toLowerCase()), card: serial.toLowerCase() };
  if (model === undefined && serial === undefined) return undefined;
  return { lot: [model?.trim(), bytes === 0 ? undefined : `${String(bytes)} bytes`].filter((part) => part !== undefined && part !== '').join(', ') || 'not known', ...(serial === undefined ? {} : { card: serial }) };
}

/** From the card identification register (SD Physical Layer Specification 9.10, 5.2): maker, name, revision, month; all but the serial number. */
function lotOf(cid: string): string {
  const byte = (at: number): number => parseInt(cid.slice(2 * at, 2 * at + 2), 16);
  const letters = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, index) => byte(from + index))
      .map((code) => (code > 0x20 && code < 0x7f ? String.fromCharCode(code) : ''))
      .join('');
  const date = ((byte(13) & 0x0f) << 8) | byte(14);
  const month = `${String(2000 + (date >> 4))}-${String(date & 0x0f).padStart(2, '0')}`;
  const revision = byte(8);
  return `${letters(3, 8)} ${String(revision >> 4)}.${String(revision & 0x0f)}, maker ${cid.slice(0, 2)}/${letters(1, 3)}, ${month}`;
}
