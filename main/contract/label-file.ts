/** The label of a profile: as a person writes it, and as the record keeps it. */
import { z } from 'zod';
import { contentObjection } from '../domain/label-layout';
import type { IdentityAttribute } from '../domain/identity';
import { labelResolutions, type LabelElement, type LabelSettings } from '../domain/labels';

const millimetres = (most: number, expected = `expected millimetres from 0 to ${String(most)}`): z.ZodNumber => z.number(expected).min(0, expected).max(most, expected);
const extent = (name: string, most: number): z.ZodNumber => {
  const expected = `expected the ${name} in millimetres, above 0 and up to ${String(most)}`;
  return z.number(expected).gt(0, expected).max(most, expected);
};

const hostText = 'expected the name or address of the printer, such as "192.168.1.40"';
const portText = 'expected a TCP port, such as 9100';
const queueText = 'expected the name of a CUPS queue, as "lpstat -e" lists it';
const copiesText = 'expected how many labels each device gets: 1 to 20';
const resolutionText = `expected the dots per millimetre of the printer: ${labelResolutions.join(', ')}`;
const kindText = 'expected "text", "qr", "data-matrix" or "code-128"';
const contentText = 'expected text with placeholders such as {identity.mac}, 1 to 500 characters';

export const labelPrinterSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('zpl'), host: z.string(hostText).regex(/^[A-Za-z0-9_.:-]{1,255}$/, hostText), port: z.int(portText).min(1, portText).max(65535, portText).default(9100) }),
    z.strictObject({ kind: z.literal('cups'), printer: z.string(queueText).regex(/^[^\s/#\p{Cc}-][^\s/#\p{Cc}]{0,126}$/u, queueText) }),
    z.strictObject({ kind: z.literal('pdf'), folder: z.string('expected a folder').min(1, 'expected a folder') }),
  ],
  'expected {"kind": "zpl", "host": "…", "port": 9100}, {"kind": "cups", "printer": "…"} or {"kind": "pdf", "folder": "…"}',
);

const placed = {
  x: millimetres(300),
  y: millimetres(500),
  content: z
    .string(contentText)
    .min(1, contentText)
    .max(500, contentText)
    .regex(/^\P{Cc}*$/u, 'expected text without control characters'),
};

const elementSchema = z.discriminatedUnion(
  'kind',
  [
    z.strictObject({ kind: z.literal('text'), ...placed, height: extent('height of a line', 100) }),
    z.strictObject({ kind: z.literal('qr'), ...placed, size: extent('side of the code', 300) }),
    z.strictObject({ kind: z.literal('data-matrix'), ...placed, size: extent('side of the code', 300) }),
    z.strictObject({ kind: z.literal('code-128'), ...placed, width: extent('width of the bars', 300), height: extent('height of the bars', 300) }),
  ],
  kindText,
) satisfies z.ZodType<LabelElement>;

export const labelFileSchema = z.strictObject({
  printer: labelPrinterSchema,
  size: z.strictObject({ width: extent('width of the label', 300), height: extent('height of the label', 500) }),
  dpmm: z.union(labelResolutions.map((dpmm) => z.literal(dpmm)), resolutionText).default(8),
  template: z.array(elementSchema).min(1, 'expected at least one element').max(40, 'expected at most 40 elements'),
  copies: z.int(copiesText).min(1, copiesText).max(20, copiesText).default(1),
  scanBack: z.boolean('expected true or false').default(false),
});
export type LabelFile = z.output<typeof labelFileSchema>;

/** As the record keeps it. The folder is absolute there. */
export const labelSettingsSchema = labelFileSchema satisfies z.ZodType<LabelSettings>;

/** What only shows when the whole of a label is looked at, with the field that is wrong. */
export function labelObjection({ template, size, scanBack }: LabelFile, scheme: readonly IdentityAttribute[]): { readonly field: string; readonly what: string; readonly expected: string } | undefined {
  for (const [index, { x, y, content, kind }] of template.entries()) {
    const field = `label.template.${String(index)}`;
    const objection = contentObjection(content, scheme);
    if (objection !== undefined) {
      const [what = '', expected = 'known placeholders'] = objection.split('; expected ');
      return { field: `${field}.content`, what, expected };
    }
    if (x >= size.width || y >= size.height) return { field: x >= size.width ? `${field}.x` : `${field}.y`, what: `this ${kind} lies beside the label`, expected: `a place inside ${String(size.width)} × ${String(size.height)} mm` };
  }
  if (scanBack && !template.some((element) => element.kind !== 'text' && /\{(?:identity[.}]|fingerprint\})/.test(element.content))) {
    return { field: 'label.scanBack', what: 'no code of the template tells one device from another', expected: 'a qr, data-matrix or code-128 with {identity.…} or {fingerprint}' };
  }
  return undefined;
}
