/** How large the page is drawn: Ctrl with plus, minus, 0 or the wheel. Chromium keeps it with the data of the window. */
import type { Input, WebContents } from 'electron';

export type ZoomWish = 'larger' | 'smaller' | 'usual';

/** Those of Chromium that the page is made for. */
export const zoomFactors = [0.75, 0.8, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3] as const;

type KeyPress = Pick<Input, 'type' | 'key' | 'control' | 'alt' | 'meta'>;

const wishes: Readonly<Record<string, ZoomWish>> = { '+': 'larger', '=': 'larger', '-': 'smaller', '_': 'smaller', '0': 'usual' };

/** With Shift or without: the plus is where the layout has it. A scanner that types holds no Control. */
export function readZoomKey({ type, key, control, alt, meta }: KeyPress): ZoomWish | undefined {
  return type === 'keyDown' && control && !alt && !meta && Object.hasOwn(wishes, key) ? wishes[key] : undefined;
}

/** @param factor as Chromium tells it, which is not exactly one of ours */
export function nextZoom(factor: number, wish: ZoomWish): number {
  if (wish === 'usual') return 1;
  const near = 0.01;
  const larger = zoomFactors.find((each) => each > factor + near);
  const smaller = zoomFactors.findLast((each) => each < factor - near);
  return (wish === 'larger' ? larger : smaller) ?? factor;
}

/** Before the page hears of the key: it works over every dialog, and at the lock. */
export function zoomByKeys(contents: WebContents): void {
  const zoom = (wish: ZoomWish): void => {
    contents.setZoomFactor(nextZoom(contents.getZoomFactor(), wish));
  };
  contents.on('before-input-event', (event, input) => {
    const wish = readZoomKey(input);
    if (wish === undefined) return;
    event.preventDefault();
    zoom(wish);
  });
  contents.on('zoom-changed', (_event, direction) => {
    zoom(direction === 'in' ? 'larger' : 'smaller');
  });
}
