/** The label of a profile: what it may say, and the sentence for what it may not. */
import { describe, expect, it } from 'vitest';
import { profileSchema, readProfile } from '../../main/contract/profile-file';
import { ImprintError } from '../../main/domain/errors';
import { readScanPattern } from '../../main/compose/scan-patterns';
import { menderServer } from '../../main/servers/mender/adapter';

const qr = { kind: 'qr', x: 2, y: 2, size: 20, content: '{identity.mac}' };
const label = { printer: { kind: 'zpl', host: '192.168.1.40' }, size: { width: 50, height: 25 }, template: [qr] };

const read = (given: unknown): ReturnType<typeof readProfile> =>
  readProfile(
    JSON.stringify({ name: 'gateway', server: { url: 'https://mender.example.com', credentials: { token: { environment: 'TOKEN' } } }, image: { path: 'golden.sdimg', sha256: 'ab'.repeat(32) }, label: given }),
    { serverKinds: [menderServer], readPattern: readScanPattern, resolvePath: (path) => `/profiles/${path}`, readText: () => '' },
  );

function mistake(given: unknown): ImprintError {
  try {
    read(given);
  } catch (thrown) {
    if (thrown instanceof ImprintError) return thrown;
    throw thrown;
  }
  throw new Error('the label was accepted');
}

describe('the label of a profile', () => {
  it('has usual values for what it does not say, and is kept as it was read', () => {
    const profile = read(label);
    expect(profile.label).toEqual({ ...label, printer: { kind: 'zpl', host: '192.168.1.40', port: 9100 }, dpmm: 8, copies: 1, scanBack: false });
    expect(profileSchema.parse(JSON.parse(JSON.stringify(profile))).label).toEqual(profile.label);
    expect(read(undefined).label).toBeUndefined();
  });

  it('takes a folder from where the profile lies', () => {
    expect(read({ ...label, printer: { kind: 'pdf', folder: 'labels' } }).label?.printer).toEqual({ kind: 'pdf', folder: '/profiles/labels' });
  });

  it.each([
    ['label.printer.kind', { ...label, printer: { kind: 'fax' } }, /"zpl".*"cups".*"pdf"/],
    ['label.printer.port', { ...label, printer: { kind: 'zpl', host: 'a', port: 0 } }, /TCP port/],
    ['label.printer.host', { ...label, printer: { kind: 'zpl', host: 'a b' } }, /address of the printer/],
    ['label.printer.printer', { ...label, printer: { kind: 'cups', printer: '-o raw' } }, /CUPS queue/],
    ['label.size.width', { ...label, size: { width: 0, height: 25 } }, /width of the label in millimetres/],
    ['label.dpmm', { ...label, dpmm: 9 }, /6, 8, 12, 24/],
    ['label.copies', { ...label, copies: 0 }, /1 to 20/],
    ['label.template', { ...label, template: [] }, /at least one element/],
    ['label.template.0.kind', { ...label, template: [{ ...qr, kind: 'aztec' }] }, /"text", "qr", "data-matrix" or "code-128"/],
    ['label.template.0.content', { ...label, template: [{ ...qr, content: '{identity.serial}' }] }, /no placeholder \{identity.serial\}; expected one of .*\{identity.mac\}/],
    ['label.template.0.content', { ...label, template: [{ ...qr, content: 'a\nb' }] }, /without control characters/],
    ['label.template.0.x', { ...label, template: [{ ...qr, x: 50 }] }, /lies beside the label/],
    ['label.template.0.size', { ...label, template: [{ ...qr, size: -1 }] }, /side of the code/],
    ['label.scanBack', { ...label, scanBack: true, template: [{ ...qr, content: '{batch}' }] }, /tells one device from another/],
    ['label.colour', { ...label, colour: 'red' }, /no such field/],
  ])('names %s where that is wrong', (field, given, sentence) => {
    expect(mistake(given)).toMatchObject({ code: 'profile-invalid', field });
    expect(mistake(given).message).toMatch(sentence);
  });
});
