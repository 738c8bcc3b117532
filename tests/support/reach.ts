/** What a page looks like to somebody who has no mouse, or who needs it twice as large. */
import type { Page } from 'playwright';

/** How many pixels of the page lie beside the window: none may, or a person scrolls to and fro in every line. */
export function beside(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.scrollingElement ?? document.documentElement;
    return Math.max(0, scrollWidth - clientWidth);
  });
}

export interface Walk {
  /** Controls that Tab does not lead to. */
  readonly missed: readonly string[];
  /** Controls that had the focus where it could not be seen: outside of the window, under something else, or without a mark. */
  readonly unseen: readonly string[];
}

/** Goes through all controls of the page by Tab, as its keyboard is the only way. */
export async function walk(page: Page): Promise<Walk> {
  const wanted = await page.evaluate(() => {
    const all = [...document.querySelectorAll<HTMLElement>('button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), [tabindex="0"]')];
    const stops = all.filter((element) => element.tabIndex >= 0 && element.checkVisibility() && !(element instanceof HTMLInputElement && element.type === 'radio'));
    for (const [index, element] of stops.entries()) element.dataset['stop'] = `${String(index)} ${element.dataset['testid'] ?? element.ariaLabel ?? (element.textContent.slice(0, 40) || element.className)}`;
    return stops.map(({ dataset }) => dataset['stop'] ?? '');
  });
  const missed = new Set(wanted);
  const unseen = new Set<string>();
  // The inside of a date or of a list of choices has stops of its own.
  for (let press = 0; press < wanted.length + 40 && missed.size > 0; press += 1) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const element = document.activeElement;
      if (!(element instanceof HTMLElement) || element.dataset['stop'] === undefined) return undefined;
      const { left, top, right, bottom } = element.getBoundingClientRect();
      // Of something taller than the window a part is enough.
      const within = left > -1 && right < innerWidth + 1 && top < innerHeight - 8 && bottom > 8;
      const middle = document.elementFromPoint((left + right) / 2, (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2);
      const free = middle !== null && (element.contains(middle) || middle.contains(element) || middle.closest('label')?.contains(element) === true);
      const isMarked = (each: Element): boolean => {
        const { outlineStyle, boxShadow } = getComputedStyle(each);
        return outlineStyle !== 'none' || boxShadow !== 'none';
      };
      // The mark may be around the field's frame, or around the current row of a list.
      const marked = isMarked(element) || (element.parentElement !== null && isMarked(element.parentElement)) || [...element.querySelectorAll('[aria-selected="true"]')].some(isMarked);
      return { name: element.dataset['stop'], seen: within && free && marked, why: `${within ? '' : 'outside '}${free ? '' : `under ${middle?.className ?? ''} `}${marked ? '' : 'unmarked'}` };
    });
    if (stop === undefined) continue;
    missed.delete(stop.name);
    if (!stop.seen) unseen.add(`${stop.name}: ${stop.why}`);
  }
  return { missed: [...missed], unseen: [...unseen] };
}
