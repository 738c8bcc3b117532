/** A run of bytes from its place on an image or a card. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** The unit of direct I/O and of the overlay: every card and every disk in use takes transfers aligned to this. */
export const blockBytes = 4096;
