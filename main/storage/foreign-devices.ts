import type { ForeignDevice } from '../domain/acceptance';
import { ImprintError } from '../domain/errors';
import { canonicalIdentity, describeIdentity } from '../domain/identity';
import type { Identity } from '../domain/identity';
import { spkiOfPem } from '../domain/keys';
import type { DeviceRow } from '../domain/ports';
import { bug, day, freeStates, stateInWords, timestamp, wholeNumber } from './checks';
import type { LogEvents } from './log-events';
import { deviceColumns, fingerprintOf, foreignDeviceColumns, readDevice, readForeignDevice } from './rows';
import type { RecordSession } from './session';

/** Devices that another tool preauthorized. */
export class ForeignDeviceRecord {
  readonly #session: RecordSession;
  readonly #events: LogEvents;

  constructor(session: RecordSession, events: LogEvents) {
    this.#session = session;
    this.#events = events;
  }

  /** @throws ImprintError identity-recorded, public-key-recorded; nothing is imported then */
  importForeign(devices: readonly ForeignDevice[]): Promise<{ readonly added: number; readonly known: number }> {
    return this.#session.write(() => {
      const added = devices.filter((device) => this.#import(device)).length;
      return { added, known: devices.length - added };
    });
  }

  /** In the order in which they were imported. */
  foreignDevices(query: { readonly limit: number; readonly offset: number }): Promise<{ readonly devices: readonly ForeignDevice[]; readonly total: number }> {
    return this.#session.read(() => {
      const rows = this.#session.all(
        `SELECT ${foreignDeviceColumns} FROM foreign_devices ORDER BY sequence LIMIT ? OFFSET ?`,
        wholeNumber(query.limit, 'limit'),
        wholeNumber(query.offset, 'offset'),
      );
      return {
        devices: rows.map((row) => readForeignDevice(row, this.#session.path)),
        total: this.#session.number('SELECT count(*) AS value FROM foreign_devices'),
      };
    });
  }

  /** The foreign device that has this identity; one that was decommissioned through Imprint since its import has let go of it. */
  holderOfIdentity(identity: Identity): ForeignDevice | undefined {
    return this.#one(
      `foreign_devices.identity = ? AND NOT EXISTS (
        SELECT 1 FROM actions WHERE actions.identity = foreign_devices.identity AND actions.action = 'decommission' AND actions.state = 'done'
          AND actions.ended_at >= foreign_devices.imported_at)`,
      canonicalIdentity(identity),
    );
  }

  holderOfKey(fingerprint: string): ForeignDevice | undefined {
    return this.#one('foreign_devices.fingerprint = ?', fingerprint);
  }

  /** @returns whether it is new */
  #import(device: ForeignDevice): boolean {
    const who = describeIdentity(device.identity);
    const spki = spkiOfPem(device.publicKeyPem);
    if (spki === undefined || fingerprintOf(spki) !== device.fingerprint) throw bug(`The public key of ${who} does not have its own fingerprint`);
    const identity = canonicalIdentity(device.identity);
    const sameKey = this.holderOfKey(device.fingerprint);
    if (sameKey !== undefined && canonicalIdentity(sameKey.identity) === identity) return false;
    if (sameKey !== undefined) throw keyRecorded(who, `${describeIdentity(sameKey.identity)}, ${importedFrom(sameKey)}`);
    const sameIdentity = this.#one('foreign_devices.identity = ?', identity);
    if (sameIdentity !== undefined) throw identityRecorded(who, `was ${importedFrom(sameIdentity)}, with another key`);
    const ourKey = this.#device('devices.fingerprint = ?', device.fingerprint);
    const ourIdentity = this.#device(`devices.identity = ? AND devices.state NOT IN ${freeStates}`, identity);
    if (ourIdentity !== undefined) throw identityRecorded(who, `was made by Imprint (${inWords(ourIdentity)})`);
    if (ourKey !== undefined) throw keyRecorded(who, `${describeIdentity(ourKey.identity)}, made by Imprint (${inWords(ourKey)})`);
    this.#session.run(
      'INSERT INTO foreign_devices (identity, fingerprint, spki, source, imported_by, imported_at) VALUES (?, ?, ?, ?, ?, ?)',
      identity,
      device.fingerprint,
      spki,
      device.source,
      device.importedBy,
      timestamp(device.importedAt),
    );
    this.#events.foreignImported(device, spki);
    return true;
  }

  #one(condition: string, value: string): ForeignDevice | undefined {
    const row = this.#session.get(`SELECT ${foreignDeviceColumns} FROM foreign_devices WHERE ${condition}`, value);
    return row === undefined ? undefined : readForeignDevice(row, this.#session.path);
  }

  #device(condition: string, value: string): DeviceRow | undefined {
    const row = this.#session.get(`SELECT ${deviceColumns} FROM devices WHERE ${condition}`, value);
    return row === undefined ? undefined : readDevice(row, this.#session.path);
  }
}

/** `imported from devices.csv on 2026-11-22 07:47 UTC` */
export function importedFrom(device: ForeignDevice): string {
  return `imported from ${device.source} on ${day(device.importedAt)}`;
}

function inWords(device: DeviceRow): string {
  return `${stateInWords[device.state]}, ${day(device.updatedAt)}`;
}

function identityRecorded(who: string, why: string): ImprintError {
  return new ImprintError('identity-recorded', `${who} is in the record already: it ${why}; take it out of the file, nothing was imported.`, {
    field: 'identity',
    expected: 'identities that no other device holds',
  });
}

function keyRecorded(who: string, holder: string): ImprintError {
  return new ImprintError(
    'public-key-recorded',
    `The public key of ${who} is recorded already for ${holder}: no two devices may share a key, so find out which device has it; nothing was imported.`,
    { field: 'publicKey', expected: 'keys that no other device had before' },
  );
}
