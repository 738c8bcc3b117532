import type { AuthSet, BenchView, ServerView } from '../contract';
import { Icon } from '../frame/icons';
import { English } from '../frame/said';
import { formatDateTime } from '../logic/format';
import { serverWord } from '../logic/words';
import { texts } from '../texts';
import type { DeviceAction } from './device-action-dialog';
import { Fingerprint } from './public-key';

const { device: words } = texts;

interface ServerStateProps {
  readonly server: ServerView | undefined;
  readonly bench: BenchView;
  /** This record is the one that the server's device belongs to; after a decommission another may have its identity. */
  readonly current: boolean;
  readonly asking: boolean;
  readonly onAsk: () => void;
  readonly onAct: (action: DeviceAction) => void;
}

/** How the server sees the device, and what this person may change there. */
export function ServerState({ server, bench, current, asking, onAsk, onAct }: ServerStateProps) {
  const id = !current || server?.decommissioning === true ? undefined : server?.serverDeviceId;
  const rights = bench.rights;
  const acts = server?.acts ?? [];
  return (
    <section className="panel" aria-label={words.server}>
      <header className="panel__head">
        <h2>{words.server}</h2>
        <button type="button" className="button button--quiet" disabled={asking} onClick={onAsk}>
          {words.askAgain}
        </button>
      </header>
      <div data-testid="server-state" data-status={server?.status} aria-live="polite" aria-busy={asking}>
        <p className="panel__word">{server?.status === undefined ? (asking ? words.serverAsking : words.serverUnknown) : serverWord(server.status)}</p>
        <p>
          <English>{server?.sentence ?? ''}</English>
        </p>
        {current || server?.serverDeviceId === undefined ? null : <p className="quiet">{words.notThisOne}</p>}
      </div>
      {server === undefined || server.keysHidden === true || (server.authSets.length === 0 && server.serverDeviceId === undefined) ? null : (
        <AuthSets
          sets={server.authSets}
          onReject={id !== undefined && rights.includes('reject') && acts.includes('reject') ? (set) => onAct({ kind: 'reject', serverDeviceId: id, authSetId: set.id, fingerprint: set.fingerprint }) : undefined}
          onRemove={id !== undefined && rights.includes('replace-key') && acts.includes('remove-auth-set') ? (set) => onAct({ kind: 'remove-key', serverDeviceId: id, authSetId: set.id, fingerprint: set.fingerprint }) : undefined}
        />
      )}
      {id === undefined || !acts.includes('decommission') ? null : rights.includes('decommission') ? (
        <button type="button" className="button button--plain panel__button" data-testid="decommission" onClick={() => onAct({ kind: 'decommission', serverDeviceId: id, authSetId: '', fingerprint: undefined })}>
          <Icon name="removed" />
          {words.decommission}
        </button>
      ) : rights.includes('reject') ? null : (
        <p className="quiet">{words.nothingCanBeDone(texts.roles[bench.role])}</p>
      )}
    </section>
  );
}

/** An accepted or pending key can be turned away; what is rejected or only expected cannot. */
const rejectable = ['accepted', 'pending'];

interface AuthSetsProps {
  readonly sets: readonly AuthSet[];
  readonly onReject: ((set: AuthSet) => void) | undefined;
  /** Not for the key of this station: without it the device would be recorded and expected nowhere. */
  readonly onRemove: ((set: AuthSet) => void) | undefined;
}

function AuthSets({ sets, onReject, onRemove }: AuthSetsProps) {
  if (sets.length === 0) return <p className="quiet">{words.noAuthSets}</p>;
  return (
    <ul className="auth-sets" aria-label={words.authSets}>
      {sets.map((set) => (
        <li key={set.id} className={set.ours ? 'auth-set auth-set--ours' : 'auth-set'} data-testid="auth-set" data-ours={set.ours} data-status={set.status}>
          <p className="auth-set__head">
            <span>
              <strong>{serverWord(set.status)}</strong>
              {set.at === undefined ? null : <small className="quiet">{` ${words.setAt} ${formatDateTime(set.at)}`}</small>}
            </span>
            <span className={set.ours ? 'badge tone--accepted' : 'badge tone--failed'}>
              <Icon name={set.ours ? 'key' : 'warning'} />
              {set.ours ? words.ours : words.notOurs}
            </span>
          </p>
          {set.fingerprint === undefined ? <p className="quiet">{words.unreadableKey}</p> : <Fingerprint value={set.fingerprint} />}
          {(onReject === undefined || !rejectable.includes(set.status)) && (onRemove === undefined || set.ours) ? null : (
            <p className="auth-set__buttons">
              {onReject === undefined || !rejectable.includes(set.status) ? null : (
                <button type="button" className="button button--quiet" data-testid="reject" onClick={() => onReject(set)}>
                  {words.reject}
                </button>
              )}
              {onRemove === undefined || set.ours ? null : (
                <button type="button" className="button button--quiet" data-testid="remove-key" onClick={() => onRemove(set)}>
                  {words.removeKey}
                </button>
              )}
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}
