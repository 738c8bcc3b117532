/** A number as German writes it: `12.345`. */
export const number = (count: number): string => count.toLocaleString('de');

/** `1 Karte`, `12.345 Karten` */
export const counted = (count: number, one: string, more: string): string => `${number(count)} ${count === 1 ? one : more}`;
