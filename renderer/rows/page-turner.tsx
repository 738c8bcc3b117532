import { Icon } from '../frame/icons';
import { keyNames } from '../logic/key-names';
import { texts } from '../texts';

interface PageTurnerProps {
  readonly hasPrevious: boolean;
  readonly hasNext: boolean;
  /** Which rows are shown, of how many; empty where there are none. */
  readonly range: string;
  readonly onTurn: (pages: number) => void;
}

/** The foot of a table that is shown page by page. */
export function PageTurner({ hasPrevious, hasNext, range, onTurn }: PageTurnerProps) {
  return (
    <nav className="devices__pages" aria-label={texts.navigation.label}>
      <button type="button" className="button button--plain" disabled={!hasPrevious} onClick={() => onTurn(-1)}>
        <Icon name="back" />
        {texts.devices.previous}
        <kbd aria-hidden="true">{keyNames('PgUp')}</kbd>
      </button>
      <span className="devices__range">{range}</span>
      <button type="button" className="button button--plain" disabled={!hasNext} onClick={() => onTurn(1)}>
        {texts.devices.next}
        <Icon name="next" />
        <kbd aria-hidden="true">{keyNames('PgDn')}</kbd>
      </button>
    </nav>
  );
}
