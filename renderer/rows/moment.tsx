import { formatDateClock } from '../logic/format';

export function Moment({ at }: { readonly at: string | undefined }) {
  if (at === undefined) return <>—</>;
  return (
    <time dateTime={at}>
      {formatDateClock(at)}
    </time>
  );
}
