import type { LaidOutCode, LaidOutLabel, LaidOutText } from '../domain/label-layout';

/**
 * A label as ZPL II (Zebra's ZPL programming guide): UTF-8 (^CI28), positions and modules in dots, copies by ^PQ. The printer draws
 * the codes itself, so they are as sharp as it can.
 */
export function zplOf(label: LaidOutLabel, copies = label.copies): string {
  const { width, height, elements } = label;
  return ['^XA', '^CI28', `^PW${String(width)}`, `^LL${String(height)}`, '^LH0,0', ...elements.map(fieldOf), `^PQ${String(copies)}`, '^XZ', ''].join('\n');
}

function fieldOf(element: LaidOutText | LaidOutCode): string {
  const origin = `^FO${String(element.x)},${String(element.y)}`;
  switch (element.kind) {
    case 'text':
      // The width follows the height.
      return `${origin}^A0N,${String(element.height)}${dataOf(element.content)}`;
    case 'qr':
      // Model 2; before the content: error correction M, automatic input.
      return `${origin}^BQN,2,${String(element.module)}${dataOf(element.content, 'MA,')}`;
    case 'data-matrix':
      // ECC 200 in the size that the printer finds, with an escape character that the content does not have.
      return `${origin}^BXN,${String(element.module)},200,,,6,${unusedIn(element.content)}${dataOf(element.content)}`;
    case 'code-128':
      return `${origin}^BY${String(element.module)}^BCN,${String(element.rowHeight)},N,N,N,A${dataOf(element.content)}`;
  }
}

/**
 * Field data under ^FH: whatever is not plain goes as the hexadecimal of its UTF-8 bytes.
 *
 * SECURITY: ^ and ~ begin a command, and what stands on a label was scanned or comes from a batch's name: no content can be more than
 * content.
 */
function dataOf(content: string, before = ''): string {
  const escaped = Array.from(content, (character) => (/^[A-Za-z0-9 .,:;/=+*()#@!?&%$'"<>{}[\]|-]$/.test(character) ? character : hexadecimal(character))).join('');
  return `^FH_^FD${before}${escaped}^FS`;
}

function hexadecimal(character: string): string {
  return Array.from(Buffer.from(character, 'utf8'), (byte) => `_${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

function unusedIn(content: string): string {
  return ['|', '#', '$', '%', '&', '*', '!', '@'].find((character) => !content.includes(character)) ?? '|';
}
