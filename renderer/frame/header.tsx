import type { BenchView } from '../contract';
import { texts } from '../texts';
import type { Theme } from '../logic/theme';
import { WhoIsHere, type PeopleDialog } from '../access/who-is-here';
import { keyNames } from '../logic/key-names';
import { Icon } from './icons';

interface HeaderProps {
  readonly bench: BenchView | undefined;
  readonly theme: Theme;
  /** What is behind the name of who is here. */
  readonly people: PeopleDialog | undefined;
  readonly onPeople: () => void;
  readonly onTheme: () => void;
  readonly onDesk: () => void;
  readonly onOpenProfile: () => void;
  readonly onOpenPractice: () => void;
}

export function Header(props: HeaderProps) {
  const { bench, theme } = props;
  const otherTheme = theme === 'dark' ? 'light' : 'dark';
  return (
    <header className="header">
      <span className="header__name">
        <Icon name="key" />
        {texts.application}
      </span>
      <div className="header__station">{bench === undefined ? null : <StationName bench={bench} />}</div>
      <WhoIsHere opens={props.people} onOpen={props.onPeople} />
      <div className="header__actions">
        {bench === undefined || bench.practice ? null : (
          <button type="button" className="button button--quiet" onClick={props.onOpenPractice}>
            {texts.navigation.openPractice}
          </button>
        )}
        <button type="button" className="button button--quiet" onClick={props.onOpenProfile} aria-keyshortcuts="Control+O" aria-label={texts.navigation.openProfile} title={`${texts.navigation.openProfile} (${keyNames('Ctrl+O')})`}>
          <Icon name="folder" />
          <span className="header__words">{texts.navigation.openProfile}</span>
        </button>
        <button type="button" className="button button--quiet button--square" data-testid="open-desk" onClick={props.onDesk} aria-keyshortcuts="Control+M" aria-label={texts.desk.settings.open} title={`${texts.desk.settings.open} (${keyNames('Ctrl+M')})`}>
          <Icon name="sound" />
        </button>
        <button
          type="button"
          className="button button--quiet button--square"
          onClick={props.onTheme}
          aria-keyshortcuts="F8"
          aria-label={texts.navigation.switchTo(otherTheme)}
          title={`${texts.navigation.switchTo(otherTheme)} (F8)`}
        >
          <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
        </button>
      </div>
    </header>
  );
}

/** The bench names its key type as plain text; one that this list does not have is shown as it is. */
const keyTypes: Readonly<Record<string, string>> = texts.device.keyTypes;

function StationName({ bench }: { readonly bench: BenchView }) {
  return (
    <dl className="station-name">
      <div>
        <dt>{bench.profileName}</dt>
        <dd title={bench.serverUrl}>{`${bench.serverKind} · ${bench.serverUrl.replace(/^https?:\/\//, '')}`}</dd>
      </div>
      <div className="station-name__image">
        <dt>{bench.imageName}</dt>
        <dd>{keyTypes[bench.keyType] ?? bench.keyType}</dd>
      </div>
    </dl>
  );
}
