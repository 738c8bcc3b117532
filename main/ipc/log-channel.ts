/** The port RecordLog, spoken over the storage channel: both of its ends. */
import type { StorageMethods } from '../contract/storage-channel';
import type { PackedEntries } from '../contract/log-values';
import type { logMethods } from '../contract/log-methods';
import { ImprintError } from '../domain/errors';
import type { KeptLogEntry, RecordLog } from '../domain/record-log';
import type { Handlers, ProcedureClient } from './remote-procedures';

const leafBytes = 32;

export function logClient(worker: { readonly client: ProcedureClient<StorageMethods> }): RecordLog {
  return {
    log: (entry, seq) => worker.client.call('logEntry', { entry, seq }),
    head: () => worker.client.call('logHead', {}),
    summary: () => worker.client.call('logSummary', {}),
    currentKey: () => worker.client.call('currentLogKey', {}),
    lastCheckpoint: () => worker.client.call('lastCheckpoint', {}),
    checkpoints: (afterSize, limit) => worker.client.call('checkpoints', { afterSize, limit }),
    keepCheckpoint: (note, at) => worker.client.call('keepCheckpoint', { note, at }),
    anchors: () => worker.client.call('anchors', {}),
    keepAnchor: (note, place, at) => worker.client.call('keepAnchor', { note, place, at }),
    entries: async (from, limit) => unpack(await worker.client.call('logEntries', { from, limit })),
    devices: (from, limit, size, selection) => worker.client.call('logDevices', { from, limit, size, selection }),
    entriesOfDevice: (deviceId) => worker.client.call('entriesOfDevice', { deviceId }),
    receipt: (seq, checkpoint) => worker.client.call('logReceipt', { seq, checkpoint }),
    consistency: (first, second) => worker.client.call('logConsistency', { first, second }),
    // The channel's progress counts bytes of a card; here they are entries.
    check: (key, onProgress, signal) =>
      worker.client.call('checkLog', { key }, { signal, onProgress: ({ doneBytes, totalBytes }) => { onProgress(doneBytes, totalBytes); } }),
    backup: (path, onProgress, signal) =>
      worker.client.call('backUp', { path }, { signal, onProgress: ({ doneBytes, totalBytes }) => { onProgress(doneBytes, totalBytes); } }),
  };
}

export function logHandlers(log: () => RecordLog): Handlers<typeof logMethods> {
  return {
    logEntry: ({ entry, seq }) => log().log(entry, seq),
    logHead: () => log().head(),
    logSummary: () => log().summary(),
    currentLogKey: () => log().currentKey(),
    lastCheckpoint: () => log().lastCheckpoint(),
    checkpoints: ({ afterSize, limit }) => log().checkpoints(afterSize, limit),
    keepCheckpoint: ({ note, at }) => log().keepCheckpoint(note, at),
    anchors: () => log().anchors(),
    keepAnchor: ({ note, place, at }) => log().keepAnchor(note, place, at),
    logEntries: async ({ from, limit }) => pack(from, await log().entries(from, limit)),
    logDevices: ({ from, limit, size, selection }) => log().devices(from, limit, size, selection),
    entriesOfDevice: ({ deviceId }) => log().entriesOfDevice(deviceId),
    logReceipt: ({ seq, checkpoint }) => log().receipt(seq, checkpoint),
    logConsistency: ({ first, second }) => log().consistency(first, second),
    checkLog: ({ key }, { signal, onProgress }) =>
      log().check(key, (doneBytes, totalBytes) => { onProgress({ phase: 'record', doneBytes, totalBytes, bytesPerSecond: 0 }); }, signal),
    backUp: ({ path }, { signal, onProgress }) =>
      log().backup(path, (doneBytes, totalBytes) => { onProgress({ phase: 'record', doneBytes, totalBytes, bytesPerSecond: 0 }); }, signal),
  };
}

function pack(from: number, entries: readonly KeptLogEntry[]): PackedEntries {
  return {
    first: entries[0]?.seq ?? from,
    lengths: entries.map(({ bytes }) => bytes.length),
    bytes: joined(entries.map(({ bytes }) => bytes)),
    leaves: joined(entries.map(({ leaf }) => leaf)),
  };
}

function unpack({ first, lengths, bytes, leaves }: PackedEntries): readonly KeptLogEntry[] {
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total !== bytes.length || leaves.length !== lengths.length * leafBytes) throw new ImprintError('unexpected', 'A portion of the log is not as long as it says.');
  let at = 0;
  return lengths.map((length, index) => {
    const entry = { seq: first + index, bytes: bytes.subarray(at, at + length), leaf: leaves.subarray(index * leafBytes, (index + 1) * leafBytes) };
    at += length;
    return entry;
  });
}

/** In memory of its own, so that nothing else is cloned with it. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
