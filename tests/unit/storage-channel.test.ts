import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { storageMethods } from '../../main/contract/storage-channel';
import type { RecordStore } from '../../main/domain/ports';
import type { KeptLogEntry, RecordLog } from '../../main/domain/record-log';
import { storageClient } from '../../main/ipc/clients';
import { logClient } from '../../main/ipc/log-channel';
import { ProcedureClient, serveProcedures } from '../../main/ipc/remote-procedures';
import type { MessagePortLike } from '../../main/ipc/remote-procedures';
import { integrationHandlers } from '../../main/ipc/integration';
import { labelHandlers } from '../../main/ipc/labels';
import { operatorHandlers } from '../../main/ipc/operators';
import { storageHandlers } from '../../main/ipc/storage-handlers';
import { signCheckpoint } from '../../main/ledger/checkpoint';
import { firstLogKey } from '../../main/ledger/log-key';
import { verifyConsistency } from '../../main/ledger/merkle-verify';
import { verifierKeyText } from '../../main/ledger/note';
import { verifyReceipt } from '../../main/ledger/tlog-proof';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { logSigner } from '../support/log';
import { action, at, foreignDevice, newKey, refusal, reservation, seen } from '../support/reservations';

let folder: string;
let store: SqliteRecordStore;
let remote: RecordStore;
let remoteLog: RecordLog;
let ports: MessagePort[];

function portLike(port: MessagePort): MessagePortLike {
  return { post: (message) => port.postMessage(message), listen: (listener) => port.on('message', listener) };
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imprint-record-'));
  store = SqliteRecordStore.open(join(folder, 'record.sqlite'));
  const { port1, port2 } = new MessageChannel();
  ports = [port1, port2];
  serveProcedures(portLike(port2), storageMethods, { ...storageHandlers(() => store), ...operatorHandlers(() => store.operators), ...integrationHandlers(() => store), ...labelHandlers(() => store.labels), searchDevices: ({ search }) => store.search.searchDevices(search), shiftReport: ({ query }) => store.reports.shiftReport(query), dashboard: ({ query }) => store.reports.dashboard(query), close: () => store.close() });
  const client = new ProcedureClient(storageMethods, portLike(port1));
  remote = storageClient({ client });
  remoteLog = logClient({ client });
});

