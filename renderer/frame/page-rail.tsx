import { keyNames } from '../logic/key-names';
import { texts } from '../texts';
import type { ListPage } from '../state/page';
import { Icon, type IconName } from './icons';

interface PageLink {
  readonly page: ListPage;
  readonly keys: string;
  readonly icon: IconName;
}

const { navigation } = texts;

export const pageNames: Readonly<Record<ListPage, string>> = {
  bench: navigation.bench,
  orders: texts.orders.title,
  devices: navigation.devices,
  acceptance: navigation.acceptance,
  certificates: navigation.certificates,
  audit: navigation.audit,
  shift: navigation.shift,
  dashboard: navigation.dashboard,
};

/** In the order of a day's work: make, order, look up, judge, prove, report. */
const links: readonly PageLink[] = [
  { page: 'bench', keys: 'F1', icon: 'bench' },
  { page: 'orders', keys: 'Ctrl+G', icon: 'batch' },
  { page: 'devices', keys: 'F2', icon: 'devices' },
  { page: 'acceptance', keys: 'F9', icon: 'accepted' },
  { page: 'certificates', keys: 'F11', icon: 'certificate' },
  { page: 'audit', keys: 'Ctrl+F', icon: 'record' },
  { page: 'shift', keys: 'Ctrl+R', icon: 'report' },
  { page: 'dashboard', keys: 'Ctrl+D', icon: 'plot' },
];

interface PageRailProps {
  /** The page that is marked. */
  readonly page: ListPage;
  readonly onPage: (page: ListPage) => void;
}

/** All pages at the left edge, each with its key: they fit in every language, and the foot of the window is the page's own. */
export function PageRail({ page, onPage }: PageRailProps) {
  return (
    <nav className="rail" aria-label={navigation.label}>
      {links.map((link) => (
        <button
          key={link.page}
          type="button"
          className="page-button"
          aria-current={link.page === page ? 'page' : undefined}
          aria-keyshortcuts={link.keys.replace('Ctrl', 'Control')}
          data-testid={`nav-${link.page}`}
          onClick={() => onPage(link.page)}
        >
          <Icon name={link.icon} />
          <span className="page-button__label">{pageNames[link.page]}</span>
          <kbd aria-hidden="true">{keyNames(link.keys)}</kbd>
        </button>
      ))}
    </nav>
  );
}
