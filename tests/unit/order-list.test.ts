import { describe, expect, it } from 'vitest';

import { counterIdentity, counterPosition, mostCounted, readCounter } from '../../main/domain/counter';
import { ImprintError } from '../../main/domain/errors';
import type { IdentityAttribute } from '../../main/domain/identity';
import { readOrderList } from '../../main/domain/order-list';

const mac: IdentityAttribute = { name: 'mac', normalise: ['trim', 'mac'], scan: true };
const serial: IdentityAttribute = { name: 'serial', normalise: ['trim', 'upper-case'], pattern: 'SN-[0-9A-F]{4}', scan: false };
const type: IdentityAttribute = { name: 'type', normalise: [], scan: false, constant: 'gateway' };
const scheme = [mac, serial, type];

function refusal(work: () => unknown): ImprintError {
  try {
    work();
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ImprintError);
    return thrown as ImprintError;
  }
  throw new Error('nothing was refused');
}

const first = { mac: '02:00:00:00:00:01', serial: 'SN-0001', type: 'gateway' };

describe('a list of identities', () => {
  it.each([
    ['commas and a header', 'Serial,Mac\nsn-0001,020000000001\n', true],
    ['semicolons, a byte order mark, and words of another language', '\uFEFFSeriennummer;MAC-Adresse;Menge\r\nSN-0001;02-00-00-00-00-01;1\r\n', true],
    ['tabs, as a spreadsheet gives them', 'SN-0001\t02:00:00:00:00:01', false],
    ['a header that says nothing known', 'A,B,C\nx,SN-0001,0200.0000.0001', true],
    ['quotes, blanks and blank lines', '"mac","serial","text, more"\n\n"02:00:00:00:00:01"," SN-0001 ","a ""b"""\n,,\n', true],
    ['the export of another station', 'identity.serial,identity.mac\nSN-0001,02:00:00:00:00:01', true],
  ])('is read with %s', (_, text, header) => {
    expect(readOrderList(text, scheme)).toMatchObject({ header, rows: [{ identity: first }], problems: [] });
  });

  it('is read as a person says', () => {
    const text = '02:00:00:00:00:01,02:00:00:00:00:02,SN-0001';
    expect(readOrderList(text, scheme).columns).toEqual({ mac: 0, serial: 2 });
    expect(readOrderList(text, scheme, { columns: { mac: 1, serial: 2 } }).rows).toEqual([{ line: 1, identity: { ...first, mac: '02:00:00:00:00:02' } }]);
    expect(readOrderList(`SN-0009,mac,x\n${text}`, scheme, { header: true, columns: { mac: 0, serial: 2 } }).rows).toEqual([{ line: 2, identity: first }]);
    expect(refusal(() => readOrderList(text, scheme, { columns: { mac: 3, serial: 2 } }))).toMatchObject({ code: 'import-invalid', field: 'columns.mac' });
    expect(refusal(() => readOrderList(' \n\n', scheme)).message).toBe('The list is empty.');
    // What nobody found a column for is for the person to choose.
    expect(readOrderList('a,b\nc,d', scheme)).toMatchObject({ columns: {}, rows: [], problems: [] });
  });

  it('names each kind of bad row with its line and column, and reads the others', () => {
    const text = ['serial,mac address', 'SN-0001,02:00:00:00:00:01', 'SN-1,02:00:00:00:00:02', 'SN-0003,03:00:00:00:00:03', 'SN-0001,0200.0000.0001', 'SN-0005', 'SN-0006,02:00:00:00:00:06,x', 'SN-0007,'].join('\n');
    const { rows, problems } = readOrderList(text, scheme);
    expect(rows).toEqual([{ line: 2, identity: first }]);
    expect(problems.map(({ line, column, why }) => [line, column, why])).toEqual([
      [3, 'serial', 'invalid'],
      [4, 'mac address', 'invalid'],
      [5, undefined, 'duplicate'],
      [6, undefined, 'cells'],
      [7, undefined, 'cells'],
      [8, 'mac address', 'invalid'],
    ]);
    expect(problems.map(({ expected }) => expected)[0]).toBe('text that matches SN-[0-9A-F]{4}');
  });
});

describe('a counter', () => {
  const given = [
    { name: 'mac', prefix: '02-12-61', first: '00:00:FE', hexadecimal: false, step: 2 },
    { name: 'serial', prefix: 'sn-', first: '00FE', hexadecimal: true, step: 1 },
  ];

  it('counts several attributes together, and knows its own again', () => {
    const counter = readCounter(scheme, given, 3);
    const identities = [0, 1, 2].map((position) => counterIdentity(counter, position));
    expect(identities).toEqual([
      { mac: '02:12:61:00:00:fe', serial: 'SN-00FE', type: 'gateway' },
      { mac: '02:12:61:00:01:00', serial: 'SN-00FF', type: 'gateway' },
      { mac: '02:12:61:00:01:02', serial: 'SN-0100', type: 'gateway' },
    ]);
    expect(identities.map((identity) => counterPosition(counter, 3, identity))).toEqual([0, 1, 2]);
    for (const other of [{ mac: '02:12:61:00:00:ff' }, { mac: '02:12:61:00:01:04' }, { mac: '02:12:62:00:00:fe' }, { serial: 'SN-00FF' }]) {
      expect(counterPosition(counter, 3, { ...first, mac: '02:12:61:00:00:fe', serial: 'SN-00FE', ...other })).toBeUndefined();
    }
  });

  it.each([
    ['an attribute that nobody counts', [given[0]], 3, 'counter.serial'],
    ['a constant', [...given, { name: 'type', prefix: '', first: '1', hexadecimal: false, step: 1 }], 3, 'counter.type'],
    ['one twice', [given[0], given[0], given[1]], 3, 'counter.mac'],
    ['no digits', [given[0], { ...given[1], first: 'x' }], 3, 'counter.serial'],
    ['no room', [given[0], { ...given[1], first: 'FFFE' }], 3, 'counter.serial'],
    ['an OUI of another length', [{ ...given[0], prefix: '0212' }, given[1]], 3, 'counter.mac'],
    ['a multicast OUI', [{ ...given[0], prefix: '031261' }, given[1]], 3, 'counter.mac'],
    ['too many', given, mostCounted + 1, 'quantity'],
  ])('refuses %s', (_, counts, quantity, field) => {
    expect(refusal(() => readCounter(scheme, counts as typeof given, quantity))).toMatchObject({ code: 'batch-invalid', field });
  });
});
