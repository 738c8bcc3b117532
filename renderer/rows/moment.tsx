import { formatDate, formatTime } from '../logic/format';

export function Moment({ at }: { readonly at: string | undefined }) {
  if (at === undefined) return <>—</>;
  return (
    <time dateTime={at}>
      {formatDate(at)} {formatTime(at).slice(0, 5)}
    </time>
  );
}
