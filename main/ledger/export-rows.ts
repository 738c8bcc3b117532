import type { DeviceState } from '../domain/job';
import type { ExportDevice, ExportSelection } from '../domain/record-log';
import { canonicalJson } from './canonical-json';
import type { EntryOf, LogEntry } from './entry';
import { stateAfter } from './events';

export type { ExportDevice, ExportSelection };

/**
 * The row of a device.
 *
 * @param made its `key-generated` entry
 * @param last the newest entry about its key for which `stateOf` knows a state; `made` itself where there is no other
 */
export function deviceRow(made: EntryOf<'key-generated'>, last: LogEntry): ExportDevice {
  const { device, identity, keyType, fingerprint, spki, profile, profileSha256, serverKind, server, batch } = made.data;
  return {
    entry: made.seq,
    madeAt: made.at,
    madeBy: made.by,
    device,
    identity,
    keyType,
    fingerprint,
    publicKey: spki,
    profile,
    profileSha256,
    serverKind,
    server,
    batch,
    state: stateOf(last) ?? 'reserved',
    stateEntry: last.seq,
    stateAt: last.at,
  };
}

/** What a device is after an entry that names its key; undefined where the entry changes nothing about that. */
export function stateOf(entry: LogEntry): DeviceState | undefined {
  if (entry.event === 'decommissioned' && (entry.data.action !== 'decommission' || entry.data.fingerprint === undefined)) return undefined;
  return entry.event in stateAfter ? stateAfter[entry.event as keyof typeof stateAfter] : undefined;
}

export function isSelected({ from, before, batch, profile, states }: ExportSelection, device: ExportDevice): boolean {
  return (
    (from === undefined || device.madeAt >= from) &&
    (before === undefined || device.madeAt < before) &&
    (batch === undefined || device.batch === batch) &&
    (profile === undefined || device.profile === profile) &&
    (states === undefined || states.includes(device.state))
  );
}

const columns = [
  'entry',
  'made_at',
  'made_by',
  'device',
  'identity',
  'key_type',
  'fingerprint',
  'public_key',
  'profile',
  'profile_sha256',
  'server_kind',
  'server',
  'batch',
  'state',
  'state_entry',
  'state_at',
] as const;

/** First line of devices.csv, with its line end (RFC 4180, 2). */
export const csvHeader = `${columns.join(',')}\r\n`;

/** @returns one record of devices.csv with its line end */
export function csvRow(device: ExportDevice): string {
  const cells: Readonly<Record<(typeof columns)[number], string>> = {
    entry: String(device.entry),
    made_at: device.madeAt,
    made_by: device.madeBy,
    device: device.device,
    identity: canonicalJson(device.identity),
    key_type: device.keyType,
    fingerprint: device.fingerprint,
    public_key: device.publicKey,
    profile: device.profile,
    profile_sha256: device.profileSha256,
    server_kind: device.serverKind,
    server: device.server,
    batch: device.batch ?? '',
    state: device.state,
    state_entry: String(device.stateEntry),
    state_at: device.stateAt,
  };
  return `${columns.map((column) => csvCell(cells[column])).join(',')}\r\n`;
}

/** @returns one line of devices.jsonl with its line end; an absent batch is left out */
export function jsonRow({ batch, ...device }: ExportDevice): string {
  return `${canonicalJson(batch === undefined ? device : { ...device, batch })}\n`;
}

/**
 * A cell of RFC 4180.
 *
 * SECURITY: what a spreadsheet would take for a formula gets an apostrophe: names and identities come from people and
 * scanners, and the file is opened by somebody who trusts it.
 */
export function csvCell(value: string): string {
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
