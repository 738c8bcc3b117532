/** A station's log in memory, and exports of it into a folder, with every way to change it afterwards. */
import { createWriteStream } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';

import type { DeviceState } from '../../main/domain/job';
import { signCheckpoint } from '../../main/ledger/checkpoint';
import { encodeEntry, parseEntry } from '../../main/ledger/entry';
import type { EntryOf, LogEntry, NewEntry } from '../../main/ledger/entry';
import type { ExportTarget } from '../../main/ledger/export-files';
import { deviceRow, isSelected } from '../../main/ledger/export-rows';
import type { ExportDevice, ExportSelection } from '../../main/ledger/export-rows';
import { writeExport } from '../../main/ledger/export-writer';
import type { ExportOptions, ExportResult, ExportSource, KeptEntry } from '../../main/ledger/export-writer';
import { firstLogKey } from '../../main/ledger/log-key';
import { appendLeaf, leafHash, rootOf } from '../../main/ledger/merkle';
import type { NoteSigner } from '../../main/ledger/note';
import { keyGenerated, logSigner, MemoryHashes } from './log';

export const verifierFile = join(import.meta.dirname, '../../main/ledger/verifier/verify-export.mjs');

const station = 'line-a';

export class MemoryLog {
  readonly entries: KeptEntry[] = [];
  readonly hashes = new MemoryHashes();
  readonly devices: ExportDevice[] = [];
  signer: NoteSigner;

  constructor(
    readonly origin = 'line-a.example/log',
    keyName = 'log key',
  ) {
    this.signer = logSigner(keyName, origin);
    this.append('log-key', firstLogKey(this.signer.key));
  }

  append<Name extends NewEntry['event']>(event: Name, data: Extract<NewEntry, { event: Name }>['data'], minute = this.entries.length): number {
    const seq = this.entries.length;
    const at = new Date(Date.UTC(2026, 10, 22, 8, minute)).toISOString();
    const bytes = encodeEntry({ v: 1, seq, at, station, by: 'Ana', event, data } as LogEntry);
    const leaf = leafHash(bytes);
    appendLeaf(this.hashes, seq, leaf);
    this.entries.push({ bytes, leaf });
    return seq;
  }

  /** The `number`th device with the entries of its life, up to a state. */
  device(number: number, state: DeviceState = 'accepted', change: { readonly batch?: string; readonly profile?: string; readonly identity?: Record<string, string> } = {}): void {
    const data = { ...keyGenerated(number), ...change };
    const { device, job, fingerprint, identity, server } = data;
    const entry = this.append('key-generated', data);
    if (state !== 'reserved') this.append('written', { device, job, fingerprint, slot: 'A', target: '/dev/sdx', imageSha256: 'b'.repeat(64) });
    const last =
      state === 'reserved'
        ? entry
        : state === 'released'
          ? this.append('released', { device, job, fingerprint, reason: 'The card is gone.' })
          : this.append('preauthorized', { device, job, fingerprint, identity, server, serverDevice: `server-${number}` });
    const final = state === 'accepted' ? this.append('accepted', { device, fingerprint, server }) : last;
    this.devices.push(deviceRow(this.entry(entry) as EntryOf<'key-generated'>, this.entry(final)));
  }

  entry(seq: number): LogEntry {
    return parseEntry(this.entries[seq]?.bytes ?? Buffer.of(), seq);
  }

  /** What another program did to the database: the bytes are new, the hashes are not. */
  overwrite(seq: number, change: (entry: LogEntry) => LogEntry): void {
    const kept = this.entries[seq];
    if (kept === undefined) throw new Error(`there is no entry ${seq}`);
    this.entries[seq] = { ...kept, bytes: encodeEntry(change(this.entry(seq))) };
  }

  /** The same log with another past, made with the same key: every hash is right again. */
  rewritten(seq: number, change: (entry: LogEntry) => LogEntry): MemoryLog {
    const copy = new MemoryLog(this.origin);
    copy.signer = this.signer;
    copy.entries.length = 0;
    copy.hashes.hashes.clear();
    copy.devices.push(...this.devices);
    for (const [number, kept] of this.entries.entries()) {
      const bytes = number === seq ? encodeEntry(change(this.entry(number))) : kept.bytes;
      const leaf = leafHash(bytes);
      appendLeaf(copy.hashes, number, leaf);
      copy.entries.push({ bytes, leaf });
    }
    return copy;
  }

  checkpoint(size = this.entries.length): Promise<string> {
    return signCheckpoint({ origin: this.origin, size, root: rootOf(this.hashes, size) }, this.signer);
  }

  async source(anchors: readonly string[] = [], selection: ExportSelection = {}): Promise<ExportSource> {
    return {
      checkpoint: await this.checkpoint(),
      entries: () => portions(this.entries),
      devices: () => portions(this.devices.filter((device) => isSelected(selection, device))),
      selection,
      anchors,
      verifier: await readFile(verifierFile),
      madeAt: '2026-11-23T08:00:00.000Z',
      madeBy: 'Ana',
    };
  }
}

export async function exportTo(folder: string, source: ExportSource, options: ExportOptions): Promise<ExportResult> {
  return writeExport(source, folderTarget(folder), options);
}

export function folderTarget(folder: string): ExportTarget {
  return {
    async create(name) {
      const path = join(folder, name);
      await mkdir(dirname(path), { recursive: true });
      const stream = createWriteStream(path, { flags: 'wx' });
      return {
        write: (bytes) =>
          new Promise((resolve, reject) => {
            stream.write(bytes, (error) => (error ? reject(error) : resolve()));
          }),
        close: async () => {
          stream.end();
          await finished(stream);
        },
      };
    },
  };
}

async function* portions<Item>(items: readonly Item[]): AsyncGenerator<readonly Item[]> {
  for (let at = 0; at < items.length; at += 7) yield Promise.resolve(items.slice(at, at + 7));
}
