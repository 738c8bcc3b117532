/** How long a cancelled job waits for transfers that are under way, in milliseconds: a cancel ends within two seconds. */
export const patience = 1000;

/** Waits until all have ended, or for so long; without a time for ever. */
export async function settledWithin(milliseconds: number | undefined, promises: Iterable<Promise<unknown>>): Promise<void> {
  const settled = Promise.allSettled(promises);
  if (milliseconds === undefined) {
    await settled;
    return;
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race([settled, late]);
  clearTimeout(timer);
}
