interface BigNumberProps {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
  readonly testId?: string;
}

/** A number that is read from two metres, and what it counts. */
export function BigNumber({ name, value, note, testId }: BigNumberProps) {
  return (
    <div className="big-number">
      <dt>{name}</dt>
      <dd data-testid={testId}>{value}</dd>
      {note === undefined ? null : <dd className="big-number__note">{note}</dd>}
    </div>
  );
}

/** A share of boards in tenths of a percent, never 100 where one is missing. */
export function percentOfBoards({ good, of }: { readonly good: number; readonly of: number }): number | undefined {
  return of <= 0 ? undefined : Math.floor((good / of) * 1000) / 10;
}
