import { Icon } from '../frame/icons';
import { ask } from '../station';
import { roleAndMode, texts } from '../texts';
import { useWho } from './use-access';

/** Who is signed in, in the header; with nobody to sign in, that it is so. */
export function WhoIsHere() {
  const who = useWho();
  if (who?.operator === undefined || who.role === undefined) return null;
  const single = who.mode !== 'operators';
  const role = roleAndMode(texts.roles[who.role], single, who.role);
  return (
    <div className="who" data-testid="who" title={single ? texts.access.singlePersonMeaning : texts.access.signedIn(who.operator, role)}>
      <dl>
        <dt>{who.operator}</dt>
        <dd>{role}</dd>
      </dl>
      {single ? null : (
        <button type="button" className="button button--quiet button--square" data-testid="lock" aria-keyshortcuts="Control+L" aria-label={texts.access.lock} title={`${texts.access.lock} (Ctrl+L)`} onClick={() => void ask('lock', {})}>
          <Icon name="lock" />
        </button>
      )}
    </div>
  );
}
