import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CertificateFacts, CertificateQuery } from '../../main/domain/certificates';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { at, newKey, preauthorize, refusal, reservation } from '../support/reservations';

let folder: string;
let store: SqliteRecordStore;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-record-'));
  store = SqliteRecordStore.open(join(folder, 'record.sqlite'));
});

afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const day = (number: number): string => new Date(Date.UTC(2027, 0, number)).toISOString();

/** The record reads no certificate: any text is one to it. */
function certificate(serial: string, change: Partial<CertificateFacts> = {}): CertificateFacts {
  const pem = `-----BEGIN CERTIFICATE-----\n${serial}\n-----END CERTIFICATE-----\n`;
  return { serial, issuer: 'CN=Tenant A Sub-CA,O=Example', notBefore: day(1), notAfter: day(100), sha256: createHash('sha256').update(pem + JSON.stringify(change)).digest('hex'), pem, ...change };
}

const ofDevice = async (number: number) => (await store.device(`device-${number}`))?.certificates ?? [];
const serials = async (query: Partial<CertificateQuery> = {}) => (await store.certificates({ limit: 50, offset: 0, ...query })).certificates.map(({ serial }) => serial);

describe('certificates of a device', () => {
  it('are kept with everything that was said of them, newest first, and survive a new start', async () => {
    await preauthorize(store, 1, { batch: 'order-7' });
    const [first, second] = [certificate('a1'), certificate('b2', { notAfter: day(300) })];
    await store.addCertificates('device-1', [first], false, at(3));
    await store.addCertificates('device-1', [second], false, at(4));
    await store.close();
    store = SqliteRecordStore.open(join(folder, 'record.sqlite'));
    const row = { deviceId: 'device-1', identity: reservation(1).identity, batch: 'order-7', state: 'issued' };
    expect(await ofDevice(1)).toStrictEqual([
      { ...second, ...row, recordedAt: at(4) },
      { ...first, ...row, recordedAt: at(3) },
    ]);
  });

  it('that come a second time change nothing', async () => {
    await preauthorize(store, 1);
    await store.addCertificates('device-1', [certificate('a1')], false, at(3));
    await store.addCertificates('device-1', [certificate('a1'), certificate('b2')], false, at(9));
    expect((await ofDevice(1)).map(({ serial, recordedAt }) => [serial, recordedAt])).toEqual([['b2', at(9)], ['a1', at(3)]]);
  });

  it('that a newer one replaces are superseded, and only they', async () => {
    await preauthorize(store, 1);
    await preauthorize(store, 2);
    await store.addCertificates('device-1', [certificate('a1'), certificate('a2')], false, at(3));
    await store.addCertificates('device-2', [certificate('c1')], false, at(3));
    await store.revokeCertificate('device-1', 'a1', 'key-compromise', at(4));
    await store.addCertificates('device-1', [certificate('b1')], true, at(5));
    expect((await ofDevice(1)).map(({ serial, state }) => [serial, state])).toEqual([['b1', 'issued'], ['a2', 'superseded'], ['a1', 'revoked']]);
    expect((await ofDevice(2)).map(({ state }) => state)).toEqual(['issued']);
    // The reply of a renewal that is read a second time supersedes nothing.
    await store.addCertificates('device-1', [certificate('b1')], true, at(6));
    expect((await ofDevice(1)).map(({ state }) => state)).toEqual(['issued', 'superseded', 'revoked']);
  });

  it('stay revoked, with the first moment and reason', async () => {
    await preauthorize(store, 1);
    await store.addCertificates('device-1', [certificate('a1')], false, at(3));
    await store.revokeCertificate('device-1', 'a1', 'key-compromise', at(4));
    await store.revokeCertificate('device-1', 'a1', 'superseded', at(8));
    await store.addCertificates('device-1', [certificate('b1')], true, at(9));
    expect((await ofDevice(1)).at(-1)).toMatchObject({ serial: 'a1', state: 'revoked', revokedAt: at(4), revocationReason: 'key-compromise' });
  });

  it('with the same serial number of another authority are not touched', async () => {
    await preauthorize(store, 1);
    await preauthorize(store, 2);
    await store.addCertificates('device-1', [certificate('1')], false, at(3));
    await store.addCertificates('device-2', [certificate('1', { issuer: 'CN=Other CA' })], false, at(3));
    await store.revokeCertificate('device-2', '1', 'key-compromise', at(4));
    expect([(await ofDevice(1))[0]?.state, (await ofDevice(2))[0]?.state]).toEqual(['issued', 'revoked']);
    await store.addCertificates('device-1', [certificate('7')], false, at(5));
    expect(await refusal(store.revokeCertificate('device-2', '7', 'key-compromise', at(6)))).toMatchObject({ code: 'no-such-device', field: 'serial' });
    expect((await ofDevice(1)).map(({ state }) => state)).toEqual(['issued', 'issued']);
  });

  it('are not revoked by a serial number that nobody has, and belong to a device that is there', async () => {
    expect(await refusal(store.revokeCertificate('device-1', 'ff', 'superseded', at(1)))).toMatchObject({ code: 'no-such-device', field: 'serial' });
    expect((await refusal(store.addCertificates('nobody', [certificate('a1')], false, at(1)))).code).toBe('no-such-device');
    expect(await serials()).toEqual([]);
  });

  it('that were issued for a card that did not become one are lost, except the revoked', async () => {
    await store.reserve(reservation(1));
    await store.recordPublicKey('job-1', newKey(), at(1));
    await store.recordEnrolment('job-1', 'server-1', [certificate('a1'), certificate('a2')], at(2));
    await store.revokeCertificate('device-1', 'a2', 'cessation-of-operation', at(3));
    await store.endJob('job-1', 'failed', 'released', 'The card broke.', at(4));
    expect((await ofDevice(1)).map(({ serial, state }) => [serial, state])).toEqual([['a2', 'revoked'], ['a1', 'lost']]);
  });

  it('that were issued for a card that became one stay issued', async () => {
    await store.reserve(reservation(1));
    await store.recordPublicKey('job-1', newKey(), at(1));
    await store.recordEnrolment('job-1', 'server-1', [certificate('a1')], at(2));
    await store.endJob('job-1', 'done', 'preauthorized', 'Made.', at(4), 'server-1');
    expect((await ofDevice(1)).map(({ state }) => state)).toEqual(['issued']);
  });
});

