import type { BenchView } from '../contract';
import { texts } from '../texts';
import type { ListPage } from '../state/page';
import type { Theme } from '../logic/theme';
import { WhoIsHere, type PeopleDialog } from '../access/who-is-here';
import { keyNames } from '../logic/key-names';
import { Icon } from './icons';

interface HeaderProps {
  readonly bench: BenchView | undefined;
  /** The page that is marked. */
  readonly page: ListPage;
  readonly theme: Theme;
  /** What is behind the name of who is here. */
  readonly people: PeopleDialog | undefined;
  readonly onPeople: () => void;
  readonly onBench: () => void;
  readonly onDevices: () => void;
  readonly onAcceptance: () => void;
  readonly onCertificates: () => void;
  readonly onAudit: () => void;
  readonly onOrders: () => void;
  readonly onShift: () => void;
  readonly onDashboard: () => void;
  readonly onTheme: () => void;
  readonly onOpenProfile: () => void;
  readonly onOpenPractice: () => void;
}

export function Header(props: HeaderProps) {
  const { bench, page, theme } = props;
  const otherTheme = theme === 'dark' ? 'light' : 'dark';
  return (
    <header className="header">
      <span className="header__name">
        <Icon name="key" />
        {texts.application}
      </span>
      <nav className="header__pages" aria-label={texts.navigation.label}>
        <PageButton label={texts.navigation.bench} keyName="F1" testId="nav-bench" current={page === 'bench'} onPress={props.onBench} />
        <PageButton label={texts.orders.title} keyName="Ctrl+G" testId="nav-orders" current={page === 'orders'} onPress={props.onOrders} />
        <PageButton label={texts.navigation.devices} keyName="F2" testId="nav-devices" current={page === 'devices'} onPress={props.onDevices} />
        <PageButton label={texts.navigation.acceptance} keyName="F9" testId="nav-acceptance" current={page === 'acceptance'} onPress={props.onAcceptance} />
        <PageButton label={texts.navigation.certificates} keyName="F11" testId="nav-certificates" current={page === 'certificates'} onPress={props.onCertificates} />
        <PageButton label={texts.navigation.audit} keyName="Ctrl+F" testId="nav-audit" current={page === 'audit'} onPress={props.onAudit} />
        <PageButton label={texts.navigation.shift} keyName="Ctrl+R" testId="nav-shift" current={page === 'shift'} onPress={props.onShift} />
        <PageButton label={texts.navigation.dashboard} keyName="Ctrl+D" testId="nav-dashboard" current={page === 'dashboard'} onPress={props.onDashboard} />
      </nav>
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

interface PageButtonProps {
  readonly label: string;
  readonly keyName: string;
  readonly testId: string;
  readonly current: boolean;
  readonly onPress: () => void;
}

function PageButton({ label, keyName, testId, current, onPress }: PageButtonProps) {
  return (
    <button type="button" className="page-button" aria-current={current ? 'page' : undefined} aria-keyshortcuts={keyName.replace('Ctrl', 'Control')} data-testid={testId} onClick={onPress}>
      {label}
      <kbd aria-hidden="true">{keyNames(keyName)}</kbd>
    </button>
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
