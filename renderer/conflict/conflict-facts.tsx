import type { BenchView, ConflictView } from '../contract';
import { shortFingerprint } from '../logic/fingerprint';
import { formatDateTime } from '../logic/format';
import { deviceWord, serverWord } from '../logic/words';
import { texts } from '../texts';

const { conflict: words } = texts;

/** Who has the identity: at the server, and in the record. */
export function ConflictFacts({ view: { server, recorded }, bench }: { readonly view: ConflictView; readonly bench: BenchView }) {
  return (
    <div className="conflict__facts">
      {server === undefined ? null : (
        <section className="panel" aria-label={words.atServer} data-testid="conflict-server">
          <h3>{words.atServer}</h3>
          <dl className="facts">
            <dt>{words.status}</dt>
            <dd>
              <strong>{server.status === undefined ? '—' : serverWord(server.status)}</strong>
              {server.decommissioning === true ? ` · ${words.decommissioning}` : ''}
            </dd>
            <dt>{words.device}</dt>
            <dd className="code">{server.serverDeviceId ?? '—'}</dd>
            <dt>{words.created}</dt>
            <dd>{server.createdAt === undefined ? '—' : formatDateTime(server.createdAt)}</dd>
            <dt>{words.checkedIn}</dt>
            <dd>{server.checkedInAt === undefined ? words.never : formatDateTime(server.checkedInAt)}</dd>
            <dt>{words.keys}</dt>
            <dd>
              {server.authSets.length === 0 ? words.noKeys : null}
              <ul>
                {server.authSets.map((set) => (
                  <li key={set.id} data-testid="conflict-auth-set">
                    <span className="code">{set.fingerprint === undefined ? words.unreadable : `${shortFingerprint(set.fingerprint)} …`}</span>
                    {` · ${serverWord(set.status)}`}
                    {set.ours ? ` · ${texts.device.ours}` : ''}
                  </li>
                ))}
              </ul>
            </dd>
          </dl>
        </section>
      )}
      {recorded === undefined ? null : (
        <section className="panel" aria-label={words.inRecord} data-testid="conflict-recorded">
          <h3>{recorded.deviceId === undefined ? words.foreign : words.inRecord}</h3>
          <dl className="facts">
            {recorded.state === undefined ? null : (
              <>
                <dt>{words.state}</dt>
                <dd>
                  <strong>{deviceWord(bench, recorded.serverKind, recorded.state)}</strong>
                </dd>
              </>
            )}
            {recorded.createdAt === undefined ? null : (
              <>
                <dt>{words.created}</dt>
                <dd>{formatDateTime(recorded.createdAt)}</dd>
              </>
            )}
            {recorded.batch === undefined ? null : (
              <>
                <dt>{words.batch}</dt>
                <dd>{recorded.batch}</dd>
              </>
            )}
            {recorded.fingerprint === undefined ? null : (
              <>
                <dt>{words.fingerprint}</dt>
                <dd className="code">{`${shortFingerprint(recorded.fingerprint)} …`}</dd>
              </>
            )}
          </dl>
        </section>
      )}
    </div>
  );
}
