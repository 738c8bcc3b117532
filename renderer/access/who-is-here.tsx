import { Icon } from '../frame/icons';
import { keyNames } from '../logic/key-names';
import { ask } from '../station';
import { roleAndMode } from '../logic/words';
import { texts } from '../texts';
import { useWho } from './use-access';

/** What Ctrl+U and the name in the header open: those who manage operators see all of them, others change their own PIN. */
export type PeopleDialog = 'operators' | 'own-pin';

interface WhoIsHereProps {
  /** Absent where this person has nothing to change. */
  readonly opens: PeopleDialog | undefined;
  readonly onOpen: () => void;
}

/** Who is signed in, in the header; with nobody to sign in, that it is so. */
export function WhoIsHere({ opens, onOpen }: WhoIsHereProps) {
  const who = useWho();
  if (who?.operator === undefined || who.role === undefined) return null;
  const single = who.mode !== 'operators';
  const role = roleAndMode(who.role, single);
  const meaning = single ? texts.access.singlePersonMeaning : texts.access.signedIn(who.operator, role);
  const name = (
    <>
      <strong>{who.operator}</strong>
      <span>{role}</span>
    </>
  );
  return (
    <div className="who" data-testid="who">
      {opens === undefined ? (
        <p className="who__name" title={meaning}>
          {name}
        </p>
      ) : (
        <button type="button" className="who__name who__button" data-testid="open-people" aria-keyshortcuts="Control+U" title={`${meaning}\n${texts.access.opens[opens]} (${keyNames('Ctrl+U')})`} onClick={onOpen}>
          {name}
          <span className="unseen">{texts.access.opens[opens]}</span>
          <Icon name={opens === 'operators' ? 'people' : 'digits'} />
        </button>
      )}
      {single ? null : (
        <button type="button" className="button button--quiet button--square" data-testid="lock" aria-keyshortcuts="Control+L" aria-label={texts.access.lock} title={`${texts.access.lock} (${keyNames('Ctrl+L')})`} onClick={() => void ask('lock', {})}>
          <Icon name="lock" />
        </button>
      )}
    </div>
  );
}