describe('what expires when', () => {
  beforeEach(async () => {
    for (const number of [1, 2, 3]) await preauthorize(store, number);
    await store.addCertificates('device-1', [certificate('10', { notAfter: day(300) }), certificate('11', { notAfter: day(20) })], false, at(3));
    await store.addCertificates('device-2', [certificate('2f', { notAfter: day(40), issuer: 'CN=Other_CA,O=100% Example' })], false, at(4));
    await store.addCertificates('device-3', [certificate('30', { notAfter: day(20) }), certificate('31', { notAfter: day(10) })], false, at(5));
    await store.revokeCertificate('device-3', '31', 'key-compromise', at(6));
  });

  it('is answered soonest first, those of one moment in the order in which they came', async () => {
    expect(await serials()).toEqual(['31', '11', '30', '2f', '10']);
    expect(await serials({ limit: 2, offset: 1 })).toEqual(['11', '30']);
    const { total, counts } = await store.certificates({ limit: 1, offset: 0 });
    expect({ total, counts }).toEqual({ total: 5, counts: { issued: 4, superseded: 0, revoked: 1, lost: 0 } });
  });

  it('knows state, moment and device, and counts the other states too', async () => {
    expect(await store.certificates({ state: 'issued', endBefore: day(40), limit: 50, offset: 0 })).toMatchObject({
      certificates: [{ serial: '11' }, { serial: '30' }],
      total: 2,
      counts: { issued: 2, superseded: 0, revoked: 1, lost: 0 },
    });
    expect(await serials({ deviceId: 'device-3' })).toEqual(['31', '30']);
    expect(await serials({ state: 'superseded' })).toEqual([]);
  });

  it('finds the devices of one authority by a part of its name, taken as it stands', async () => {
    expect(await serials({ issuer: 'tenant a sub-ca' })).toEqual(['31', '11', '30', '10']);
    expect(await serials({ issuer: 'Other_CA' })).toEqual(['2f']);
    expect(await serials({ issuer: 'OtherXCA' })).toEqual([]);
    expect(await serials({ issuer: '100% E' })).toEqual(['2f']);
    expect(await serials({ issuer: '%' })).toEqual(['2f']);
    expect(await serials({ issuer: "' OR 1=1 --" })).toEqual([]);
  });

  it('finds a certificate by its device, its issuer and the beginning of its serial number, as other tools print it', async () => {
    expect(await serials({ text: reservation(2).identity['mac'] })).toEqual(['2f']);
    expect(await serials({ text: 'other_ca' })).toEqual(['2f']);
    expect(await serials({ text: '00:2F' })).toEqual(['2f']);
    // An attribute's name is no value.
    expect(await serials({ text: 'serial' })).toEqual([]);
  });
});
