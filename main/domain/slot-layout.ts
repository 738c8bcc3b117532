/**
 * In which order the slots are counted on the desk. rows: from left to right, then the next row below. rows-up: the same, from the
 * lowest row upwards. columns: from top to bottom, then the next column to the right. columns-up: the same, from bottom to top.
 */
export const slotOrders = ['rows', 'rows-up', 'columns', 'columns-up'] as const;
export type SlotOrder = (typeof slotOrders)[number];

export const mostColumns = 8;

/** How the slots of this station stand on the desk: the window shows them so. */
export interface SlotLayout {
  readonly columns: number;
  readonly order: SlotOrder;
}
