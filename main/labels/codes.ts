import { createRequire } from 'node:module';
import type Bwip from 'bwip-js/node';
import { ImprintError } from '../domain/errors';
import { codeNames, type CodeMaker, type CodeRows } from '../domain/label-layout';

/** Printable ASCII: what ZPL's ^BC and every scanner agree on. */
const code128Text = /^[\x20-\x7e]*$/;

/** Loaded with the first code: a megabyte that most commands do not need. */
let loaded: typeof Bwip | undefined;
function bwip(): typeof Bwip {
  loaded ??= createRequire(import.meta.url)('bwip-js/node') as typeof Bwip;
  return loaded;
}

/** The dots of a code. Error correction of QR: M (15 %), as the ZPL says it too. */
export const makeCode: CodeMaker = (kind, content) => {
  if (kind === 'code-128' && !code128Text.test(content)) throw new ImprintError('label-invalid', `A bar code holds printable ASCII only, and "${content}" has other characters: use a QR code.`, { expected: 'printable ASCII' });
  try {
    switch (kind) {
      case 'qr':
        return rowsOf(bwip().raw('qrcode', content, 'eclevel=M')[0]);
      case 'data-matrix':
        return rowsOf(bwip().raw('datamatrix', content, '')[0]);
      case 'code-128':
        return [barsOf(bwip().raw('code128', content, '')[0])];
    }
  } catch (thrown) {
    if (thrown instanceof ImprintError) throw thrown;
    throw new ImprintError('label-invalid', `The ${codeNames[kind]} of the label cannot hold its content of ${String(content.length)} characters.`, { expected: 'a shorter content', cause: thrown });
  }
};

/** As bwip-js describes what it drew: a matrix, or the widths of bars and spaces. */
type Raw = { readonly pixs: readonly number[]; readonly pixx: number; readonly pixy: number } | { readonly sbs: readonly number[] } | undefined;

function rowsOf(symbol: Raw): CodeRows {
  if (symbol === undefined || !('pixs' in symbol)) throw undrawn();
  const { pixs, pixx, pixy } = symbol;
  return Array.from({ length: pixy }, (_, y) => Array.from({ length: pixx }, (__, x) => (pixs[y * pixx + x] === 1 ? '1' : '0')).join(''));
}

/** Widths of bars and spaces in turn, a bar first. */
function barsOf(symbol: Raw): string {
  if (symbol === undefined || !('sbs' in symbol)) throw undrawn();
  return symbol.sbs.map((width, index) => (index % 2 === 0 ? '1' : '0').repeat(width)).join('');
}

function undrawn(): ImprintError {
  return new ImprintError('unexpected', 'The code of a label could not be drawn.');
}

