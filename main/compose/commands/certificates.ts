import { certificateStates, readSpan, stateAt, type CertificateQuery, type CertificateRow, type CertificateState } from '../../domain/certificates';
import { ImprintError } from '../../domain/errors';
import { describeIdentity, type Identity } from '../../domain/identity';
import type { RecordStore } from '../../domain/ports';
import { now } from '../../station/station';
import { identityPairs, text, usage, wrongOption, type Command, type CommandContext } from './arguments';
import { withStation } from './context';
import { csvRow } from './table';

const pageSize = 500;

/** `certificates [--expiring-within 30d] [--state S] [--issuer TEXT] [--identity k=v …] [--json|--csv]`: what expires when, soonest first. */
export const certificatesCommand: Command = async (context) => {
  const identity = identityPairs(context);
  const state = stateOption(context);
  const within = spanOption(context);
  const issuer = text(context, 'issuer');
  if (issuer?.trim() === '') throw wrongOption('issuer', 'The issuer to look for is empty.', 'a part of its name, such as "CN=Line Sub-CA"');
  const csv = context.values['csv'] === true;
  const { output } = context;
  if (csv && output.json) throw usage('The list is either JSON or CSV.', '--json or --csv');
  return withStation(context, async ({ station }) => {
    const moment = now(station);
    const endBefore = within === undefined ? undefined : new Date(station.clock.now().getTime() + within).toISOString();
    const query = { state, issuer, endBefore };
    let count = 0;
    if (csv) output.print(csvRow(csvColumns));
    for await (const certificate of identity === undefined ? all(station.record, query) : ofIdentity(station.record, identity, query)) {
      count += 1;
      const shown = stateAt(certificate, moment);
      output.emit({ event: 'result', ...certificate, expired: shown === 'expired' });
      output.print(csv ? csvRow(csvValues(certificate)) : `${certificate.notAfter}  ${shown.padEnd(10)} ${describeIdentity(certificate.identity)}  ${certificate.serial}  ${certificate.issuer}`);
    }
    if (count === 0 && !csv) output.print('No certificate fits.');
    return 0;
  });
};

type Filters = Pick<CertificateQuery, 'state' | 'issuer' | 'endBefore'>;

async function* all(record: RecordStore, filters: Filters, deviceId?: string): AsyncGenerator<CertificateRow> {
  for (let offset = 0; ; offset += pageSize) {
    const { certificates } = await record.certificates({ ...filters, deviceId, limit: pageSize, offset });
    yield* certificates;
    if (certificates.length < pageSize) return;
  }
}

/** An identity may have had several devices, one after the other: a board that was decommissioned and made again. */
async function* ofIdentity(record: RecordStore, identity: Identity, filters: Filters): AsyncGenerator<CertificateRow> {
  const { devices } = await record.list({ identity, limit: pageSize, offset: 0 });
  if (devices.length === 0) throw new ImprintError('no-such-device', `The record does not know ${describeIdentity(identity)}.`, { field: 'identity' });
  const found: CertificateRow[] = [];
  for (const { deviceId } of devices) for await (const certificate of all(record, filters, deviceId)) found.push(certificate);
  yield* found.sort((one, other) => (one.notAfter < other.notAfter ? -1 : one.notAfter > other.notAfter ? 1 : 0));
}

function stateOption(context: CommandContext): CertificateState | undefined {
  const values = context.values['state'];
  const all: readonly unknown[] = Array.isArray(values) ? values : [];
  if (all.length === 0) return undefined;
  const [given] = all;
  if (all.length > 1) throw wrongOption('state', 'Only one state can be asked for at a time.', certificateStates.join(', '));
  const state = certificateStates.find((each) => each === given);
  if (state !== undefined) return state;
  throw wrongOption('state', `"${String(given)}" is no state of a certificate.`, certificateStates.join(', '));
}

function spanOption(context: CommandContext): number | undefined {
  const given = text(context, 'expiring-within');
  if (given === undefined) return undefined;
  const span = readSpan(given);
  if (span === undefined) throw wrongOption('expiring-within', `"${given}" is no time span.`, 'hours, days or weeks, such as 12h, 30d or 8w');
  return span;
}

const csvColumns = ['not_after', 'state', 'identity', 'serial', 'issuer', 'not_before', 'sha256', 'device', 'batch', 'revoked', 'reason'];

function csvValues({ notAfter, identity, serial, issuer, notBefore, sha256, deviceId, batch, revokedAt, revocationReason, state }: CertificateRow): string[] {
  return [notAfter, state, JSON.stringify(identity), serial, issuer, notBefore, sha256, deviceId, batch ?? '', revokedAt ?? '', revocationReason ?? ''];
}
