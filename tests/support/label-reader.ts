/** Reads the codes of a picture with a decoder that has nothing to do with what drew them. */
import { BarcodeFormat, BinaryBitmap, DecodeHintType, HybridBinarizer, MultiFormatReader, RGBLuminanceSource } from '@zxing/library';
import type { LabelCodeKind } from '../../main/domain/labels';

const formats = { 'qr': BarcodeFormat.QR_CODE, 'data-matrix': BarcodeFormat.DATA_MATRIX, 'code-128': BarcodeFormat.CODE_128 } as const satisfies Record<LabelCodeKind, BarcodeFormat>;

/** A picture in greys, row by row: 0 is black. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray;
}

/** What is black, with a white edge around it: the reader looks for a data matrix in the middle only. */
function cropped({ width, height, pixels }: GreyPicture): GreyPicture {
  let [left, right, top, bottom] = [width, 0, height, 0];
  pixels.forEach((grey, index) => {
    if (grey > 127) return;
    const [x, y] = [index % width, Math.floor(index / width)];
    [left, right, top, bottom] = [Math.min(left, x), Math.max(right, x), Math.min(top, y), Math.max(bottom, y)];
  });
  const edge = 40;
  const cut = { width: right - left + 1 + 2 * edge, height: bottom - top + 1 + 2 * edge };
  const copy = new Uint8ClampedArray(cut.width * cut.height).fill(255);
  for (let y = top; y <= bottom; y += 1) copy.set(pixels.subarray(y * width + left, y * width + right + 1), (y - top + edge) * cut.width + edge);
  return { ...cut, pixels: copy };
}

/** @param picture with nothing black in it but this code */
export function readCode(kind: LabelCodeKind, picture: GreyPicture): string {
  const { width, height, pixels } = cropped(picture);
  const hints = new Map<DecodeHintType, unknown>([
    [DecodeHintType.POSSIBLE_FORMATS, [formats[kind]]],
    [DecodeHintType.TRY_HARDER, true],
    ...(kind === 'data-matrix' ? [[DecodeHintType.PURE_BARCODE, true] as const] : []),
    [DecodeHintType.CHARACTER_SET, 'UTF-8'],
  ]);
  return new MultiFormatReader().decode(new BinaryBitmap(new HybridBinarizer(new RGBLuminanceSource(pixels, width, height))), hints).getText();
}

/** The codes of our SVG, painted as a viewer would: each path is rectangles `Mx yhWvHh-Wz`. Three pixels a dot, a white edge. */
export function paintCode(svg: string, kind: LabelCodeKind): GreyPicture {
  const box = /viewBox="0 0 (\d+) (\d+)"/.exec(svg);
  const path = new RegExp(`<path data-code="${kind}"[^>]* d="([^"]*)"`).exec(svg)?.[1];
  if (box === null || path === undefined) throw new Error(`This SVG has no ${kind}.`);
  const scale = 3;
  const edge = 40;
  const width = Number(box[1]) * scale + 2 * edge;
  const height = Number(box[2]) * scale + 2 * edge;
  const pixels = new Uint8ClampedArray(width * height).fill(255);
  const runs = [...path.matchAll(/M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)z/g)];
  if (runs.map(([text]) => text).join('') !== path) throw new Error('This path is not made of rectangles.');
  for (const [, x, y, w, h] of runs.map((run) => run.map(Number))) {
    for (let row = (y ?? 0) * scale + edge; row < ((y ?? 0) + (h ?? 0)) * scale + edge; row += 1) pixels.fill(0, row * width + (x ?? 0) * scale + edge, row * width + ((x ?? 0) + (w ?? 0)) * scale + edge);
  }
  return { width, height, pixels };
}

/** A binary PGM as pdftoppm -gray writes it. */
export function readPgm(file: Uint8Array): GreyPicture {
  const head = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(Buffer.from(file.subarray(0, 64)).toString('latin1'));
  if (head === null) throw new Error('This is no PGM.');
  return { width: Number(head[1]), height: Number(head[2]), pixels: new Uint8ClampedArray(file.subarray(head[0].length)) };
}
