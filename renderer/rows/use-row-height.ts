import { useEffect, useState } from 'react';

const rowRems = 3.125;

/** The height of a row in pixels: it follows the size of the text, which follows the window. */
export function useRowHeight(): number {
  const [height, setHeight] = useState(measure);
  useEffect(() => {
    const onResize = (): void => setHeight(measure());
    window.addEventListener('resize', onResize);
    return () => window.removeEventListener('resize', onResize);
  }, []);
  return height;
}

function measure(): number {
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  // Whole pixels: rows that begin between two of them are drawn blurred.
  return Math.round((Number.isNaN(rem) ? 16 : rem) * rowRems);
}
