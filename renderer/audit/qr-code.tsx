import { useMemo } from 'react';
import { encode } from 'uqr';

/** Modules of white around it, as a reader wants them (ISO/IEC 18004). */
const quiet = 4;

/** A text for a telephone's camera. Dark on light in both themes: that is what readers expect. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { size, path } = useMemo(() => drawn(text), [text]);
  return (
    <svg className="qr" viewBox={`0 0 ${String(size)} ${String(size)}`} role="img" aria-label={label} shapeRendering="crispEdges" data-testid="qr">
      <rect className="qr__ground" width={size} height={size} />
      <path className="qr__modules" d={path} />
    </svg>
  );
}

function drawn(text: string): { readonly size: number; readonly path: string } {
  const { size, data } = encode(text, { ecc: 'M', border: quiet });
  const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${String(x)} ${String(y)}h1v1h-1z`] : []))).join('');
  return { size, path };
}
