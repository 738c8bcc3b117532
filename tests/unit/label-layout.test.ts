/** Labels as they are laid out, and as ZPL, SVG and PDF show them: each code is read again by another library. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { contentObjection, fillIn, layOutLabel, readLabelCode, sampleFacts, type LabelFacts } from '../../main/domain/label-layout';
import type { LabelCodeKind, LabelElement, LabelSettings } from '../../main/domain/labels';
import type { ImprintError } from '../../main/domain/errors';
import { makeCode } from '../../main/labels/codes';
import { pdfOf } from '../../main/labels/pdf';
import { svgOf } from '../../main/labels/svg';
import { zplOf } from '../../main/labels/zpl';
import { paintCode, readCode, readPgm } from '../support/label-reader';

const facts: LabelFacts = { identity: { mac: '02:12:61:13:6c:42', serial: 'Ä-7 ^XA~_' }, fingerprint: 'a1b2c3d4e5f60718'.repeat(4), batch: 'WO-4711', profileName: 'Board A', date: '2026-11-25' };

const label = (template: readonly LabelElement[], change: Partial<LabelSettings> = {}): LabelSettings => ({
  printer: { kind: 'zpl', host: '127.0.0.1', port: 9100 },
  size: { width: 50, height: 25 },
  dpmm: 8,
  template,
  copies: 1,
  scanBack: false,
  ...change,
});

const codes: readonly (readonly [LabelCodeKind, LabelElement])[] = [
  ['qr', { kind: 'qr', x: 2, y: 2, size: 20, content: '{identity.mac} {batch}' }],
  ['data-matrix', { kind: 'data-matrix', x: 2, y: 2, size: 20, content: '{identity.mac} {batch}' }],
  ['code-128', { kind: 'code-128', x: 2, y: 2, width: 46, height: 10, content: '{identity.mac} {batch}' }],
];
const held = '02:12:61:13:6c:42 WO-4711';

const folder = mkdtempSync(join(tmpdir(), 'imprint-label-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function refusal(work: () => unknown): ImprintError {
  try {
    work();
  } catch (thrown) {
    return thrown as ImprintError;
  }
  throw new Error('nothing was refused');
}

describe('content', () => {
  it('is filled in from what is known of the device', () => {
    expect(fillIn('{identity.mac}|{fingerprint.short}|{batch}|{profile}|{date}|{{x}}', facts)).toBe('02:12:61:13:6c:42|a1b2 c3d4 e5f6 0718|WO-4711|Board A|2026-11-25|{x}');
    expect(fillIn('{identity}', facts)).toBe('mac 02:12:61:13:6c:42, serial Ä-7 ^XA~_');
    expect(fillIn('{fingerprint}{batch}', { ...facts, batch: undefined })).toBe(facts.fingerprint);
  });

  it('never fills in what another placeholder brought', () => {
    expect(fillIn('{batch}', { ...facts, batch: '{identity.mac}' })).toBe('{identity.mac}');
  });

  it('names what is no placeholder', () => {
    const scheme = [{ name: 'mac', normalise: [], scan: true }];
    expect(contentObjection('{identity.mac} {date}', scheme)).toBeUndefined();
    expect(contentObjection('{identity.serial}', scheme)).toMatch(/no placeholder \{identity.serial\}.*\{identity.mac\}/);
    expect(contentObjection('{toString}', scheme)).toMatch(/no placeholder/);
    expect(contentObjection('50 % }', scheme)).toMatch(/single "}"/);
  });

  it('is read back from a code by the template that it was printed from', () => {
    const template: LabelElement[] = [
      { kind: 'text', x: 0, y: 0, height: 3, content: '{identity.mac}' },
      { kind: 'qr', x: 0, y: 0, size: 20, content: 'DEV;{identity.mac};{fingerprint}' },
    ];
    expect(readLabelCode({ template }, fillIn(template[1]?.content ?? '', facts))).toEqual({ attributes: { mac: facts.identity['mac'] }, fingerprint: facts.fingerprint });
    expect(readLabelCode({ template }, 'DEV;02:12:61:13:6c:42')).toBeUndefined();
  });
});

describe('the layout', () => {
  it('turns millimetres into whole dots at every resolution', () => {
    for (const dpmm of [6, 8, 12, 24] as const) {
      const laid = layOutLabel(label([{ kind: 'text', x: 1.25, y: 2.5, height: 3, content: 'x' }], { dpmm }), facts, makeCode);
      expect(laid).toMatchObject({ width: 50 * dpmm, height: 25 * dpmm, elements: [{ x: Math.round(1.25 * dpmm), y: Math.round(2.5 * dpmm), height: 3 * dpmm }] });
    }
  });

  it('gives each module whole dots: as many as the room allows', () => {
    const [qr] = layOutLabel(label([{ kind: 'qr', x: 0, y: 0, size: 20, content: '{identity.mac}' }]), facts, makeCode).elements;
    // 17 characters at M are version 2: 25 modules, 160 dots.
    expect(qr).toMatchObject({ module: 6 });
    expect(qr?.kind === 'qr' ? qr.rows.length : 0).toBe(25);
  });

  it.each([
    ['a code without room', { kind: 'qr', x: 0, y: 0, size: 3, content: '{identity.mac}' }, 'label.template.0.size', /25 modules need 3\.2 mm/],
    ['a code over the edge', { kind: 'qr', x: 40, y: 0, size: 20, content: '{identity.mac}' }, 'label.template.0', /goes beyond its edge/],
    ['an empty code', { kind: 'qr', x: 0, y: 0, size: 20, content: '{batch}' }, 'label.template.0.content', /would be empty/],
    ['a bar code of what it cannot hold', { kind: 'code-128', x: 0, y: 0, width: 50, height: 9, content: '{identity.serial}' }, 'label.template.0.content', /printable ASCII/],
    ['a code of too much', { kind: 'qr', x: 0, y: 0, size: 20, content: 'x'.repeat(5000) }, 'label.template.0.content', /cannot hold its content/],
  ] as const)('refuses %s and names the field', (_, element, field, sentence) => {
    const error = refusal(() => layOutLabel(label([element]), { ...facts, batch: undefined }, makeCode));
    expect(error).toMatchObject({ code: 'label-invalid', field });
    expect(error.message).toMatch(sentence);
  });

  it('warns of a text that may be cut off', () => {
    expect(layOutLabel(label([{ kind: 'text', x: 0, y: 0, height: 5, content: '{fingerprint}' }]), facts, makeCode).problems).toHaveLength(1);
    expect(layOutLabel(label([{ kind: 'text', x: 0, y: 0, height: 3, content: '{identity.mac}' }]), facts, makeCode).problems).toEqual([]);
  });
});

describe('ZPL', () => {
  it('is exactly this for a label of everything', () => {
    const template: LabelElement[] = [
      { kind: 'text', x: 2, y: 1, height: 3, content: '{identity.mac}' },
      { kind: 'qr', x: 2, y: 5, size: 18, content: '{identity.mac}' },
      { kind: 'data-matrix', x: 22, y: 5, size: 9, content: '{identity.mac}' },
      { kind: 'code-128', x: 2, y: 23, width: 48, height: 5, content: 'A_1' },
    ];
    expect(zplOf(layOutLabel(label(template, { size: { width: 60, height: 30 }, copies: 2 }), facts, makeCode))).toBe(
      [
        '^XA',
        '^CI28',
        '^PW480',
        '^LL240',
        '^LH0,0',
        '^FO16,8^A0N,24^FH_^FD02:12:61:13:6c:42^FS',
        '^FO16,40^BQN,2,5^FH_^FDMA,02:12:61:13:6c:42^FS',
        '^FO176,40^BXN,4,200,,,6,|^FH_^FD02:12:61:13:6c:42^FS',
        '^FO16,184^BY5^BCN,40,N,N,N,A^FH_^FDA_5F1^FS',
        '^PQ2',
        '^XZ',
        '',
      ].join('\n'),
    );
  });

  it('lets no content become a command, and keeps UTF-8 byte for byte', () => {
    const zpl = zplOf(layOutLabel(label([{ kind: 'text', x: 0, y: 0, height: 3, content: '{identity.serial}€' }]), facts, makeCode));
    expect(zpl).toContain('^FH_^FD_C3_84-7 _5EXA_7E_5F_E2_82_AC^FS');
    expect(zpl.match(/\^XA/g)).toHaveLength(1);
    const data = /\^FD(.*)\^FS/.exec(zpl)?.[1] ?? '';
    expect(decodeURIComponent(data.replace(/%/g, '%25').replace(/_([0-9A-F]{2})/g, '%$1'))).toBe('Ä-7 ^XA~_€');
  });
});

describe('SVG and PDF hold exactly the content', () => {
  it.each(codes)('%s, in the preview', (kind, element) => {
    expect(readCode(kind, paintCode(svgOf(layOutLabel(label([element]), facts, makeCode)), kind))).toBe(held);
  });

  it('a QR code of letters beyond ASCII', () => {
    const element: LabelElement = { kind: 'qr', x: 2, y: 2, size: 20, content: '{identity.serial} 基板' };
    expect(readCode('qr', paintCode(svgOf(layOutLabel(label([element]), facts, makeCode)), 'qr'))).toBe('Ä-7 ^XA~_ 基板');
  });

  it('texts as text, whatever they hold', () => {
    const laid = layOutLabel(label([{ kind: 'text', x: 1, y: 1, height: 3, content: '<script>&"{identity.serial}' }]), facts, makeCode);
    expect(svgOf(laid)).toContain('>&lt;script&gt;&amp;&quot;Ä-7 ^XA~_</text>');
    expect(svgOf(laid)).toContain('width="50mm" height="25mm"');
  });

  it.each(codes)('%s, in the PDF', async (kind, element) => {
    const path = join(folder, `${kind}.pdf`);
    const text: LabelElement = { kind: 'text', x: 2, y: 21.5, height: 3, content: '{identity.mac}' };
    writeFileSync(path, await pdfOf(layOutLabel(label([element, text]), facts, makeCode), 2));
    expect(execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' }).match(/02:12:61:13:6c:42/g)).toHaveLength(2);
    expect(execFileSync('pdfinfo', [path], { encoding: 'utf8' })).toMatch(/Pages:\s+2[\s\S]*Page size:\s+141\.7\d* x 70\.8\d* pts/);
    execFileSync('pdftoppm', ['-gray', '-r', '609.6', '-singlefile', path, join(folder, kind)]);
    const { width, height, pixels } = readPgm(readFileSync(join(folder, `${kind}.pgm`)));
    // Without the text below it.
    const rows = Math.floor(height * 0.84);
    expect(readCode(kind, { width, height: rows, pixels: pixels.subarray(0, width * rows) })).toBe(held);
  });
});

it('has sample values that no device can have', () => {
  expect(sampleFacts('Board A', [{ name: 'mac', normalise: ['trim', 'mac'], scan: true }, { name: 'type', normalise: [], scan: false, constant: 'A' }], '2026-11-25').identity).toEqual({ mac: '02:00:00:00:00:00', type: 'A' });
});