afterEach(async () => {
  for (const port of ports) port.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Ids as the channel wants them. */
const uuid = (number: number): string => `00000000-0000-4000-8000-${number.toString().padStart(12, '0')}`;
const ids = (number: number): { readonly jobId: string; readonly deviceId: string } => ({ jobId: uuid(number), deviceId: uuid(1000 + number) });

async function preauthorizeRemotely(number: number): Promise<void> {
  const { jobId } = ids(number);
  await remote.reserve(reservation(number, { ...ids(number), batch: 'order-7' }));
  await remote.recordPublicKey(jobId, newKey(), at(number));
  await remote.endJob(jobId, 'done', 'preauthorized', 'The server expects it.', at(number + 1), `server-${number}`);
}

const page = { limit: 10, offset: 0 };

describe('the record behind its channel', () => {
  it('answers as the record itself does', async () => {
    await preauthorizeRemotely(1);
    await preauthorizeRemotely(2);
    const { deviceId } = ids(1);
    const foreign = foreignDevice(3);
    expect(await remote.importForeign([foreign, foreign])).toEqual({ added: 1, known: 1 });
    await remote.saveAcceptances([seen(1, 'stuck', 20, { deviceId, diagnosis: 'key-of-another-device', relatedDeviceId: ids(2).deviceId, serverStatus: 'pending', serverDeviceId: 'server-9' })]);
    await remote.startAction(action(1, { deviceId, authSetId: 'set-1' }));
    const started = await remote.unfinishedActions();
    expect(started).toMatchObject([{ actionId: 'action-1', authSetId: 'set-1' }]);
    expect(started).toStrictEqual(await store.unfinishedActions());
    expect(await remote.signOff('order-7', 'Quinn', at(30), 'Two to repair.')).toMatchObject({ total: 2, accepted: 0, remark: 'Two to repair.' });

    const fingerprints = [foreign.fingerprint, (await store.device(deviceId))?.fingerprint ?? ''];
    const watch = { serverUrl: 'https://mender.example', states: ['unchecked', 'stuck'], checkedBefore: at(59), limit: 5 } as const;
    for (const [here, there] of [
      [await store.device(deviceId), await remote.device(deviceId)],
      [await store.findByIdentity(reservation(2).identity), await remote.findByIdentity(reservation(2).identity)],
      [await store.acceptancePage(page), await remote.acceptancePage(page)],
      [await store.acceptancePage({ ...page, state: 'stuck', diagnosis: 'key-of-another-device', batch: 'order-7', profileName: 'gateway', text: '02:' }), await remote.acceptancePage({ ...page, state: 'stuck', diagnosis: 'key-of-another-device', batch: 'order-7', profileName: 'gateway', text: '02:' })],
      [await store.devicesToWatch(watch), await remote.devicesToWatch(watch)],
      [await store.batches(5), await remote.batches(5)],
      [await store.keyHolders(fingerprints), await remote.keyHolders(fingerprints)],
      [await store.foreignDevices(page), await remote.foreignDevices(page)],
      [await store.list({ ...page, batch: 'order-7' }), await remote.list({ ...page, batch: 'order-7' })],
    ]) {
      expect(JSON.stringify(here).length).toBeGreaterThan(100);
      expect(there).toStrictEqual(here);
    }
    await remote.endAction('action-1', 'done', 'Gone.', at(31));
    expect((await remote.device(deviceId))?.state).toBe('decommissioned');
    expect((await remote.list({ ...page, state: 'decommissioned' })).total).toBe(1);
  });

  it('keeps code and sentence of a refusal', async () => {
    const here = await refusal(store.signOff('order-9', 'Quinn', at(1)));
    const there = await refusal(remote.signOff('order-9', 'Quinn', at(1)));
    expect(there.toReport()).toStrictEqual(here.toReport());
    expect(here.code).toBe('no-such-device');
  });

  it('takes no more at once than was agreed', async () => {
    const many = Array.from({ length: 501 }, (_, number) => seen(number, 'waiting', 1));
    expect((await refusal(remote.saveAcceptances(many))).message).toContain('not as agreed');
    // As many as were agreed reach the record, which does not know them.
    expect((await refusal(remote.saveAcceptances(many.slice(1)))).code).toBe('no-such-device');
    expect((await refusal(remote.keyHolders(Array<string>(1001).fill('0'.repeat(64))))).message).toContain('not as agreed');
    expect(await remote.keyHolders(Array<string>(1000).fill('0'.repeat(64)))).toEqual([]);
  });

  it('has the log as the record itself has it', async () => {
    const origin = 'line-a/log';
    const signer = logSigner('log key', origin);
    const own = { event: 'log-key', by: 'station', at: at(0), data: firstLogKey(signer.key) } as const;
    expect(await remoteLog.log(own, 7)).toBeUndefined();
    expect(await remoteLog.log(own)).toBe(0);
    for (let number = 1; number < 30; number += 1) await preauthorizeRemotely(number);
    const head = await remoteLog.head();
    const note = await signCheckpoint({ origin, ...head }, signer);
    await remoteLog.keepCheckpoint(note, at(40));
    await remoteLog.keepAnchor(note, 'share', at(41));
    const plain = (kept: readonly KeptLogEntry[]) => kept.map(({ seq, bytes, leaf }) => ({ seq, text: Buffer.from(bytes).toString('utf8'), leaf: Buffer.from(leaf).toString('hex') }));
    expect(plain(await remoteLog.entries(3, 1000))).toEqual(plain(await store.log.entries(3, 1000)));
    expect(await remoteLog.entries(head.size, 10)).toEqual([]);
    expect(await remoteLog.devices(0, 500, head.size, { batch: 'order-7' })).toStrictEqual(await store.log.devices(0, 500, head.size, { batch: 'order-7' }));
    expect((await remoteLog.devices(0, 10, head.size, {})).devices).toHaveLength(10);
    expect(await remoteLog.entriesOfDevice(ids(2).deviceId)).toStrictEqual(await store.log.entriesOfDevice(ids(2).deviceId));
    expect([await remoteLog.checkpoints(-1, 10), await remoteLog.checkpoints(head.size, 10), await remoteLog.lastCheckpoint(), await remoteLog.currentKey()]).toEqual([[note], [], note, verifierKeyText(signer.key)]);
    expect(await remoteLog.summary()).toStrictEqual(await store.log.summary());
    expect(await remoteLog.summary()).toEqual({ size: head.size, key: verifierKeyText(signer.key), checkpoint: { size: head.size, at: at(40) }, anchor: { size: head.size, place: 'share', at: at(41) } });
    expect(await remoteLog.anchors()).toEqual([{ size: head.size, note, place: 'share', at: at(41) }]);
    expect(verifyReceipt(await remoteLog.receipt(5, note), [signer.key]).index).toBe(5);
    const [first] = await store.log.entries(0, 1);
    expect(verifyConsistency(1, head.size, first?.leaf ?? new Uint8Array(), head.root, await remoteLog.consistency(1, head.size))).toBe(true);
    const seen: number[] = [];
    expect(await remoteLog.check(verifierKeyText(signer.key), (done) => { seen.push(done); }, new AbortController().signal)).toMatchObject({ sound: true, size: head.size, devices: 29, checkpoints: 2 });
    expect(seen.at(-1)).toBe(head.size);
    expect((await refusal(remoteLog.receipt(999, note))).code).toBe('log-proof-invalid');
    expect((await refusal(remoteLog.check(undefined, () => undefined, AbortSignal.abort()))).code).toBe('cancelled');
  });
});
