import { describe, expect, it } from 'vitest';
import { readScanPattern } from '../../main/compose/scan-patterns';
import { allCommandCodes, commandCodeText, isCommandCode, readCommandCode } from '../../main/domain/command-codes';
import { checkDigit, groupSeparator as gs, readGs1 } from '../../main/domain/gs1';
import { readIdentity } from '../../main/domain/identity';
import { longestCode, readScan, type ScanRule } from '../../main/domain/scan-rules';

const read = (rules: readonly ScanRule[], code: string) => readScan(rules, code, readScanPattern);
const elements = (code: string, separator?: string): Record<string, string> => {
  const found = readGs1(code, separator);
  if (!found.ok) throw new Error(found.sentence);
  return Object.fromEntries(found.elements);
};

/** The same numbers at every run: what fails once fails again. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe('GS1 elements', () => {
  it('are read from real labels: carton, medical device, part with serial number', () => {
    // The examples of the General Specifications and of a UDI label.
    expect(elements('01095011010209171719050810ABCD1234\u001d2110')).toEqual({ '01': '09501101020917', '17': '190508', '10': 'ABCD1234', '21': '10' });
    expect(elements(']d20100889842003215' + '11250131' + '17300131' + '10A213B1' + gs + '211234')).toEqual({ '01': '00889842003215', '11': '250131', '17': '300131', '10': 'A213B1', '21': '1234' });
    expect(elements('(01)09506000134352(21)SN-00(42)')).toEqual({ '01': '09506000134352', '21': 'SN-00(42)' });
    expect(elements(`]C1${gs}240BOARD-A${gs}241C-17${gs}250SUB-9`)).toEqual({ '240': 'BOARD-A', '241': 'C-17', '250': 'SUB-9' });
    expect(elements(`]Q38004ASSET/77${gs}8003095060001343521`.replace('8003095060001343521', '800309506000134352A1'))).toEqual({ '8004': 'ASSET/77', '8003': '09506000134352A1' });
    expect(elements(`91company${gs}99x`)).toEqual({ '91': 'company', '99': 'x' });
  });

  it('take another separator where the scanner types one', () => {
    expect(elements('21ABC|10LOT', '|')).toEqual({ '21': 'ABC', '10': 'LOT' });
  });

  it.each([
    ['a wrong check digit', '0109501101020918', true, /check digit/],
    ['an unknown identifier', '(04)1234', true, /not known/],
    ['a month that is none', ']d217191308', true, /no date/],
    ['a serial number that is too long', `]C121${'A'.repeat(21)}`, true, /1 to 20 characters/],
    ['an element twice', `(21)A(21)B`, true, /twice/],
    ['a MAC address', '021261136C42', false, /digits/],
    ['any text', 'hello', false, /no application identifier/],
    ['nothing', ']d2', true, /empty/],
    ['a letter where a number belongs', ']C13012A', true, /character/],
  ])('refuse %s', (_, code, certain, sentence) => {
    expect(readGs1(code)).toMatchObject({ ok: false, certain, sentence: expect.stringMatching(sentence) as string });
  });

  it('give back what was put together, whatever it is', () => {
    const pick = numbers(7);
    const alphabet = '!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
    const some = (length: number) => Array.from({ length }, () => alphabet[pick(alphabet.length)] ?? 'A').join('');
    const digits = (length: number) => Array.from({ length }, () => String(pick(10))).join('');
    const makers: Record<string, () => string> = {
      '01': () => { const body = digits(13); return body + String(checkDigit(body)); },
      '10': () => some(1 + pick(20)),
      '11': () => `${digits(2)}0${String(1 + pick(9))}${String(10 + pick(20))}`,
      '21': () => some(1 + pick(20)),
      '240': () => some(1 + pick(30)),
      '250': () => some(1 + pick(30)),
      '8003': () => { const body = `0${digits(12)}`; return body + String(checkDigit(body)) + some(pick(17)); },
      '98': () => some(1 + pick(90)),
    };
    for (let round = 0; round < 2000; round += 1) {
      const names = Object.keys(makers).filter(() => pick(2) === 0);
      if (names.length === 0) continue;
      const made = Object.fromEntries(names.map((name) => [name, makers[name]?.() ?? '']));
      const order = names.sort(() => pick(3) - 1);
      expect(elements(`]d2${order.map((name) => `${name}${made[name] ?? ''}${gs}`).join('')}`)).toEqual(made);
    }
  });

  it('find every single wrong digit of a GTIN', () => {
    const good = '09501101020917';
    for (let at = 0; at < good.length; at += 1) {
      for (let change = 1; change < 10; change += 1) {
        const bad = good.slice(0, at) + String((Number(good[at]) + change) % 10) + good.slice(at + 1);
        expect(readGs1(`(01)${bad}`)).toMatchObject({ ok: false });
      }
    }
  });

  it('never throw and never take long, whatever is scanned', () => {
    const pick = numbers(11);
    const pieces = ['01', '21', '(', ')', gs, ']d2', ']C1', '(01)', '8003', 'x', '9', '09501101020917', '\u0000', 'é'];
    for (let round = 0; round < 5000; round += 1) {
      expect(() => readGs1(Array.from({ length: pick(40) }, () => pieces[pick(pieces.length)] ?? '').join(''))).not.toThrow();
    }
  });
});

describe('the rules of a profile', () => {
  const rules: readonly ScanRule[] = [
    { kind: 'gs1', attributes: { serial: '21' } },
    { kind: 'affix', prefix: 'MAC:', suffix: '', attribute: 'mac' },
    { kind: 'json', attributes: { mac: 'm', serial: 'sn' } },
    { kind: 'separated', separator: ';', attributes: [null, 'serial', 'mac'] },
    { kind: 'pattern', pattern: 'S(?<serial>[0-9]{4})M(?<mac>[0-9A-F]{12})' },
  ];

  it.each([
    [']d2010950110102091721A1B2', { serial: 'A1B2' }],
    ['MAC:021261136C42', { mac: '021261136C42' }],
    ['{"sn":"0007","m":"02:12:61:13:6c:42","lot":9}', { mac: '02:12:61:13:6c:42', serial: '0007' }],
    ['BOARD-A;0007;021261136C42', { serial: '0007', mac: '021261136C42' }],
    ['S0007M021261136C42', { serial: '0007', mac: '021261136C42' }],
  ])('%s', (code, expected) => {
    expect(read(rules, code)).toEqual(expected);
  });

  it.each(['hello', '', 'MAC:', ';', '{"sn":"7"}', '[1]', '{"sn":null,"m":"x"}', 'S007M021261136C42', 'XS0007M021261136C42', 'x'.repeat(longestCode + 1)])('refuse what fits none with one sentence: %j', (code) => {
    expect(() => read(rules, code)).toThrow(expect.objectContaining({ code: 'identity-invalid', field: 'scan', message: expect.stringMatching(/^[^.]+\.$/) as string }));
  });

  it('do not hand a damaged GS1 label to the next rule', () => {
    expect(() => read([{ kind: 'gs1', attributes: { serial: '21' } }, { kind: 'plain', attribute: 'serial' }], '(01)09501101020918(21)A')).toThrow(/check digit/);
    expect(read([{ kind: 'gs1', attributes: { serial: '21' } }, { kind: 'plain', attribute: 'serial' }], 'SN-77')).toEqual({ serial: 'SN-77' });
  });

  it('read a code in linear time, whatever the pattern is', () => {
    const started = performance.now();
    for (const pattern of ['(?<mac>(?:a+)+)b', '(?<mac>(?:a|a)*)b', '(?<mac>.*.*.*.*.*)=']) {
      expect(readScanPattern(pattern).read('a'.repeat(longestCode))).toBeUndefined();
    }
    // JavaScript's own expressions would not end today.
    expect(performance.now() - started).toBeLessThan(5000);
    for (const pattern of ['(?<mac>a)\\1', '(?=a)(?<mac>a)', '(?<mac>']) expect(() => readScanPattern(pattern)).toThrow();
  });
});

describe('a command code', () => {
  it('is read again as what was printed, in any case', () => {
    for (const code of allCommandCodes()) {
      expect(readCommandCode(commandCodeText(code))).toEqual(code);
      expect(readCommandCode(commandCodeText(code).toLowerCase())).toEqual(code);
    }
    expect(readCommandCode('IMPRINT-CMD-LOCK')).toEqual({ command: 'SIGN-IN' });
    expect(allCommandCodes()).toHaveLength(16);
  });

  it('is never an identity, even one that this version does not know', () => {
    for (const text of ['IMPRINT-CMD-START', 'imprint-cmd-slot-11', ' IMPRINT-CMD-ANYTHING']) {
      expect(isCommandCode(text)).toBe(true);
      expect(() => read([{ kind: 'plain', attribute: 'serial' }], text)).toThrow(/command/);
      expect(() => readIdentity([{ name: 'serial', normalise: [], scan: true }], { serial: text })).toThrow(/command/);
    }
    for (const text of ['IMPRINT-CMD-SLOT-11', 'IMPRINT-CMD-SLOT-0', 'IMPRINT-CMD-', 'IMPRINT-CMD-constructor', 'START']) expect(readCommandCode(text)).toBeUndefined();
  });
});
