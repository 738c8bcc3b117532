import type { Announcement } from '../logic/announcement';

interface AnnouncerProps {
  readonly said: Announcement & { readonly number: number };
  /** The page that was come to, where nothing else names it. */
  readonly page: string;
}

/** For ears only. The regions stay while their words come and go, or a screen reader does not notice them. */
export function Announcer({ said: { polite, urgent, number }, page }: AnnouncerProps) {
  return (
    <div className="unseen" data-testid="announcer">
      <p role="status" data-testid="announced-page">
        {page}
      </p>
      <p role="status" data-testid="announced">
        <span key={number}>{polite}</span>
      </p>
      <p role="alert" data-testid="announced-now">
        <span key={number}>{urgent}</span>
      </p>
    </div>
  );
}
