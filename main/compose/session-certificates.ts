import type { ParamsOf } from '../contract/methods';
import type { CertificateList, CertificateRowView, WindowMethods } from '../contract/window-channel';
import type { ActionEntry } from '../domain/acceptance';
import type { CertificateRow } from '../domain/certificates';
import type { Profile } from '../domain/profile';
import type { Bench } from '../station/bench';
import { withConnection, type Station } from '../station/station';
import { normalisedScan } from './session-acceptance';

/** What expires when, and the renewal of a card in the bench: all that the window asks about certificates. */
export class SessionCertificates {
  readonly #station: Station;
  readonly #profile: Profile;
  readonly #bench: Bench;

  constructor(station: Station, profile: Profile, bench: Bench) {
    this.#station = station;
    this.#profile = profile;
    this.#bench = bench;
  }

  async page({ withinHours, text, ...query }: ParamsOf<WindowMethods, 'certificates'>): Promise<CertificateList> {
    const endBefore = withinHours === undefined ? undefined : new Date(this.#station.clock.now().getTime() + withinHours * 3_600_000).toISOString();
    const { certificates, total, counts } = await this.#station.record.certificates({ ...query, endBefore, text: text === undefined ? undefined : normalisedScan(this.#profile, text) });
    return { rows: certificates.map(rowView), total, counts };
  }

  async renew(slot: string): Promise<ActionEntry> {
    return (await this.#bench.renew(slot)).action;
  }
}

function rowView({ pem: _pem, sha256: _sha256, ...row }: CertificateRow): CertificateRowView {
  return { ...row, identity: { ...row.identity } };
}

/** Whether the profile's server renews what it gave to a card. Its adapter is looked at and nothing is sent. */
export async function renewsCards(station: Station, profile: Profile): Promise<boolean> {
  return withConnection(station, profile, (connection) => Promise.resolve(connection.renew !== undefined)).catch(() => false);
}
