import type { ServerView } from '../contract';
import { Icon } from '../frame/icons';
import { texts } from '../texts';
import { Fingerprint } from './public-key';

interface ServerStateProps {
  readonly server: ServerView | undefined;
  readonly asking: boolean;
  readonly onAsk: () => void;
}

export function ServerState({ server, asking, onAsk }: ServerStateProps) {
  return (
    <section className="panel" aria-label={texts.device.server}>
      <header className="panel__head">
        <h2>{texts.device.server}</h2>
        <button type="button" className="button button--quiet" disabled={asking} onClick={onAsk}>
          {texts.device.askAgain}
        </button>
      </header>
      <div data-testid="server-state" data-status={server?.status} aria-live="polite" aria-busy={asking}>
        <p className="panel__word">{server?.status ?? (asking ? texts.device.serverAsking : texts.device.serverUnknown)}</p>
        <p>{server?.sentence ?? ''}</p>
      </div>
      {server === undefined ? null : <AuthSets sets={server.authSets} />}
    </section>
  );
}

function AuthSets({ sets }: { readonly sets: ServerView['authSets'] }) {
  if (sets.length === 0) return <p className="quiet">{texts.device.noAuthSets}</p>;
  return (
    <ul className="auth-sets" aria-label={texts.device.authSets}>
      {sets.map((set) => (
        <li key={set.id} className={set.ours ? 'auth-set auth-set--ours' : 'auth-set'} data-ours={set.ours}>
          <p className="auth-set__head">
            <strong>{set.status}</strong>
            <span className={set.ours ? 'badge tone--accepted' : 'badge tone--failed'}>
              <Icon name={set.ours ? 'key' : 'warning'} />
              {set.ours ? texts.device.ours : texts.device.notOurs}
            </span>
          </p>
          {set.fingerprint === undefined ? <p className="quiet">{texts.device.unreadableKey}</p> : <Fingerprint value={set.fingerprint} />}
        </li>
      ))}
    </ul>
  );
}
