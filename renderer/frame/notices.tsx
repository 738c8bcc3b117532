import { useEffect } from 'react';
import type { Notice } from '../contract';
import type { NumberedNotice } from '../state/station-state';
import { texts } from '../texts';
import type { IconName } from './icons';
import { Icon } from './icons';
import { English } from './said';

const icons = { information: 'information', success: 'done', problem: 'failed' } satisfies Record<Notice['tone'], IconName>;
/** A problem is read twice. */
const milliseconds = { information: 7000, success: 5000, problem: 15_000 } satisfies Record<Notice['tone'], number>;

interface NoticesProps {
  readonly notices: readonly NumberedNotice[];
  readonly onDismiss: (number: number) => void;
}

export function Notices({ notices, onDismiss }: NoticesProps) {
  return (
    <div className="notices" role="status">
      {notices.map((notice) => (
        <Toast key={notice.number} notice={notice} onDismiss={onDismiss} />
      ))}
    </div>
  );
}

function Toast({ notice, onDismiss }: { readonly notice: NumberedNotice; readonly onDismiss: (number: number) => void }) {
  const { number, tone, sentence, english } = notice;
  useEffect(() => {
    const timer = setTimeout(() => onDismiss(number), milliseconds[tone]);
    return () => clearTimeout(timer);
  }, [number, tone, onDismiss]);
  return (
    <div className={`notice notice--${tone}`}>
      <Icon name={icons[tone]} />
      <p>
        <strong>{texts.notices[tone]}</strong> {sentence}
        {english === undefined ? null : <English>{english}</English>}
      </p>
      <button type="button" className="button button--quiet button--square" aria-label={texts.notices.dismiss} onClick={() => onDismiss(number)}>
        <Icon name="close" />
      </button>
    </div>
  );
}
